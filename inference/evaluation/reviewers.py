"""What may be said of one reviewer. Few cases each, so each is seen against the team: a full-Bayes beta-binomial.

Ranks are never made. A raw rate above 20 % accuses somebody innocent in 63 % of reports of a team of 8 (10 cases each),
in 92 % of one of 20; the flag here in at most 3 %. Where the team's average itself is at the limit, many sit there, and
the finding is about the team.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, betaincinv, betaln, expit, logit

from inference.encoding import FloatArray
from inference.errors import EvaluationFailed
from inference.evaluation.intervals import OPERATIONS_LEVEL, Reason, Status

LIMIT = 0.20
FEWEST_FOR_INTERVAL = 10
FEWEST_FOR_MEAN = 30
CERTAINTY = 0.90
CERTAINTY_OF_MANY = 0.95
MANY_REVIEWERS = 10

MEANS = (np.arange(60) + 0.5) / 60
TOTALS = np.geomspace(2, 200, 25)
NEGLIGIBLE = 1e-9
NEXT_TO_NOTHING = 1e-4
STEPS = 200

FEWEST_FAST = 5
FAST_ACCURACY = 0.80
FAST_PRIOR = (4, 1)  # four right and one wrong, before anything is seen


@dataclass(frozen=True, slots=True)
class ReviewerRate:
    """One reviewer's rate of a mistake: `mean` and interval of the posterior, `beyond` = P(rate > limit).

    Status ok from 30 cases on. Too few: with reason `interval_only` the interval may be shown, else only the count.
    """

    n: int
    hits: int
    status: Status
    mean: float
    low: float
    high: float
    beyond: float
    is_flagged: bool
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Haste:
    """How right a reviewer is where quick: `below` = P(accuracy < 80 %). Quick and right is no finding."""

    n: int
    right: int
    status: Status
    mean: float
    low: float
    high: float
    below: float
    is_flagged: bool
    reason: Reason | None = None


# --- rates -------------------------------------------------------------------------------------------------------


def reviewer_rates(
    hits: Sequence[int],
    shown: Sequence[int],
    *,
    limit: float = LIMIT,
    level: float = OPERATIONS_LEVEL,
) -> tuple[ReviewerRate, ...]:
    """Each reviewer's rate, in the order given; of `shown` cases each was mistaken in `hits`.

    The team's mean and how alike its members are lie on a grid (60 means; 25 totals from 2 to 200, prior ln total ~
    N(ln 15, 1.2²)) and are averaged over, not plugged in: the "90 %" covers 84 to 94 % of reviewers. Flagged if 30 cases
    or more and P(rate > limit) > 0.9, in teams of 10 or more 0.95.

    :raises EvaluationFailed: more hits than cases, or not as many of both.
    """
    x, n = (np.asarray(counts, dtype=np.float64) for counts in (hits, shown))
    if x.shape != n.shape or x.ndim != 1 or not ((x >= 0) & (x <= n)).all():
        raise EvaluationFailed("Each reviewer needs hits and cases, and no more hits than cases.")
    if not len(n):
        return ()
    a, b, weights = _posterior(x, n)
    beyond = np.maximum(0, 1 - weights @ betainc(a, b, limit))  # betaincc takes ten times as long
    certainty = CERTAINTY if len(n) < MANY_REVIEWERS else CERTAINTY_OF_MANY
    lows, highs = _between(a, b, weights, level)
    means = weights @ (a / (a + b))
    return tuple(
        _rate(int(x[j]), int(n[j]), means[j], (lows[j], highs[j]), beyond[j], certainty) for j in range(len(n))
    )


def _rate(
    hits: int,
    n: int,
    mean: float,
    between: tuple[float, float],
    beyond: float,
    certainty: float,
) -> ReviewerRate:
    is_enough = n >= FEWEST_FOR_MEAN
    few = Reason.INTERVAL_ONLY if n >= FEWEST_FOR_INTERVAL else Reason.FEW
    return ReviewerRate(
        n=n,
        hits=hits,
        status=Status.OK if is_enough else Status.TOO_FEW,
        mean=float(mean),
        low=float(between[0]),
        high=float(between[1]),
        beyond=float(beyond),
        is_flagged=bool(is_enough and beyond > certainty),
        reason=None if is_enough else few,
    )


def _posterior(x: FloatArray, n: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Each reviewer's Beta(a, b) at each point of the grid (points, reviewers), and the points' weights (points,).

    Points that carry next to no weight are left out: with some data a third of the grid is left.
    """
    a, b = (np.outer(MEANS, TOTALS).ravel(), np.outer(1 - MEANS, TOTALS).ravel())
    prior = -0.5 * ((np.log(TOTALS) - np.log(15)) / 1.2) ** 2
    evidence = (betaln(a[:, None] + x, b[:, None] + n - x) - betaln(a, b)[:, None]).sum(axis=1)
    logs = np.tile(prior, len(MEANS)) + evidence
    weights = np.exp(logs - logs.max())
    kept = weights > NEGLIGIBLE
    weights = weights[kept] / weights[kept].sum()
    return a[kept][:, None] + x, b[kept][:, None] + n - x, weights


def _between(a: FloatArray, b: FloatArray, weights: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """What holds `level` of each reviewer's mixture of Betas, as much missing above as below.

    Summed in log-odds, where no density is infinite, between ends that Cantelli's inequality puts outside both limits;
    exact at the lower end. Finding the roots would take the mixture's distribution function anew at each step.
    """
    mean = weights @ (a / (a + b))
    spread = np.sqrt(np.maximum(0, weights @ (a * (a + 1) / ((a + b) * (a + b + 1))) - mean**2))
    tail = (1 - level) / 2
    reach = spread * np.sqrt((1 - tail) / tail)
    first, last = (np.clip(end, NEXT_TO_NOTHING, 1 - NEXT_TO_NOTHING) for end in (mean - reach, mean + reach))
    odds = np.linspace(logit(first), logit(last), STEPS)
    start = weights @ betainc(a, b, first)
    limits = [_quantiles(*column, weights, tail) for column in zip(a.T, b.T, odds.T, start, strict=True)]
    lows, highs = np.transpose(limits)
    return lows, highs


def _quantiles(
    a: FloatArray,
    b: FloatArray,
    odds: FloatArray,
    start: float,
    weights: FloatArray,
    tail: float,
) -> FloatArray:
    """Where the mixture's distribution function, `start` at the first of `odds`, passes `tail` and 1 - `tail`."""
    rate = expit(odds)
    logs = np.column_stack([a, b]) @ np.stack([np.log(rate), np.log1p(-rate)]) - betaln(a, b)[:, None]
    density = weights @ np.exp(logs)
    steps = (density[1:] + density[:-1]) / 2 * np.diff(odds)
    passed = start + np.concatenate([[0.0], steps.cumsum()])
    return np.asarray(expit(np.interp([tail, 1 - tail], passed, odds)))


# --- speed -------------------------------------------------------------------------------------------------------


def speed_floor(words: int) -> float:
    """Seconds of active time below which a review is quick: the most of 3 s, and reading 30 % of the words that differ
    between cases at 4 a second."""
    return max(3.0, 0.3 * words / 4)


def haste(right: int, n: int, *, level: float = OPERATIONS_LEVEL) -> Haste:
    """How right a reviewer is in `n` quick reviews whose truth is known (seeded, sampled): Beta(4 + right, 1 + wrong).

    Flagged from 5 such reviews on if P(accuracy < 80 %) > 0.9.

    :raises EvaluationFailed: more right than reviewed.
    """
    if not 0 <= right <= n:
        raise EvaluationFailed(f"{right} right of {n} quick reviews cannot be.")
    a, b = FAST_PRIOR[0] + right, FAST_PRIOR[1] + n - right
    below = float(betainc(a, b, FAST_ACCURACY))
    is_enough = n >= FEWEST_FAST
    return Haste(
        n=n,
        right=right,
        status=Status.OK if is_enough else Status.TOO_FEW,
        mean=a / (a + b),
        low=float(betaincinv(a, b, (1 - level) / 2)),
        high=float(betaincinv(a, b, (1 + level) / 2)),
        below=below,
        is_flagged=is_enough and below > CERTAINTY,
        reason=None if is_enough else Reason.FEW,
    )
