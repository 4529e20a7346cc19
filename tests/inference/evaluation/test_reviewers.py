"""One reviewer's figures: seldom an innocent accused, no number where there is none, and quick is no fault."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import betainc
from scipy.stats import betabinom

from inference.errors import EvaluationFailed
from inference.evaluation.intervals import Reason, Status
from inference.evaluation.reviewers import LIMIT, MEANS, TOTALS, haste, reviewer_rates, speed_floor
from tests.inference.evaluation.checks import runs

AVERAGE, ALIKE = 0.12, 15  # a team's mean rate, and the total of the Beta its members are drawn from


# --- rates -------------------------------------------------------------------------------------------------------


def test_three_reviewers_match_the_documented_figures():
    found = reviewer_rates([1, 0, 5], [10, 12, 11])
    assert [one.mean for one in found] == pytest.approx([0.149, 0.089, 0.337], abs=6e-4)
    assert [one.beyond for one in found] == pytest.approx([0.258, 0.098, 0.869], abs=6e-4)
    assert [one.n for one in found] == [10, 12, 11]
    assert [one.hits for one in found] == [1, 0, 5]


@pytest.mark.parametrize(
    ("hits", "shown"),
    [([1, 0, 5], [10, 12, 11]), ([3, 4, 25, 2], [40, 40, 40, 4]), ([90, 110, 400], [1000] * 3), ([0, 7], [0, 7])],
)
def test_the_posterior_is_that_of_a_plain_sum_over_the_grid(hits, shown):
    grid = [(mean * total, (1 - mean) * total, total) for mean in MEANS for total in TOTALS]
    a, b, totals = np.array(grid).T
    logs = -0.5 * ((np.log(totals) - np.log(15)) / 1.2) ** 2
    for x, n in zip(hits, shown, strict=True):
        logs += betabinom.logpmf(x, n, a, b)
    weights = np.exp(logs - logs.max())
    weights /= weights.sum()
    for one, x, n in zip(reviewer_rates(hits, shown), hits, shown, strict=True):

        def below(rate: float, a=a + x, b=b + n - x) -> float:
            return float(weights @ betainc(a, b, rate))

        assert one.mean == pytest.approx(weights @ ((a + x) / (a + b + n)), abs=1e-6)
        assert one.beyond == pytest.approx(1 - below(LIMIT), abs=1e-6)
        assert one.low == pytest.approx(brentq(lambda rate: below(rate) - 0.05, 0, 1), abs=1e-3)
        assert one.high == pytest.approx(brentq(lambda rate: below(rate) - 0.95, 0, 1), abs=1e-3)


@pytest.mark.parametrize(
    ("n", "status", "reason"),
    [
        (0, Status.TOO_FEW, Reason.FEW),
        (9, Status.TOO_FEW, Reason.FEW),
        (10, Status.TOO_FEW, Reason.INTERVAL_ONLY),
        (29, Status.TOO_FEW, Reason.INTERVAL_ONLY),
        (30, Status.OK, None),
    ],
)
def test_a_mean_needs_thirty_cases_and_an_interval_ten(n, status, reason):
    mallory = reviewer_rates([1, 2, n], [30, 30, n])[2]
    assert (mallory.status, mallory.reason) == (status, reason)
    assert mallory.is_flagged == (n >= 30)


def test_from_ten_reviewers_on_more_certainty_is_asked():
    nine = reviewer_rates([15] + [6] * 8, [38] + [40] * 8)
    ten = reviewer_rates([15] + [6] * 9, [38] + [40] * 9)
    assert all(0.90 < team[0].beyond < 0.95 for team in (nine, ten))
    assert nine[0].is_flagged
    assert not ten[0].is_flagged


def test_nobody_is_no_report():
    assert reviewer_rates([], []) == ()


def test_a_reviewer_of_few_cases_is_seen_with_the_team():
    bob = reviewer_rates([2, *[4] * 7], [5, *[40] * 7])[0]
    assert 0.1 < bob.mean < 0.2  # raw: 0.4


@pytest.mark.parametrize(("hits", "shown"), [([3], [2]), ([-1], [2]), ([1], [2, 3]), ([[1]], [[2]])])
def test_counts_that_contradict_each_other_are_refused(hits, shown):
    with pytest.raises(EvaluationFailed):
        reviewer_rates(hits, shown)


@st.composite
def teams(draw) -> tuple[list[int], list[int]]:
    shown = draw(st.lists(st.sampled_from([0, 1, 2, 9, 30, 400, 100_000]), max_size=5))
    return [draw(st.sampled_from([0, n // 7, n])) for n in shown], shown


@given(teams())
def test_rates_are_always_sound(team):
    for one in reviewer_rates(*team):
        assert 0 <= one.low <= one.high <= 1
        assert 0 < one.mean < 1
        assert 0 <= one.beyond <= 1


def test_a_team_of_eight_takes_less_than_twenty_milliseconds():
    def seconds() -> float:
        start = time.thread_time()
        reviewer_rates([3, 4, 5, 2, 6, 9, 1, 3], [40] * 8)
        return time.thread_time() - start

    assert min(seconds() for _ in range(10)) < 0.020


def reports(random: np.random.Generator, people: int, n: int, times: int):
    """Each report as (true rates, mistakes, what is said of them)."""
    for _ in range(times):
        rates = random.beta(AVERAGE * ALIKE, (1 - AVERAGE) * ALIKE, people)
        hits = random.binomial(n, rates)
        yield rates, hits, reviewer_rates(hits.tolist(), [n] * people)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("people", "n", "times"), [(8, 60, 400), (20, 60, 200)])
def test_an_innocent_is_seldom_flagged_where_raw_rates_accuse_many(people, n, times):
    flagged, accused, covered = [], [], []
    for rates, hits, said in reports(np.random.default_rng(13), people, n, runs(times)):
        innocent = rates <= LIMIT
        flagged.append(any(innocent & [one.is_flagged for one in said]))
        accused.append(any(innocent & (hits / n > LIMIT)))  # a broken twin
        covered += [one.low <= rate <= one.high for one, rate in zip(said, rates, strict=True)]
    assert np.mean(flagged) <= 0.03
    assert np.mean(accused) > 0.25
    assert 0.84 <= np.mean(covered) <= 0.94


@pytest.mark.timeout(1800)
def test_who_follows_a_wrong_model_in_four_of_ten_is_found_at_sixty_cases():
    random = np.random.default_rng(14)
    found = []
    for _ in range(runs(100)):
        rates = np.append(random.beta(AVERAGE * 30, (1 - AVERAGE) * 30, 7), 0.4)
        found.append(reviewer_rates(random.binomial(60, rates).tolist(), [60] * 8)[7].is_flagged)
    assert np.mean(found) > 0.8


# --- speed -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("words", "seconds"), [(0, 3), (40, 3), (80, 6), (400, 30)])
def test_the_floor_is_the_time_to_read_a_third_of_what_differs(words, seconds):
    assert speed_floor(words) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("right", "n", "status", "is_flagged"),
    [
        (0, 4, Status.TOO_FEW, False),
        (1, 5, Status.OK, True),
        (5, 5, Status.OK, False),
        (19, 20, Status.OK, False),
        (10, 20, Status.OK, True),
        (0, 0, Status.TOO_FEW, False),
    ],
)
def test_quick_is_flagged_only_where_it_is_often_wrong(right, n, status, is_flagged):
    found = haste(right, n)
    assert (found.status, found.is_flagged, found.n, found.right) == (status, is_flagged, n, right)


def test_quick_and_right_is_the_mean_of_what_was_seen_and_four_of_five():
    found = haste(19, 20)
    assert found.mean == pytest.approx(23 / 25)
    assert found.low < found.mean < found.high


@pytest.mark.parametrize(("right", "n"), [(3, 2), (-1, 2)])
def test_more_right_than_reviewed_is_refused(right, n):
    with pytest.raises(EvaluationFailed):
        haste(right, n)


@given(st.integers(0, 300), st.data())
def test_haste_is_always_sound(n, data):
    found = haste(data.draw(st.integers(0, n)), n)
    assert 0 <= found.low <= found.mean <= found.high <= 1
    assert 0 <= found.below <= 1
    assert (found.reason is None) == (found.status is Status.OK)


def flagged_share(right: float, known: float) -> float:
    """Of people half of whose 1,000 cases are quick, in a `known` share of which the truth is known."""
    random = np.random.default_rng(15)
    quick = random.binomial(500, known, runs(2000))
    hits = random.binomial(quick, right)
    return np.mean([haste(int(x), int(n)).is_flagged for x, n in zip(hits, quick, strict=True)])


@pytest.mark.parametrize("known", [0.02, 0.05])
def test_experts_are_not_flagged_for_being_quick(known):
    assert flagged_share(0.95, known) <= 0.002  # documented as never, in 500 runs


@pytest.mark.parametrize(("known", "documented"), [(0.02, 0.68), (0.05, 0.94)])
def test_who_clicks_through_is_flagged(known, documented):
    assert flagged_share(0.5, known) == pytest.approx(documented, abs=0.04)  # documented from 500 runs
