"""A case as it is beside the case as it would be, in words and figures: what a page shows of a what-if. Reads only what is loaded,
but for what a model version never changes."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID

from inference.contrast import LOG_ODDS, Contrast, contrast, turned_to
from inference.schema import LISTED, NUMERIC, Feature, FeatureSchema, Kind
from reviewapp.catalog.models import ModelVersion, UseCase
from reviewapp.catalog.rules import OutcomeKind
from reviewapp.lib.errors import Problem
from reviewapp.predictions.models import Prediction, WhatIf
from reviewapp.predictions.presentation import confidence_in, whole_percents
from reviewapp.predictions.reasoning import signed
from reviewapp.predictions.versions import schema_of
from reviewapp.predictions.what_if import is_possible

SMALLEST_MOVE = 0.005  # what rounds to 0.00 did not move
DIFFERS = 0.005


@lru_cache(maxsize=64)
def _profile(version_id: UUID) -> Mapping[str, Mapping[str, float | None]]:
    """Percentiles of the training cases by input; read once per process, since a version never changes."""
    found = ModelVersion.objects.filter(pk=version_id).values_list("manifest__profile", flat=True).first()
    return found or {}


def outside_training(prediction: Prediction, changes: Mapping[str, Any]) -> list[str]:
    """Names of changed numbers below the 1st or above the 99th percentile of what the model was trained on."""
    schema = schema_of(prediction)
    profile = _profile(prediction.model_version_id) if prediction.model_version_id else {}
    numbers = [name for name in changes if schema.by_name[name].kind in NUMERIC]
    return [name for name in numbers if _is_outside(schema.by_name[name].code_of(changes[name]), profile.get(name, {}))]


def _is_outside(value: float | None, seen: Mapping[str, float | None]) -> bool:
    low, high = seen.get("p01"), seen.get("p99")
    return value is not None and low is not None and high is not None and not low <= value <= high


# The form


def in_shown_units(problem: Problem, range_text: str) -> str:
    """The field's own message; a range is told in the units on the page, which may not be those of the record."""
    return f"Allowed: {range_text}." if problem.code == "out_of_range" and range_text else problem.detail


def panel(
    prediction: Prediction, *, row: WhatIf | None = None, texts: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The context of cases/_what_if.html without a result. `texts` is what was typed, by name; else the fields stand as `row` was asked."""
    if not is_possible(prediction):
        return {"available": False, "open": texts is not None}
    schema, changes = schema_of(prediction), row.changes if row else {}
    groups: dict[str, list[dict[str, Any]]] = {}
    for name in schema.model_inputs:
        field = _field(schema, schema.by_name[name], prediction.features.get(name), changes, texts or {})
        groups.setdefault(schema.by_name[name].group or "Inputs", []).append(field)
    return {
        "available": True,
        "open": row is not None or texts is not None,
        "groups": [{"name": name, "fields": fields} for name, fields in groups.items()],
    }


def own_text(prediction: Prediction, name: str) -> str:
    """What the field of an input holds before anybody types."""
    return schema_of(prediction).field_text(name, prediction.features.get(name))


def _field(
    schema: FeatureSchema, feature: Feature, value: object, changes: Mapping[str, Any], texts: Mapping[str, str]
) -> dict[str, Any]:
    own = schema.field_text(feature.name, value)
    asked = schema.field_text(feature.name, changes[feature.name], exact=True) if feature.name in changes else own
    text = texts.get(feature.name, asked)
    return {
        "name": feature.name,
        "label": feature.label,
        "unit": feature.unit,
        "text": text,
        "options": _options(schema, feature, text),
        "range": schema.range_text(feature.name),
        "own": schema.format_value(feature.name, value) if text != own else "",
    }


def _options(schema: FeatureSchema, feature: Feature, text: str) -> list[dict[str, Any]]:
    """What a listed value or a yes or no may be; none for a number."""
    if feature.kind not in LISTED | {Kind.BOOLEAN}:
        return []
    values: list[object] = [True, False] if feature.kind is Kind.BOOLEAN else [c.value for c in feature.categories]
    if feature.missing_allowed:
        values.append(None)
    pairs = [(schema.field_text(feature.name, value), schema.format_value(feature.name, value)) for value in values]
    return [{"value": value, "label": label, "chosen": value == text} for value, label in pairs]


# The result


def result(prediction: Prediction, use_case: UseCase, row: WhatIf) -> dict[str, Any]:
    """The context of cases/_what_if_result.html."""
    if row.answer is None:
        return {"status": "failed" if row.failure else "waiting"}
    before, after = row.answer["before"], row.answer["after"]
    return {
        "status": "answered",
        "flips": before["outcome"] != after["outcome"],
        "sides": [_side(prediction, use_case, side) for side in (before, after)],
        "shares": _shares(use_case, before, after),
        "changes": _changes(prediction, row.changes),
        "differs": differs(prediction, before),
        "moved": _moved(schema_of(prediction), use_case, row),
    }


def _side(prediction: Prediction, use_case: UseCase, side: Mapping[str, Any]) -> dict[str, str]:
    """Outcome and confidence in words."""
    words = confidence_in(side["outcome"], side["confidence"], prediction.model_version_id, use_case)
    percent = f"{round(100 * side['confidence'])} of 100 by its own reckoning"
    return {
        "outcome": use_case.outcome_label(side["outcome"]),
        "word": words.word or percent,
        "sentence": words.sentence,
    }


def _shares(use_case: UseCase, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every outcome with its share of 100, as it is and as it would be."""
    columns = [
        whole_percents([side["probabilities"].get(value, 0.0) for value in use_case.outcome_values])
        for side in (before, after)
    ]
    labels = (outcome.label for outcome in use_case.outcome_list)
    return [{"label": label, "was": was, "would": would} for label, was, would in zip(labels, *columns, strict=True)]


def _changes(prediction: Prediction, changes: Mapping[str, Any]) -> list[dict[str, Any]]:
    schema, outside = schema_of(prediction), set(outside_training(prediction, changes))
    return [
        {
            "label": schema.by_name[name].label,
            "was": schema.format_value(name, prediction.features.get(name)),
            "would": schema.format_value(name, value),
            "outside": name in outside,
        }
        for name, value in changes.items()
    ]


def differs(prediction: Prediction, before: Mapping[str, Any]) -> bool:
    """Whether the model as registered here says something else of the case than the prediction that was sent along."""
    return (
        before["outcome"] != prediction.outcome or abs(before["confidence"] - (prediction.confidence or 0.0)) > DIFFERS
    )


def _moved(schema: FeatureSchema, use_case: UseCase, row: WhatIf) -> dict[str, Any]:
    """The inputs whose pushes moved, by how far; both times towards the outcome that the case has, against the same other."""
    was, would = _contrasts(use_case, row)
    moves = {
        name: push - was.contributions[name] for name, push in would.contributions.items() if name in schema.by_name
    }
    found = sorted((name for name in moves if abs(moves[name]) >= SMALLEST_MOVE), key=lambda name: -abs(moves[name]))
    labels = [use_case.outcome_label(value) for value in (was.outcome, was.against)]
    return {
        "toward": labels[0],
        "against": labels[1],
        "unit": "log-odds" if was.space == LOG_ODDS else "probability",
        "still": len(moves) - len(found),
        "rows": [
            {
                "label": schema.by_name[name].label,
                "changed": name in row.changes,
                "was": signed(was.contributions[name]),
                "would": signed(would.contributions[name]),
                "move": signed(moves[name]),
                "towards": moves[name] > 0,
                "towards_label": labels[0] if moves[name] > 0 else labels[1],
            }
            for name in found
        ],
    }


def _contrasts(use_case: UseCase, row: WhatIf) -> tuple[Contrast, Contrast]:
    assert row.answer is not None  # noqa: S101 -- asked only of an answer
    before, after = row.answer["before"]["explanation"], row.answer["after"]["explanation"]
    ordinal = use_case.outcome_kind == OutcomeKind.ORDINAL
    was = contrast(before, use_case.outcomes, is_ordinal=ordinal)
    return was, contrast(turned_to(after, was.outcome), use_case.outcomes, against=was.against)
