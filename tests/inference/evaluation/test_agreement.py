"""Agreement: against scikit-learn and krippendorff, against slow definitions written out here, against published tables, and in simulation."""

from itertools import permutations

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import stdtrit
from sklearn.metrics import cohen_kappa_score

from inference.errors import EvaluationFailed
from inference.evaluation.agreement import (
    agreement,
    agreement_of_table,
    confusion,
    kappa,
    krippendorff_alpha,
    unit_counts,
)
from inference.evaluation.intervals import Reason, Status, proportion, z_of
from tests.inference.evaluation.checks import BAND, assert_sound, runs

# Expert by nurse: made to the counts of errors, kappa (0.786) and alpha (0.786, ordinal 0.873) published of 1,267 triages,
# as the records themselves are not here
TRIAGES = np.array(
    [[15, 6, 3, 2, 0], [3, 180, 31, 5, 1], [1, 16, 409, 57, 4], [0, 2, 28, 407, 22], [0, 0, 1, 4, 70]],
)
ONE_SIDED = np.array([[90, 3], [3, 4]])
# Krippendorff (2011): four readers, twelve units, values 1 to 5, 0 where missing
READ = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
        [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
    ]
).T


def units(table: np.ndarray) -> np.ndarray:
    """The readings behind a table of two readers, case by case."""
    places = np.stack([place.ravel() for place in np.indices(table.shape)], axis=1)
    return np.repeat(places, table.ravel(), axis=0)


@st.composite
def tables(draw, most: int = 12) -> np.ndarray:
    levels = draw(st.integers(1, 5))
    cells = st.lists(st.integers(0, most), min_size=levels * levels, max_size=levels * levels)
    return np.array(draw(cells)).reshape(levels, levels)


# --- two readers -------------------------------------------------------------------------------------------------


def test_two_nurses_are_compared_case_by_case():
    first, second = units(TRIAGES).T
    found = agreement(first, second, 5, is_ordinal=True)
    assert found.table == tuple(map(tuple, TRIAGES.tolist()))
    assert found == agreement_of_table(TRIAGES, is_ordinal=True)
    assert found.raw == proportion(1081, 1267)
    shift = found.shift
    assert (shift.above, shift.below, shift.far_above, shift.far_below) == (131, 55, 15, 4)


def test_levels_without_order_have_no_shift_and_no_quadratic_kappa():
    found = agreement([0, 1] * 20, [0, 1] * 19 + [1, 0], 2)
    assert found.shift is None
    assert found.quadratic_kappa is None
    assert found.kappa.status is Status.OK


def test_agreement_on_one_outcome_counts_the_cases_either_gave_it():
    found = agreement_of_table(ONE_SIDED)
    assert [outcome.value for outcome in found.by_outcome] == pytest.approx([2 * 90 / 186, 2 * 4 / 14])
    assert [outcome.n for outcome in found.by_outcome] == [96, 10]
    assert [outcome.status for outcome in found.by_outcome] == [Status.OK, Status.TOO_FEW]
    never = agreement_of_table([[40, 0, 2], [0, 0, 0], [1, 0, 9]]).by_outcome[1]
    assert (never.status, never.value, never.n) == (Status.UNDEFINED, None, 0)


def test_agreement_on_one_outcome_lies_in_its_interval_nineteen_times_in_twenty():
    random = np.random.default_rng(4)
    true = 2 * 0.15 / (2 * 0.15 + 0.1)
    found = [
        agreement_of_table(table.reshape(2, 2)).by_outcome[1]
        for table in random.multinomial(120, [0.75, 0.04, 0.06, 0.15], runs(1000))
    ]
    assert np.mean([outcome.low <= true <= outcome.high for outcome in found]) == pytest.approx(0.95, abs=BAND)


@pytest.mark.parametrize(
    ("first", "second", "levels"),
    [([0, 1], [0], 2), ([0, 2], [0, 1], 2), ([-1], [0], 2), ([0.5], [1.0], 2), ([0], [0], 0), ([[0]], [[0]], 1)],
)
def test_readings_that_do_not_pair_up_are_refused(first, second, levels):
    with pytest.raises(EvaluationFailed):
        agreement(first, second, levels)


@pytest.mark.parametrize("table", [[[1, 2]], [[1, -1], [0, 1]], [], [1, 2]])
def test_what_is_no_table_is_refused(table):
    with pytest.raises(EvaluationFailed):
        kappa(table)


# --- kappa -------------------------------------------------------------------------------------------------------


def test_kappa_and_its_error_match_the_printout_of_sas():
    """Its example gives kappa 0.4842, standard error 0.1380, of 19 cases; the interval is told back from Fisher's z."""
    found = kappa([[0, 4, 1], [0, 8, 0], [0, 1, 5]])
    assert found.value == pytest.approx(0.4842, abs=5e-5)
    assert error_behind(found) == pytest.approx(0.1380, abs=5e-5)


def test_kappa_and_its_error_match_the_table_of_fleiss():
    found = kappa([[75, 1, 4], [5, 4, 1], [0, 0, 10]])
    assert (found.value, error_behind(found)) == pytest.approx((0.676, 0.088), abs=5e-4)


def error_behind(found, quantile: float = z_of(0.95)) -> float:
    width = np.arctanh(found.high) - np.arctanh(found.low)
    return width / 2 / quantile * (1 - found.value**2)


def test_kappa_is_that_of_scikit_learn_over_all_levels_of_the_schema():
    random = np.random.default_rng(5)
    for _ in range(100):
        levels = int(random.integers(2, 7))
        shares = random.dirichlet(np.full(levels * levels, 0.3))
        first, second = units(random.multinomial(60, shares).reshape(levels, levels)).T
        for weights in (None, "quadratic"):
            found = kappa(confusion(first, second, levels), is_quadratic=weights == "quadratic").value
            if found is not None:
                oracle = cohen_kappa_score(first, second, labels=range(levels), weights=weights)
                assert found == pytest.approx(oracle, abs=1e-12)


def test_the_error_is_that_of_the_delta_method():
    """How kappa moves with each cell, found by moving it: another way to the formula of Fleiss, Cohen and Everitt."""
    random = np.random.default_rng(6)
    for _ in range(30):
        levels = int(random.integers(2, 6))
        table = random.multinomial(200, random.dirichlet(np.full(levels * levels, 0.7))).reshape(levels, levels)
        for is_quadratic in (False, True):
            found = kappa(table, is_quadratic=is_quadratic)
            assert error_behind(found) == pytest.approx(_delta_method(table, is_quadratic), rel=1e-5)


def _slow_kappa(shares: np.ndarray, is_quadratic: bool) -> float:
    levels, power = len(shares), 2 if is_quadratic else 0
    apart = [(i, j) for i in range(levels) for j in range(levels) if i != j]
    seen = sum(shares[i, j] * abs(i - j) ** power for i, j in apart)
    by_chance = sum(shares[i].sum() * shares[:, j].sum() * abs(i - j) ** power for i, j in apart)
    return 1 - seen / by_chance


def _delta_method(table: np.ndarray, is_quadratic: bool) -> float:
    n, step = table.sum(), 1e-6
    shares = table / n
    slopes = np.zeros(shares.shape)
    for cell in np.ndindex(shares.shape):
        moved = [shares.copy(), shares.copy()]
        moved[0][cell] += step
        moved[1][cell] -= step
        # a share moved makes the sum miss 1, so kappa is taken of what is scaled back
        up, down = (_slow_kappa(to / to.sum(), is_quadratic) for to in moved)
        slopes[cell] = (up - down) / (2 * step)
    return float(np.sqrt(((shares * slopes**2).sum() - (shares * slopes).sum() ** 2) / n))


@pytest.mark.parametrize(
    ("table", "status", "reason"),
    [
        ([[0, 0], [0, 0]], Status.UNDEFINED, Reason.NOTHING),
        ([[80, 0], [0, 0]], Status.UNDEFINED, Reason.ONE_OUTCOME),
        ([[80]], Status.UNDEFINED, Reason.ONE_OUTCOME),
        ([[40, 0], [0, 40]], Status.UNDEFINED, Reason.NO_INTERVAL),
        ([[0, 40], [40, 0]], Status.UNDEFINED, Reason.NO_INTERVAL),
        ([[70, 10], [0, 0]], Status.UNDEFINED, Reason.NO_INTERVAL),
        ([[0, 40], [0, 40]], Status.UNDEFINED, Reason.NO_INTERVAL),
        ([[9, 5], [5, 10]], Status.TOO_FEW, Reason.FEW),
        ([[9, 5], [6, 10]], Status.OK, None),
        ([[95, 2], [3, 2]], Status.TOO_FEW, Reason.ONE_SIDED),
        ([[95, 3], [3, 2]], Status.OK, None),
        ([[95, 2, 1], [3, 2, 0], [0, 0, 0]], Status.OK, None),
    ],
)
def test_kappa_is_shown_only_where_it_says_something(table, status, reason):
    for is_quadratic in (False, True):
        found = kappa(table, is_quadratic=is_quadratic)
        assert (found.status, found.reason) == (status, reason)
        assert_sound(found, -1)


def test_a_level_nobody_gave_still_counts_in_the_distance():
    seen = np.array([[30, 5], [5, 30]])
    wide = np.zeros((5, 5), dtype=int)
    wide[np.ix_([0, 1], [0, 1])] = seen
    assert kappa(wide, is_quadratic=True).value == pytest.approx(kappa(seen).value)
    three = np.array([[20, 4, 2], [3, 20, 4], [1, 3, 20]])
    spread = np.zeros((5, 5), dtype=int)
    spread[np.ix_([0, 1, 4], [0, 1, 4])] = three
    assert kappa(spread, is_quadratic=True).value != pytest.approx(kappa(three, is_quadratic=True).value, abs=0.01)


@given(tables(), st.booleans())
def test_agreement_is_always_sound(table, is_ordinal):
    found = agreement_of_table(table, is_ordinal=is_ordinal)
    assert_sound(found.raw)
    for outcome in found.by_outcome:
        assert_sound(outcome)
    assert_sound(found.kappa, -1)
    if is_ordinal:
        assert_sound(found.quadratic_kappa, -1)


# --- any number of readers ---------------------------------------------------------------------------------------


def test_alpha_matches_krippendorffs_own_example():
    counts = unit_counts(READ - 1, 5)
    nominal, ordinal = krippendorff_alpha(counts), krippendorff_alpha(counts, is_ordinal=True)
    assert (nominal.value, ordinal.value) == pytest.approx((0.743, 0.815), abs=5e-4)
    assert nominal.n == 11  # one unit was read once
    assert nominal.reason is Reason.FEW


def _slow_alpha(read: list[list[int]], is_ordinal: bool, levels: int) -> float | None:
    """By the definition, over every ordered pair of readings; None where only one level was given."""
    read = [unit for unit in read if len(unit) > 1]
    given_ = [value for unit in read for value in unit]
    often = [given_.count(i) for i in range(levels)]

    def distance(one: int, other: int) -> float:
        low, high = sorted((one, other))
        if not is_ordinal:
            return float(low != high)
        return (sum(often[low : high + 1]) - (often[low] + often[high]) / 2) ** 2

    expected = sum(distance(*pair) for pair in permutations(given_, 2)) / (len(given_) * (len(given_) - 1))
    if not expected:
        return None
    seen = sum(sum(distance(*pair) for pair in permutations(unit, 2)) / (len(unit) - 1) for unit in read)
    return 1 - seen / len(given_) / expected


def test_alpha_and_its_jackknife_are_those_of_the_definition_with_readers_missing():
    random = np.random.default_rng(7)
    for _ in range(25):
        levels, readers = int(random.integers(2, 6)), int(random.integers(2, 6))
        readings = random.integers(0, levels, (18, readers))
        readings = np.where(random.random(readings.shape) < 0.5, readings[:, :1], readings)
        readings = np.where(random.random(readings.shape) < 0.3, -1, readings)
        read = [[value for value in unit if value >= 0] for unit in readings.tolist()]
        read = [unit for unit in read if len(unit) > 1]
        for is_ordinal in (False, True):
            found = krippendorff_alpha(unit_counts(readings, levels), is_ordinal=is_ordinal)
            assert found.value == pytest.approx(_slow_alpha(read, is_ordinal, levels), abs=1e-12)
            left_out = [_slow_alpha(read[:i] + read[i + 1 :], is_ordinal, levels) for i in range(len(read))]
            error = np.sqrt((len(read) - 1) * np.var(left_out))
            assert error_behind(found, stdtrit(len(read) - 1, 0.975)) == pytest.approx(error, rel=1e-9)
            assert found.n == len(read)


def test_no_case_at_all_is_undefined():
    assert krippendorff_alpha([]) == krippendorff_alpha(unit_counts([], 3))
    assert krippendorff_alpha([]).reason is Reason.NOTHING
    assert agreement([], [], 3).kappa.reason is Reason.NOTHING


@pytest.mark.parametrize("is_ordinal", [False, True])
def test_alpha_is_that_of_the_krippendorff_package_with_readers_missing(is_ordinal):
    random = np.random.default_rng(11)
    scale, compared = "ordinal" if is_ordinal else "nominal", 0
    for _ in range(200):
        levels = int(random.integers(2, 6))
        readings = random.integers(0, levels, (int(random.integers(2, 40)), int(random.integers(2, 6))))
        readings[random.random(readings.shape) < 0.3] = -1
        counts = unit_counts(readings, levels)
        found = krippendorff_alpha(counts, is_ordinal=is_ordinal)
        if found.value is not None:
            theirs = krippendorff.alpha(
                value_counts=counts, value_domain=list(range(levels)), level_of_measurement=scale
            )
            assert found.value == pytest.approx(theirs, abs=1e-12)
            compared += 1
    assert compared > 150


def test_alpha_of_two_readers_without_gaps_comes_near_kappa():
    assert krippendorff_alpha(unit_counts(units(TRIAGES), 5)).value == pytest.approx(kappa(TRIAGES).value, abs=1e-3)


@pytest.mark.parametrize(
    ("counts", "status", "reason"),
    [
        ([[1, 0], [0, 1]], Status.UNDEFINED, Reason.NOTHING),
        (np.zeros((0, 2), dtype=int), Status.UNDEFINED, Reason.NOTHING),
        ([[3, 0]] * 50, Status.UNDEFINED, Reason.ONE_OUTCOME),
        ([[2, 0]] * 40 + [[0, 2]] * 40, Status.UNDEFINED, Reason.NO_INTERVAL),
        ([[1, 1]], Status.UNDEFINED, Reason.NO_INTERVAL),
        ([[4, 0]] * 50 + [[2, 2]], Status.UNDEFINED, Reason.NO_INTERVAL),
        ([[1, 2]] * 60, Status.UNDEFINED, Reason.NO_INTERVAL),
        ([[2, 0]] * 15 + [[1, 1]] * 14, Status.TOO_FEW, Reason.FEW),
        ([[2, 0]] * 15 + [[1, 1]] * 15, Status.OK, None),
        ([[2, 0]] * 60 + [[1, 1]] * 9, Status.TOO_FEW, Reason.ONE_SIDED),
        ([[2, 0]] * 60 + [[1, 1]] * 10, Status.OK, None),
    ],
)
def test_alpha_is_shown_only_where_it_says_something(counts, status, reason):
    for is_ordinal in (False, True):
        found = krippendorff_alpha(counts, is_ordinal=is_ordinal)
        assert (found.status, found.reason) == (status, reason)
        assert_sound(found, -1)


@given(st.integers(1, 4), st.data())
def test_alpha_is_always_sound(levels, data):
    unit = st.lists(st.integers(0, 4), min_size=levels, max_size=levels)
    counts = np.array(data.draw(st.lists(unit, max_size=20)), dtype=int).reshape(-1, levels)
    for is_ordinal in (False, True):
        assert_sound(krippendorff_alpha(counts, is_ordinal=is_ordinal), -1)


@pytest.mark.parametrize("readings", [[[0, 2]], [[-2, 0]], [0, 1], [[0.5, 1.0]]])
def test_readings_that_do_not_exist_are_refused(readings):
    with pytest.raises(EvaluationFailed):
        unit_counts(readings, 2)


@pytest.mark.parametrize("counts", [[[1, -1]], [1, 2], [[0.5, 1.5]]])
def test_counts_that_do_not_exist_are_refused(counts):
    with pytest.raises(EvaluationFailed):
        krippendorff_alpha(counts)


# --- how often the intervals are right ---------------------------------------------------------------------------


def test_the_triages_made_up_are_like_the_real_ones():
    nominal, ordinal = (krippendorff_alpha(unit_counts(units(TRIAGES), 5), is_ordinal=which) for which in (False, True))
    assert (kappa(TRIAGES).value, nominal.value, ordinal.value) == pytest.approx((0.786, 0.786, 0.873), abs=2e-3)
    assert kappa(TRIAGES, is_quadratic=True).value == pytest.approx(0.875, abs=5e-3)


def drawn(table: np.ndarray, n: int, seed: int, times: int) -> np.ndarray:
    """(times, levels, levels) tables of n cases out of such people."""
    shares = (table / table.sum()).ravel()
    return np.random.default_rng(seed).multinomial(n, shares, times).reshape(-1, *table.shape)


def kappas(tables_: np.ndarray, is_quadratic: bool) -> np.ndarray:
    """(tables,) at once, for the twins below; NaN where undefined."""
    shares = tables_ / tables_.sum(axis=(1, 2), keepdims=True)
    place = np.arange(shares.shape[1])
    apart = (place[:, None] - place) ** 2.0 if is_quadratic else place[:, None] != place
    by_chance = np.einsum("si,sj,ij->s", shares.sum(axis=2), shares.sum(axis=1), apart)
    return 1 - np.einsum("sij,ij->s", shares, apart) / np.where(by_chance == 0, np.nan, by_chance)


def fishers(table: np.ndarray, is_quadratic: bool) -> tuple[float, float]:
    found = kappa(table, is_quadratic=is_quadratic)
    return (np.nan, np.nan) if found.value is None else (found.low, found.high)


def walds(table: np.ndarray, is_quadratic: bool) -> tuple[float, float]:
    """A broken twin."""
    found = kappa(table, is_quadratic=is_quadratic)
    if found.value is None:
        return np.nan, np.nan
    reach = z_of(0.95) * error_behind(found)
    return found.value - reach, found.value + reach


def bootstraps(table: np.ndarray, is_quadratic: bool) -> tuple[float, float]:
    """A broken twin: percentiles of 400 resamples."""
    if kappa(table, is_quadratic=is_quadratic).value is None:
        return np.nan, np.nan
    low, high = np.nanpercentile(kappas(drawn(table, table.sum(), 9, 400), is_quadratic), [2.5, 97.5])
    return low, high


def coverage(interval, n: int, *, is_quadratic: bool, table: np.ndarray = TRIAGES, times: int = 0) -> float:
    """How often the interval holds the true kappa, of those that can be told."""
    true = kappas(table[None], is_quadratic)[0]
    limits = np.array([interval(t, is_quadratic) for t in drawn(table, n, 8, times or runs(1000))])
    told = limits[~np.isnan(limits[:, 0])]
    return np.mean((told[:, 0] <= true) & (true <= told[:, 1]))


@pytest.mark.parametrize(
    ("n", "plain", "quadratic"),
    [(20, 0.96, 0.95), (50, 0.95, 0.91), (100, 0.97, 0.93), (300, 0.96, 0.93)],
)
def test_fishers_z_covers_as_documented(n, plain, quadratic):
    assert coverage(fishers, n, is_quadratic=False) == pytest.approx(plain, abs=BAND)
    assert coverage(fishers, n, is_quadratic=True) == pytest.approx(quadratic, abs=BAND)


@pytest.mark.parametrize("n", [20, 50])
@pytest.mark.parametrize("twin", [walds, bootstraps])
def test_other_intervals_of_quadratic_kappa_miss_more_often(twin, n):
    right, wrong = (coverage(which, n, is_quadratic=True) for which in (fishers, twin))
    assert wrong < 0.92
    assert right > wrong + 0.02


@pytest.mark.parametrize(("n", "documented"), [(100, 0.91), (300, 0.96)])
def test_one_sided_readings_cover_as_documented_once_there_are_enough(n, documented):
    found = coverage(fishers, n, is_quadratic=False, table=ONE_SIDED, times=runs(4000))
    assert found == pytest.approx(documented, abs=BAND)


def test_few_one_sided_readings_which_cover_too_little_are_not_shown():
    shown = [kappa(table).status is Status.OK for table in drawn(ONE_SIDED, 20, 8, runs())]
    assert not any(shown)
    assert np.mean([kappa(table).status is Status.OK for table in drawn(ONE_SIDED, 50, 8, runs())]) < 0.3


@pytest.mark.parametrize(
    ("n", "nominal", "ordinal"),
    [(20, 0.98, 0.95), (50, 0.96, 0.93), (100, 0.97, 0.96), (300, 0.96, 0.96)],
)
def test_the_jackknife_of_alpha_covers_as_documented(n, nominal, ordinal):
    for is_ordinal, documented in ((False, nominal), (True, ordinal)):
        true = krippendorff_alpha(unit_counts(units(TRIAGES * 100), 5), is_ordinal=is_ordinal).value
        found = [
            krippendorff_alpha(unit_counts(units(table), 5), is_ordinal=is_ordinal)
            for table in drawn(TRIAGES, n, 8, runs())
        ]
        told = [alpha.low <= true <= alpha.high for alpha in found if alpha.value is not None]
        assert np.mean(told) == pytest.approx(documented, abs=BAND)
