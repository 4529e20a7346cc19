"""Which two outcomes an explanation is about. Standard library only: web processes import it.

Two outcomes: the explanation of the predicted one, whose margin is its log-odds.
More: the difference between the predicted outcome and another, whose margin is the log-odds of one against the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inference.errors import ExplanationFailed

LOG_ODDS = "log_odds"
PROBABILITY = "probability"


@dataclass(frozen=True, slots=True)
class Contrast:
    """`base + sum(contributions) = margin`, but for `gap` where the explanation does not add up."""

    outcome: str
    against: str
    is_pairwise: bool
    space: str
    base: float
    margin: float
    contributions: Mapping[str, float]

    @property
    def gap(self) -> float:
        return self.margin - self.base - sum(self.contributions.values())


def predicted_outcome(explanation: Mapping[str, Any]) -> str:
    """The outcome the explanation is of: the one with a margin that is not an alternative."""
    alternatives = explanation.get("alternatives") or {}
    return next(str(outcome) for outcome in explanation["margins"] if outcome not in alternatives)


def turned_to(explanation: Mapping[str, Any], outcome: str) -> Mapping[str, Any]:
    """The same explanation, told of `outcome` instead of the one it is of.

    :raises ExplanationFailed: `outcome` is not explained.
    """
    own = predicted_outcome(explanation)
    if outcome == own:
        return explanation
    alternatives = dict(explanation["alternatives"])
    if outcome not in alternatives:
        raise ExplanationFailed(f"The explanation has no part for the outcome “{outcome}”.")
    part = alternatives.pop(outcome)
    alternatives[own] = {name: explanation[name] for name in ("base_value", "contributions")}
    return {**explanation, **part, "alternatives": alternatives}


def contrast(
    explanation: Mapping[str, Any],
    outcomes: Sequence[Mapping[str, Any]],
    *,
    is_ordinal: bool = False,
    against: str | None = None,
) -> Contrast:
    """Predicted against `against`; by default the next more severe level, or the runner-up by margin.

    :raises ExplanationFailed: `against` is the predicted outcome or is not explained.
    """
    outcome = predicted_outcome(explanation)
    other = against or _default_other(explanation, outcomes, outcome, is_ordinal)
    alternative = explanation["alternatives"].get(other)
    if alternative is None:
        raise ExplanationFailed(f"The explanation has no part for the outcome “{other}”.")
    own, margins = explanation["contributions"], explanation["margins"]
    space = explanation.get("output_space", LOG_ODDS)
    if len(margins) == 2:
        return Contrast(outcome, other, False, space, explanation["base_value"], margins[outcome], own)
    theirs = alternative["contributions"]
    return Contrast(
        outcome,
        other,
        True,
        space,
        explanation["base_value"] - alternative["base_value"],
        margins[outcome] - margins[other],
        {name: value - theirs.get(name, 0.0) for name, value in own.items()},
    )


def _default_other(
    explanation: Mapping[str, Any], outcomes: Sequence[Mapping[str, Any]], outcome: str, is_ordinal: bool
) -> str:
    alternatives = explanation.get("alternatives") or {}
    if not alternatives:
        raise ExplanationFailed("The explanation names no alternative outcome.")
    if is_ordinal:
        order = [str(item["value"]) for item in outcomes if str(item["value"]) in explanation["margins"]]
        position = order.index(outcome)
        return order[position - 1] if position else order[1]
    return str(max(alternatives, key=lambda other: float(explanation["margins"][other])))
