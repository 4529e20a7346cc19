"""Outcomes and stages. Plain Python."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from reviewapp.lib.errors import Problem


class OutcomeKind(StrEnum):
    CATEGORICAL = "categorical"
    ORDINAL = "ordinal"


class Stage(StrEnum):
    REGISTERED = "registered"
    LIVE = "live"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One possible result. `rank` is its place in the use case's list; for ordered outcomes 0 is the most severe."""

    value: str
    label: str
    adverse: bool
    rank: int


def outcomes(rows: Sequence[Mapping[str, Any]]) -> tuple[Outcome, ...]:
    return tuple(
        Outcome(value=row["value"], label=row["label"], adverse=bool(row.get("adverse")), rank=rank)
        for rank, row in enumerate(rows)
    )


def override_direction(predicted: str, human: str, *, kind: str, values: Sequence[str], adverse: frozenset[str]) -> str:
    """How a person moved the outcome: '' if not at all.

    Ordered outcomes: `up-triage` (more severe) or `down-triage`. Others: `high-side` (towards an adverse one), `low-side` (away), else `sideways`.
    """
    if predicted == human:
        return ""
    if kind == OutcomeKind.ORDINAL:
        return "up-triage" if values.index(human) < values.index(predicted) else "down-triage"
    if (predicted in adverse) == (human in adverse):
        return "sideways"
    return "high-side" if human in adverse else "low-side"


def outcome_faults(rows: Sequence[Mapping[str, Any]], *, kind: str) -> list[Problem]:
    """What is wrong with the outcomes of a new use case."""
    values = [row.get("value") for row in rows]
    if kind not in set(OutcomeKind):
        return [Problem("/outcome_kind", "unknown_value", f"One of {', '.join(OutcomeKind)}.")]
    if len(rows) < 2 or not all(
        isinstance(row.get(name), str) and row[name] for row in rows for name in ("value", "label")
    ):
        return [Problem("/outcomes", "wrong_type", "Name at least two outcomes, each with a value and a label.")]
    if len(set(values)) < len(values):
        return [Problem("/outcomes", "repeated_value", "Each outcome has a value of its own.")]
    return []


def same_inputs(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two schemas (JSON form) give a model the same inputs: names, kinds, values and codes; words may differ."""
    return _inputs(one) == _inputs(other)


def _inputs(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {
        feature["name"]: (
            feature["kind"],
            [category["value"] for category in feature.get("categories", ())],
            [code["value"] if isinstance(code, Mapping) else code for code in feature.get("missing_codes", ())],
        )
        for feature in schema["features"]
        if not feature.get("protected")
    }
