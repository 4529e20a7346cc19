"""What would change the model's outcome, in sentences with units. Reads only what is loaded."""

from collections.abc import Mapping
from typing import Any

from reviewapp.catalog.models import UseCase
from reviewapp.predictions.comparing import differs
from reviewapp.predictions.models import Prediction
from reviewapp.predictions.versions import schema_of

__all__ = ["differs", "flip_sentences", "tried_labels"]


def flip_sentences(prediction: Prediction, use_case: UseCase, answer: Mapping[str, Any]) -> list[str]:
    """ "If loan amount were $120,000 instead of $150,000, the model would advise: Approve." One for each flip of a worker's answer."""
    return [
        f"If {_joined([_clause(prediction, *change) for change in flip['changes'].items()])}, "
        f"the model would advise: {use_case.outcome_label(flip['prediction']['outcome'])}."
        for flip in answer["flips"]
    ]


def _clause(prediction: Prediction, name: str, value: object) -> str:
    schema = schema_of(prediction)
    would, was = schema.format_value(name, value), schema.format_value(name, prediction.features.get(name))
    return f"{_in_sentence(schema.by_name[name].label)} were {would} instead of {was}"


def _in_sentence(label: str) -> str:
    """Without its capital, unless it is an abbreviation."""
    return label[:1].lower() + label[1:] if label[1:2].islower() else label


def _joined(clauses: list[str]) -> str:
    return f"{', '.join(clauses[:-1])} and {clauses[-1]}" if len(clauses) > 1 else clauses[0]


def tried_labels(prediction: Prediction, answer: Mapping[str, Any]) -> list[str]:
    """The inputs that were looked at."""
    by_name = schema_of(prediction).by_name
    return [_in_sentence(by_name[name].label) for name in answer["tried"] if name in by_name]
