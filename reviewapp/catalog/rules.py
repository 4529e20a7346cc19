"""Outcomes and stages. Plain Python."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


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
        Outcome(value=row["value"], label=row["label"], adverse=bool(row.get("adverse")), rank=rank) for rank, row in enumerate(rows)
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
