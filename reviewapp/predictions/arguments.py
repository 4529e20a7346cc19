"""How the model argued a prediction, as a point that others can be near to; reads only what is loaded."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from inference.argument import argument_of, difference, is_alike, nearness
from inference.errors import InferenceError
from inference.reasons import reasons_for
from reviewapp.catalog.models import UseCase
from reviewapp.catalog.rules import OutcomeKind
from reviewapp.predictions.models import Prediction
from reviewapp.predictions.reasoning import comparable
from reviewapp.predictions.versions import schema_of

__all__ = ["Point", "difference", "is_alike", "main_inputs", "nearness", "point_of", "shown_value"]
MOST_INPUTS = 4


@dataclass(frozen=True, slots=True)
class Point:
    """Distances mean something between points of one `frame` only: the same model version, method, baseline and reason groups."""

    frame: UUID
    values: tuple[float, ...]
    code: str
    size: float


def point_of(prediction: Prediction, use_case: UseCase) -> Point | None:
    """None without an explanation, with one that does not add up or does not speak of every outcome, or of a model version nobody named."""
    explanation = getattr(prediction, "explanation", None)
    if explanation is None or explanation.additive is False or prediction.model_version_id is None:
        return None
    try:
        body, _ = comparable(prediction, use_case, explanation)
        argument = argument_of(schema_of(prediction), body, use_case.outcome_values)
    except (InferenceError, LookupError, TypeError, ValueError, AttributeError):  # brought along, and not readable
        return None
    if argument is None:
        return None
    place = [str(prediction.model_version_id), explanation.method, argument.space, argument.names, _baseline(body)]
    frame = UUID(bytes=hashlib.sha256(orjson.dumps(place)).digest()[:16])
    return Point(frame, argument.values, argument.code, argument.size)


def _baseline(body: Mapping[str, Any]) -> str:
    return str((body.get("background") or {}).get("digest", ""))


def main_inputs(prediction: Prediction, use_case: UseCase) -> list[str]:
    """The inputs that its main reasons are about, largest push first; asked only of what has a point."""
    body, outcomes = comparable(prediction, use_case, prediction.explanation)
    ordinal = use_case.outcome_kind == OutcomeKind.ORDINAL and len(outcomes) == len(use_case.outcomes)
    schema = schema_of(prediction)
    found = reasons_for(schema, prediction.features, body, outcomes, is_ordinal=ordinal, limit=MOST_INPUTS)
    return [reason.feature for reason in found.items if not schema.by_name[reason.feature].protected]


def shown_value(prediction: Prediction, name: str, value: object) -> tuple[str, str]:
    """(label, value with its unit) of an input of the prediction's schema."""
    schema = schema_of(prediction)
    return schema.by_name[name].label, schema.format_value(name, value)
