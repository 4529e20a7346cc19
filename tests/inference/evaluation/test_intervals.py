"""Shares and differences: the published figures, the limits of what can be said, and how often the intervals are right."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.errors import EvaluationFailed
from inference.evaluation.intervals import (
    Reason,
    Status,
    Stratum,
    difference,
    post_stratified,
    proportion,
    weighted_proportion,
    weighted_sum,
    z_of,
)
from tests.inference.evaluation.checks import BAND, assert_sound, runs


@st.composite
def counts(draw, most: int = 90) -> tuple[int, int]:
    n = draw(st.integers(0, most))
    return draw(st.integers(0, n)), n


def binomial(n: int, p: float) -> list[float]:
    return [math.comb(n, x) * p**x * (1 - p) ** (n - x) for x in range(n + 1)]


# --- one share ---------------------------------------------------------------------------------------------------


def test_the_raw_agreement_of_the_nurses_is_as_published():
    raw = proportion(1081, 1267)
    assert (raw.value, raw.low, raw.high) == pytest.approx((0.853, 0.833, 0.872), abs=5e-4)
    assert (raw.n, raw.status, raw.reason) == (1267, Status.OK, None)


def test_nothing_counted_is_undefined_and_anything_is_possible():
    none = proportion(0, 0)
    assert (none.n, none.status, none.value, none.low, none.high) == (0, Status.UNDEFINED, None, 0, 1)
    assert none.reason is Reason.NOTHING


def test_thirty_are_needed_to_show_a_share():
    assert (proportion(9, 29).status, proportion(9, 30).status) == (Status.TOO_FEW, Status.OK)
    assert proportion(9, 29).reason is Reason.FEW
    assert proportion(9, 29, fewest=20).status is Status.OK


@pytest.mark.parametrize(("hits", "n"), [(3, 2), (-1, 5), (0, -1)])
def test_counts_that_contradict_each_other_are_refused(hits, n):
    with pytest.raises(EvaluationFailed):
        proportion(hits, n)


@given(counts(most=2000), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_a_share_is_always_sound(count, level):
    assert_sound(proportion(*count, level=level))


def covered(interval, n: int, p: float) -> float:
    """Exactly, by adding up: how often the interval holds the true share."""
    limits = [interval(x, n) for x in range(n + 1)]
    return sum(chance for chance, (low, high) in zip(binomial(n, p), limits, strict=True) if low <= p <= high)


def wilsons(x: int, n: int) -> tuple[float, float]:
    share = proportion(x, n)
    return share.low, share.high


def walds(x: int, n: int) -> tuple[float, float]:
    """A broken twin."""
    reach = z_of(0.95) * math.sqrt(x / n * (1 - x / n) / n)
    return x / n - reach, x / n + reach


def test_wilson_is_right_where_wald_is_not():
    few = [(n, p) for n in range(10, 60, 7) for p in (0.725, 0.801, 0.9)]
    wilson, wald = (np.mean([covered(interval, *case) for case in few]) for interval in (wilsons, walds))
    assert wilson == pytest.approx(0.95, abs=0.01)
    assert wald < 0.92


# --- differences -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "value", "low", "high"),
    [
        ((56, 70), (48, 80), 0.2, 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.6, 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.5714, 0.0582, 0.8062),
        ((5, 56), (0, 29), 0.0893, -0.0381, 0.1926),
        ((10, 10), (0, 20), 1.0, 0.6791, 1.0),
        ((10, 10), (0, 10), 1.0, 0.6075, 1.0),
    ],
)
def test_newcombes_interval_matches_his_table(first, second, value, low, high):
    apart = difference(first, second)
    assert (apart.value, apart.low, apart.high) == pytest.approx((value, low, high), abs=5e-5)
    assert apart.n == first[1] + second[1]


def test_sixty_on_each_side_are_needed_to_compare():
    assert difference((20, 60), (30, 60)).status is Status.OK
    assert difference((20, 59), (300, 600)).status is Status.TOO_FEW


def test_a_difference_from_nothing_is_undefined_within_bounds():
    apart = difference((90, 100), (0, 0))
    assert (apart.status, apart.value, apart.reason) == (Status.UNDEFINED, None, Reason.NOTHING_IN_A_PART)
    assert (apart.low, apart.high) == pytest.approx((0.9 - 1, 0.9 + 0), abs=0.08)
    assert difference((0, 0), (0, 0)).reason is Reason.NOTHING


@given(counts(), counts())
def test_a_difference_is_always_sound_and_turns_with_its_sides(first, second):
    apart, turned = difference(first, second), difference(second, first)
    assert_sound(apart, -1, 1)
    assert (apart.low, apart.high) == pytest.approx((-turned.high, -turned.low))


@pytest.mark.parametrize(("n", "p", "m", "q"), [(60, 0.9, 400, 0.8), (30, 0.8, 30, 0.6), (100, 0.5, 60, 0.7)])
def test_newcombes_interval_is_right_nineteen_times_in_twenty(n, p, m, q):
    random = np.random.default_rng(1)
    drawn = zip(random.binomial(n, p, runs(2000)).tolist(), random.binomial(m, q, runs(2000)).tolist(), strict=True)
    found = [difference((x, n), (y, m)) for x, y in drawn]
    assert np.mean([apart.low <= p - q <= apart.high for apart in found]) == pytest.approx(0.95, abs=BAND)


# --- strata ------------------------------------------------------------------------------------------------------


def test_one_stratum_is_wilson():
    assert post_stratified([Stratum(500, 40, 50)]) == proportion(40, 50)


def test_a_stratum_counts_by_its_cases_and_not_by_its_labels():
    share = post_stratified([Stratum(900, 45, 50), Stratum(100, 25, 100)])
    assert share.value == pytest.approx(0.9 * 0.9 + 0.1 * 0.25)
    assert share.n == 150
    assert share.status is Status.OK


def test_one_stratum_with_too_few_makes_the_whole_too_few():
    assert post_stratified([Stratum(900, 45, 50), Stratum(100, 9, 29)]).reason is Reason.FEW


def test_a_stratum_nobody_labelled_leaves_bounds():
    share = post_stratified([Stratum(900, 810, 900), Stratum(100, 0, 0)])
    assert (share.status, share.value, share.reason) == (Status.UNDEFINED, None, Reason.NOTHING_IN_A_PART)
    assert (share.low, share.high) == pytest.approx((0.9 * 0.9, 0.9 * 0.9 + 0.1), abs=0.02)


def test_no_stratum_is_undefined():
    assert post_stratified([]) == post_stratified([Stratum(0, 0, 0)]) == proportion(0, 0)


def test_an_empty_stratum_without_labels_changes_nothing():
    assert post_stratified([Stratum(500, 40, 50), Stratum(0, 0, 0)]) == proportion(40, 50)


@given(st.lists(st.tuples(st.integers(0, 1000), counts()), max_size=6))
def test_a_sum_over_strata_is_always_sound(strata):
    assert_sound(post_stratified([Stratum(cases, *labels) for cases, labels in strata]))


@given(st.lists(st.tuples(st.floats(-3, 3), counts()), max_size=6))
def test_a_weighted_sum_is_always_sound(parts):
    assert_sound(weighted_sum([(weight, proportion(*labels)) for weight, labels in parts]), -18, 18)


# --- selection ---------------------------------------------------------------------------------------------------


def test_equal_probabilities_are_a_plain_share():
    hits = [True] * 30 + [False] * 10
    weighted, plain = weighted_proportion(hits, [0.05] * 40), proportion(30, 40)
    assert (weighted.value, weighted.low, weighted.high) == pytest.approx((plain.value, plain.low, plain.high))
    assert (weighted.n, weighted.effective_n) == (40, pytest.approx(40))


def test_a_case_drawn_one_time_in_twenty_stands_for_twenty():
    weighted = weighted_proportion([True, False], [1.0, 0.05], fewest=1)
    assert weighted.value == pytest.approx(1 / 21)
    assert weighted.effective_n == pytest.approx(21**2 / 401)


def test_few_effective_cases_are_too_few_however_many_were_counted():
    weighted = weighted_proportion([True] * 200 + [False] * 5, [1.0] * 200 + [0.01] * 5)
    assert weighted.n == 205
    assert weighted.effective_n < 30
    assert (weighted.status, weighted.reason) == (Status.TOO_FEW, Reason.FEW)


def test_cases_that_could_not_be_drawn_say_nothing():
    hits, probabilities = [True, True, False], [0.0, 0.5, 0.5]
    assert weighted_proportion(hits, probabilities) == weighted_proportion(hits[1:], probabilities[1:])
    assert weighted_proportion([True], [0.0]) == weighted_proportion([], []) == proportion(0, 0)


@pytest.mark.parametrize(
    ("hits", "probabilities"), [([True], [1.2]), ([True], []), ([True], [-0.1]), ([True], [math.nan])]
)
def test_what_is_no_probability_is_refused(hits, probabilities):
    with pytest.raises(EvaluationFailed):
        weighted_proportion(hits, probabilities)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), max_size=40))
def test_a_weighted_share_is_always_sound(cases):
    assert_sound(weighted_proportion([hit for hit, _ in cases], [chance for _, chance in cases]))


SELECTED = {
    # cases, automatic, drawn for QA, accuracy of what is automatic and of what people see; bias of reviewed cases alone
    # and coverage of the post-stratified share, both as documented
    "half automatic": (10_000, 0.5, 0.05, 0.834, 0.616, -0.099, 0.94),
    "most automatic": (10_000, 0.7, 0.05, 0.893, 0.586, -0.176, 0.95),
    "28 labels": (2_000, 0.7, 0.02, 0.891, 0.591, -0.193, 0.96),
}


def coverage(found, true: float) -> float:
    return np.mean([share.low <= true <= share.high for share in found])


def bias(found, true: float) -> float:
    return np.mean([share.value for share in found]) - true


@pytest.mark.parametrize("name", SELECTED)
def test_accuracy_under_selection_is_told_right_and_by_reviewed_cases_alone_never(name):
    cases, automatic, qa, sure, unsure, naive_bias, documented = SELECTED[name]
    easy = round(cases * automatic)
    hard = cases - easy
    true = automatic * sure + (1 - automatic) * unsure
    random = np.random.default_rng(2)
    naive, weighted, stratified = [], [], []
    for _ in range(runs()):
        drawn, right_hard = int(random.binomial(easy, qa)), int(random.binomial(hard, unsure))
        right_easy = int(random.binomial(drawn, sure))
        hits = np.repeat([True, False, True, False], [right_easy, drawn - right_easy, right_hard, hard - right_hard])
        naive.append(proportion(right_easy + right_hard, drawn + hard))  # a broken twin
        weighted.append(weighted_proportion(hits.tolist(), [qa] * drawn + [1.0] * hard))
        stratified.append(post_stratified([Stratum(easy, right_easy, drawn), Stratum(hard, right_hard, hard)]))
    assert bias(stratified, true) == pytest.approx(0, abs=0.005)
    assert coverage(stratified, true) == pytest.approx(documented, abs=BAND)
    assert bias(weighted, true) == pytest.approx(0, abs=0.01)
    assert coverage(weighted, true) > 0.95  # wider than it needs to be, as rare cases here are the surer ones
    assert bias(naive, true) == pytest.approx(naive_bias, abs=0.01)
    assert coverage(naive, true) == 0


def test_weights_that_know_nothing_of_the_outcome_leave_the_interval_right():
    random = np.random.default_rng(3)
    found = []
    for _ in range(runs(1000)):
        chances = random.choice([0.05, 0.1, 0.5, 1.0], 300)
        drawn = chances[random.random(300) < chances]
        found.append(weighted_proportion((random.random(len(drawn)) < 0.7).tolist(), drawn.tolist()))
    assert coverage(found, 0.7) == pytest.approx(0.95, abs=BAND)
