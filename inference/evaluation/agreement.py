"""Do people who read the same cases say the same? Only independent readings count: both blind to each other and the model.

Raw agreement comes first; kappa and alpha take off what chance would give, and are not shown where too little was read
or where nearly everybody said the same. Levels are positions in the outcomes of the use case, and all of them count,
not only those that were seen: a quadratic weight over fewer levels is another number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import atanh, sqrt, tanh

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from inference.calibration import IntArray
from inference.encoding import FloatArray
from inference.errors import EvaluationFailed
from inference.evaluation.intervals import REPORT_LEVEL, Estimate, Reason, Status, proportion, z_of

FEWEST_CASES = 30
FEWEST_RARER_READINGS = 10
FAR = 2
MISSING = -1
TINY = 1e-12  # below, a variance or a distance from 1 is a rounding error


@dataclass(frozen=True, slots=True)
class Shift:
    """How often the second reader chose a higher or lower level than the first, and how often by two levels or more.

    Where level 1 is the most urgent, above is under-triage by the second reader, and below over-triage.
    """

    above: int
    below: int
    far_above: int
    far_below: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of two readers. `table` counts (first reader's level, second reader's level).

    `by_outcome` has, for each level, twice the cases both gave it over the times either did. `quadratic_kappa` and
    `shift` are None where levels have no order.
    """

    n: int
    table: tuple[tuple[int, ...], ...]
    raw: Estimate
    by_outcome: tuple[Estimate, ...]
    kappa: Estimate
    quadratic_kappa: Estimate | None = None
    shift: Shift | None = None


# --- two readers -------------------------------------------------------------------------------------------------


def agreement(
    first: ArrayLike,
    second: ArrayLike,
    levels: int,
    *,
    is_ordinal: bool = False,
    level: float = REPORT_LEVEL,
) -> Agreement:
    """How two readers agree on the same cases.

    :param first: (n,) positions in the outcomes, and `second` those of the other reader for the same cases.
    :param levels: how many outcomes the use case has.
    :raises EvaluationFailed: the readings do not pair up, or name a level that does not exist.
    """
    return agreement_of_table(confusion(first, second, levels), is_ordinal=is_ordinal, level=level)


def confusion(first: ArrayLike, second: ArrayLike, levels: int) -> IntArray:
    """(levels, levels) counts of what both readers said.

    :raises EvaluationFailed: the readings do not pair up, or name a level that does not exist.
    """
    one, other = _whole(first), _whole(second)
    if levels < 1 or one.ndim != 1 or one.shape != other.shape:
        raise EvaluationFailed(f"{one.shape} and {other.shape} readings of {levels} levels do not pair up.")
    both = np.concatenate([one, other])
    if both.size and not 0 <= both.min() <= both.max() < levels:
        raise EvaluationFailed(f"Readings must lie in 0..{levels - 1}.")
    return np.bincount(one * levels + other, minlength=levels * levels).reshape(levels, levels)


def agreement_of_table(table: ArrayLike, *, is_ordinal: bool = False, level: float = REPORT_LEVEL) -> Agreement:
    """As `agreement`, from the (levels, levels) counts.

    :raises EvaluationFailed: the table is not square, or holds a negative count.
    """
    counts = _square(table)
    n, agreed = int(counts.sum()), int(np.trace(counts))
    return Agreement(
        n=n,
        table=tuple(tuple(row) for row in counts.tolist()),
        raw=proportion(agreed, n, level=level),
        by_outcome=tuple(_of_outcome(counts, i, level) for i in range(len(counts))),
        kappa=kappa(counts, level=level),
        quadratic_kappa=kappa(counts, is_quadratic=True, level=level) if is_ordinal else None,
        shift=_shift(counts) if is_ordinal else None,
    )


def _whole(readings: ArrayLike) -> IntArray:
    """:raises EvaluationFailed: a reading is no whole number."""
    given = np.asarray(readings)
    if given.size and given.dtype.kind not in "iu":
        raise EvaluationFailed("Readings and counts must be whole numbers.")
    return given.astype(np.intp)


def _square(table: ArrayLike) -> IntArray:
    counts = _whole(table)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or not counts.size or counts.min() < 0:
        raise EvaluationFailed(f"A table of {counts.shape} is none of what two readers said.")
    return counts


def _of_outcome(counts: IntArray, i: int, level: float) -> Estimate:
    """2a / (2a + b + c). Among cases that either gave this level, a / (a + b + c) is a plain share s, and this is
    2s / (1 + s): its Wilson limits go through the same curve."""
    both = int(counts[i, i])
    either = int(counts[i].sum() + counts[:, i].sum()) - both
    share = proportion(both, either, level=level)
    low, high = 2 * share.low / (1 + share.low), 2 * share.high / (1 + share.high)
    value = None if share.value is None else 2 * share.value / (1 + share.value)
    return replace(share, value=value, low=low, high=high)


def _shift(counts: IntArray) -> Shift:
    first, second = np.indices(counts.shape)
    moves = (second > first, second < first, second - first >= FAR, first - second >= FAR)
    return Shift(*(int(counts[move].sum()) for move in moves))


# --- kappa -------------------------------------------------------------------------------------------------------


def kappa(table: ArrayLike, *, is_quadratic: bool = False, level: float = REPORT_LEVEL) -> Estimate:
    """Cohen's kappa (1960) of a (levels, levels) table; with quadratic weights an error counts by its distance squared.

    Standard error of Fleiss, Cohen and Everitt (1969), interval through Fisher's z: at 20 cases it covers 95 % where the
    percentile bootstrap of the quadratic one covers 88 and Wald's 81. Undefined where everybody said the same, or where
    nothing varies from which an interval could be told (all agree, one reader always says the same).

    :raises EvaluationFailed: the table is not square, or holds a negative count.
    """
    counts = _square(table)
    n = int(counts.sum())
    if n == 0:
        return _undefined(0, Reason.NOTHING)
    value, error = _kappa(counts / n, _weights(len(counts), is_quadratic))
    if value is None:
        return _undefined(n, Reason.ONE_OUTCOME)
    return _corrected(value, error / sqrt(n), z_of(level), n, counts.sum(axis=0) + counts.sum(axis=1))


def _weights(levels: int, is_quadratic: bool) -> FloatArray:
    """What a pair of readings is worth: 1 on the diagonal."""
    if not is_quadratic:
        return np.eye(levels)
    place = np.arange(levels) / max(1, levels - 1)
    return np.asarray(1 - (place[:, None] - place) ** 2)


def _kappa(shares: FloatArray, weights: FloatArray) -> tuple[float | None, float]:
    """Kappa, None where chance alone agrees always, and its standard error times the root of n."""
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    observed, chance = float((weights * shares).sum()), float(rows @ weights @ columns)
    if 1 - chance < TINY:
        return None, 0.0
    value = (observed - chance) / (1 - chance)
    # the mean weight of a row is taken over the other reader's margin, and that of a column over the first one's
    means = (weights @ columns)[:, None] + rows @ weights
    variance = float((shares * (weights - means * (1 - value)) ** 2).sum()) - (value - chance * (1 - value)) ** 2
    return value, sqrt(variance) / (1 - chance) if variance > TINY else 0.0


def _corrected(value: float, error: float, quantile: float, n: int, readings: IntArray) -> Estimate:
    """An agreement beyond chance with its interval, held to the rules of display.

    :param readings: (levels,) how often each level was given.
    """
    if error < TINY or 1 - abs(value) < TINY:
        return _undefined(n, Reason.NO_INTERVAL)
    middle, reach = atanh(value), quantile * error / (1 - value * value)
    rarer = readings.sum() - readings.max()
    reason = Reason.FEW if n < FEWEST_CASES else Reason.ONE_SIDED if rarer < FEWEST_RARER_READINGS else None
    return Estimate(
        n=n,
        status=Status.TOO_FEW if reason else Status.OK,
        value=value,
        low=tanh(middle - reach),
        high=tanh(middle + reach),
        reason=reason,
    )


def _undefined(n: int, reason: Reason) -> Estimate:
    return Estimate(n, Status.UNDEFINED, None, -1.0, 1.0, reason)


# --- any number of readers ---------------------------------------------------------------------------------------


def unit_counts(readings: ArrayLike, levels: int) -> IntArray:
    """(cases, levels) how often each level was given to each case, from (cases, readers) positions; -1 is no reading.

    :raises EvaluationFailed: a reading names a level that does not exist.
    """
    given = _whole(readings)
    if not given.size:
        return np.zeros((0, levels), dtype=np.intp)
    if levels < 1 or given.ndim != 2 or not MISSING <= given.min() <= given.max() < levels:
        raise EvaluationFailed(f"Readings must be cases by readers, each in -1..{levels - 1}.")
    return np.stack([(given == i).sum(axis=1) for i in range(levels)], axis=1)


def krippendorff_alpha(counts: ArrayLike, *, is_ordinal: bool = False, level: float = REPORT_LEVEL) -> Estimate:
    """Krippendorff's alpha of any number of readers, each of whom may have missed any case.

    Interval by the jackknife over cases through Fisher's z (Hughes 2022). Cases read fewer than twice say nothing about
    agreement and are left out, also of `n`.

    :param counts: (cases, levels) how often each level was given; see `unit_counts`.
    :raises EvaluationFailed: a negative count, or not two dimensions.
    """
    given = _whole(counts)
    if not given.size:
        return _undefined(0, Reason.NOTHING)
    if given.ndim != 2 or given.min() < 0:
        raise EvaluationFailed("Counts must be cases by levels, none of them negative.")
    read = given[given.sum(axis=1) >= 2]
    n = len(read)
    if n == 0:
        return _undefined(0, Reason.NOTHING)
    # cases alike leave the same alpha when left out: a few dozen patterns stand for thousands of cases
    patterns, times = np.unique(read, axis=0, return_counts=True)
    pairs, totals = _coincidences(patterns), times @ patterns
    together = np.tensordot(times, pairs, axes=1)
    value = float(_alpha(together[None], totals[None], is_ordinal)[0])
    if np.isnan(value):
        return _undefined(n, Reason.ONE_OUTCOME)
    error = _jackknife(_alpha(together - pairs, totals - patterns, is_ordinal), times)
    quantile = float(stdtrit(max(1, n - 1), (1 + level) / 2))
    return _corrected(value, error, quantile, n, totals)


def _coincidences(counts: IntArray) -> FloatArray:
    """(cases, levels, levels): the ordered pairs of readings within each case, each reader counting once."""
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(counts.shape[1])
    return np.asarray(pairs / (counts.sum(axis=1) - 1)[:, None, None])


def _alpha(pairs: FloatArray, totals: IntArray, is_ordinal: bool) -> FloatArray:
    """(sets,) alpha of each set of (levels, levels) coincidences; NaN where only one level was given.

    :param totals: (sets, levels) readings. They are the sums of `pairs`, but whole, so that nothing is exactly nothing.
    """
    distance = _distance(totals, is_ordinal)
    expected = np.einsum("sij,si,sj->s", distance, totals, totals)
    seen = (totals.sum(axis=1) - 1) * np.einsum("sij,sij->s", distance, pairs)
    is_varied = expected > 0
    return np.where(is_varied, 1 - seen / np.where(is_varied, expected, 1), np.nan)


def _distance(totals: IntArray, is_ordinal: bool) -> FloatArray:
    """(sets, levels, levels), squared: how many readings lie between two levels, half of their own included."""
    if not is_ordinal:
        levels = totals.shape[1]
        return np.broadcast_to(1 - np.eye(levels), (len(totals), levels, levels))
    middle = totals.cumsum(axis=1) - totals / 2
    return np.asarray((middle[:, :, None] - middle[:, None, :]) ** 2)


def _jackknife(without: FloatArray, times: IntArray) -> float:
    """Standard error from alpha without each case, a pattern of `times` cases at once; 0 where it rests on one case alone."""
    n = int(times.sum())
    if np.isnan(without).any():
        return 0.0
    mean = times @ without / n
    return sqrt((n - 1) / n * float(times @ (without - mean) ** 2))
