"""The waterfall from the average case to this one. Standard library only: web processes import it.

Rows run in order of size through the sigmoid, so each step is a difference of probability; the log-odds stand beside.
Both columns of printed numbers add up exactly as printed (largest remainder). Positions are percent of the axis.
Where there are more than two outcomes the axis is the share of the predicted one among it and the other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from inference.contrast import LOG_ODDS, Contrast, contrast
from inference.schema import FeatureSchema

SHOWN = 9
NARROWEST = 0.2  # of the probability axis, so that small differences do not look large
PADDING = 0.03
TICK_STEPS = (0.05, 0.1, 0.25)
MOST_TICKS = 6
LOG_ODDS_TICKS = (0.001, 0.01, 0.02, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.98, 0.99, 0.999)


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    label: str
    is_even: bool  # 50 of 100


@dataclass(frozen=True, slots=True)
class Row:
    """One line. `x` and `width` span the bar, `end` is where the running total stands after it, all in percent."""

    kind: str  # "start", "input", "other", "gap" or "end"
    feature: str
    label: str
    value: str
    is_missing: bool
    direction: str  # "toward", "against" or "" for neither
    push: float
    push_text: str
    points: int
    points_text: str
    x: float
    width: float
    end: float


@dataclass(frozen=True, slots=True)
class Waterfall:
    rows: tuple[Row, ...]
    ticks: tuple[Tick, ...]
    outcome: str
    against: str
    is_pairwise: bool
    start_points: int  # of 100, at the average case
    end_points: int  # of 100, at this one


@dataclass(frozen=True, slots=True)
class _Step:
    kind: str
    feature: str
    label: str
    value: str
    is_missing: bool
    push: float


def waterfall(
    schema: FeatureSchema,
    features: Mapping[str, object],
    explanation: Mapping[str, Any],
    outcomes: Sequence[Mapping[str, Any]],
    *,
    is_ordinal: bool = False,
    against: str | None = None,
    noun: str = "case",
    shown: int = SHOWN,
    axis: str = "probability",
) -> Waterfall:
    """All rows with their places.

    :param shown: how many inputs have a row of their own; the rest are folded into one.
    :param axis: "probability" (even in points of 100) or "log_odds" (even in log-odds, labelled in points of 100).
    :raises ExplanationFailed: the explanation says nothing about `against`.
    """
    compared = contrast(explanation, outcomes, is_ordinal=is_ordinal, against=against)
    steps = _steps(schema, features, compared, shown, is_additive=bool(explanation.get("additive", True)))
    margins = _running(compared.base, steps)
    scale = _Scale(compared.space, axis, margins)
    rows = _rows(steps, margins, scale, noun)
    return Waterfall(
        rows,
        scale.ticks(),
        compared.outcome,
        compared.against,
        compared.is_pairwise,
        rows[0].points,
        rows[-1].points,
    )


def _steps(
    schema: FeatureSchema, features: Mapping[str, object], compared: Contrast, shown: int, *, is_additive: bool
) -> list[_Step]:
    """Inputs by size, then the folded rest, then what the explanation leaves open where it does not add up."""
    ordered = sorted(compared.contributions.items(), key=lambda item: -abs(item[1]))
    cut = len(ordered) if len(ordered) <= shown + 1 else shown
    steps = [_input(schema, features, name, push) for name, push in ordered[:cut]]
    rest = ordered[cut:]
    if rest:
        steps.append(_Step("other", "", f"{len(rest)} other inputs", "", False, sum(push for _, push in rest)))
    if not is_additive:
        steps.append(_Step("gap", "", "Not explained", "", False, compared.gap))
    return steps


def _input(schema: FeatureSchema, features: Mapping[str, object], name: str, push: float) -> _Step:
    feature = schema.by_name.get(name)
    if feature is None:
        return _Step("input", name, name, "", False, push)
    value = features.get(name)
    return _Step("input", name, feature.label, schema.format_value(name, value), feature.is_missing(value), push)


def _running(base: float, steps: Sequence[_Step]) -> list[float]:
    totals = [base]
    for step in steps:
        totals.append(totals[-1] + step.push)
    return totals


def _rows(steps: Sequence[_Step], margins: Sequence[float], scale: _Scale, noun: str) -> tuple[Row, ...]:
    shares = [scale.share(margin) for margin in margins]
    pushes = _printed([after - before for before, after in _pairs(margins)], margins[0], margins[-1], 100)
    points = _printed([after - before for before, after in _pairs(shares)], shares[0], shares[-1], 100)
    rows = [_total("start", f"Start: average {noun}", margins[0], shares[0], scale)]
    for step, (before, after), push, point in zip(steps, _pairs(margins), pushes, points, strict=True):
        rows.append(_bar(step, scale.x(before), scale.x(after), push, point))
    rows.append(_total("end", f"This {noun}", margins[-1], shares[-1], scale))
    return tuple(rows)


def _pairs(values: Sequence[float]) -> list[tuple[float, float]]:
    return list(pairwise(values))


def _bar(step: _Step, before: float, after: float, cents: int, points: int) -> Row:
    direction = "toward" if step.push > 0 else "against" if step.push < 0 else ""
    return Row(
        kind=step.kind,
        feature=step.feature,
        label=step.label,
        value=step.value,
        is_missing=step.is_missing,
        direction=direction,
        push=step.push,
        push_text=_signed(cents / 100, 2),
        points=points,
        points_text=_signed(points, 0),
        x=round(min(before, after), 2),
        width=round(abs(after - before), 2),
        end=round(after, 2),
    )


def _total(kind: str, label: str, margin: float, share: float, scale: _Scale) -> Row:
    place, points = round(scale.x(margin), 2), round(100 * share)
    text = _signed(round(margin * 100) / 100, 2)
    return Row(kind, "", label, "", False, "", margin, text, points, str(points), place, 0.0, place)


def _printed(parts: Sequence[float], start: float, end: float, unit: int) -> list[int]:
    """Whole numbers of 1/unit that lead exactly from the rounded start to the rounded end.

    Each part is rounded, then those rounded furthest the wrong way give or take one (largest remainder).
    """
    exact = [part * unit for part in parts]
    whole = [round(part) for part in exact]
    while missing := round(end * unit) - round(start * unit) - sum(whole):
        sign = 1 if missing > 0 else -1
        ordered = sorted(range(len(whole)), key=lambda i: (-sign * (exact[i] - whole[i]), -abs(exact[i])))
        for position in ordered[: abs(missing)]:
            whole[position] += sign
    return whole


def _signed(number: float, decimals: int) -> str:
    text = f"{abs(number):.{decimals}f}"
    if not text.strip("0."):
        return text
    return f"{'−' if number < 0 else '+'}{text}"


class _Scale:
    """From a margin to a place on the axis, in percent of its length."""

    def __init__(self, space: str, axis: str, margins: Sequence[float]) -> None:
        self.in_log_odds = space == LOG_ODDS
        self.even_log_odds = self.in_log_odds and axis == LOG_ODDS
        places = [self._place(margin) for margin in margins]
        self.low, self.high = self._span(min(places), max(places))

    def share(self, margin: float) -> float:
        return sigmoid(margin) if self.in_log_odds else margin

    def x(self, margin: float) -> float:
        return self._percent(self._place(margin))

    def ticks(self) -> tuple[Tick, ...]:
        shares = LOG_ODDS_TICKS if self.even_log_odds else self._even_ticks()
        placed = [(share, _logit(share) if self.even_log_odds else share) for share in shares]
        inside = [(share, place) for share, place in placed if self.low <= place <= self.high]
        return tuple(Tick(round(self._percent(p), 2), f"{100 * s:g}", math.isclose(s, 0.5)) for s, p in inside)

    def _place(self, margin: float) -> float:
        return margin if self.even_log_odds else self.share(margin)

    def _percent(self, place: float) -> float:
        return 100 * (place - self.low) / (self.high - self.low)

    def _span(self, low: float, high: float) -> tuple[float, float]:
        if self.even_log_odds:
            room = 0.08 * (high - low) or 1.0
            return low - room, high + room
        low, high = low - PADDING, high + PADDING
        room = max(0.0, NARROWEST - (high - low)) / 2
        low, high = low - room, high + room
        if self.in_log_odds:
            low, high = max(0.0, low), min(1.0, high)
        return low, high

    def _even_ticks(self) -> list[float]:
        step = next((s for s in TICK_STEPS if (self.high - self.low) / s <= MOST_TICKS), TICK_STEPS[-1])
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [round(step * i, 6) for i in range(first, last + 1)]


def sigmoid(margin: float) -> float:
    """Without overflow at either end."""
    if margin >= 0:
        return 1 / (1 + math.exp(-min(margin, 700)))
    power = math.exp(max(margin, -700))
    return power / (1 + power)


def _logit(share: float) -> float:
    return math.log(share / (1 - share))
