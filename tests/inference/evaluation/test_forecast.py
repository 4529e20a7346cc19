"""Breaches of the next hours: what a queue of known nature does, how often the interval holds it, and what is not forecast."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.errors import EvaluationFailed
from inference.evaluation import forecast as module
from inference.evaluation.forecast import Forecast, Lack, Range, forecast
from inference.evaluation.intervals import Status
from tests.inference.evaluation.checks import runs

HOURS, SLA = 8, 60.0
NOBODY_COMES = np.zeros((20, HOURS), int)
TEN_MINUTES = [10.0] * 60


def asked(**given) -> Forecast:
    """Of an empty queue with one reviewer who takes ten minutes for each case, to which nothing comes, unless told otherwise."""
    plain = {
        "due": [],
        "ready": [0.0] * len(given.get("due", [])),
        "arrivals": NOBODY_COMES,
        "due_of_arrival": np.arange(60 * HOURS) + SLA,
        "handle_minutes": TEN_MINUTES,
        "shifts": [(0.0, 480.0)],
    }
    return forecast(**(plain | given))


# --- by hand -----------------------------------------------------------------------------------------------------


def test_eight_cases_due_in_an_hour_are_six_answered_and_two_late():
    found = asked(due=[60.0] * 8, one_more=(0.0, 480.0))
    assert (found.n, found.times, found.due, found.status) == (20, 60, 8, Status.OK)
    assert found.breaches == Range(2, 2, 2)
    assert found.one_more == Range(0, 0, 0)


@pytest.mark.parametrize(
    ("given", "late"),
    [
        ({"due": [25.0, 15.0, 15.0]}, 2),  # soonest due first: 15 is met, 15 is late, 25 is late
        ({"due": [15.0], "ready": [20.0]}, 1),  # pended beyond its time
        ({"due": [15.0, 400.0], "ready": [0.0, -1.0]}, 1),  # what is in hand is finished first
        ({"due": [-5.0, 15.0]}, 1),  # what is late already is worked on, and does not count
        ({"due": [500.0, 15.0]}, 0),  # due after the window: neither counts nor comes first
        ({"due": [100.0] * 3, "shifts": []}, 3),  # nobody
        ({"due": [100.0] * 3, "shifts": [(95.0, 480.0)]}, 3),
        ({"due": [100.0] * 3, "shifts": [(0.0, 15.0)]}, 1),  # begun before 15, finished at 20; the third nobody takes
        ({"due": [480.0], "ready": [475.0]}, 1),
    ],
)
def test_what_is_answered_in_time(given, late):
    assert asked(**given).breaches == Range(late, late, late)


def test_one_more_reviewer_meets_the_same_cases_with_the_same_times():
    busy = np.full((20, HOURS), 9)
    found = asked(arrivals=busy, one_more=(600.0, 660.0))  # after the window: no help
    assert found.one_more == found.breaches
    assert found.breaches.value > 0
    helped = asked(arrivals=busy, one_more=(0.0, 480.0))
    assert helped.breaches == found.breaches
    assert helped.one_more.high < found.breaches.low


# --- too few -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "lack", "n", "times"),
    [
        ({"arrivals": NOBODY_COMES[:4]}, Lack.DAYS, 4, 60),
        ({"arrivals": []}, Lack.DAYS, 0, 60),
        ({"handle_minutes": TEN_MINUTES[:49]}, Lack.TIMES, 20, 49),
        ({"handle_minutes": []}, Lack.TIMES, 20, 0),
        ({"due": [9.0] * 5_001}, Lack.CASES, 20, 60),
        ({"arrivals": np.full((20, HOURS), 700)}, Lack.CASES, 20, 60),
    ],
)
def test_with_too_little_or_too_much_nothing_is_forecast(given, lack, n, times):
    assert asked(**given) == Forecast(n, times, 0, Status.TOO_FEW, lack)


def test_only_the_last_twenty_days_and_four_hundred_times_count():
    found = asked(
        due=[480.0] * 3,
        arrivals=np.vstack([NOBODY_COMES, np.full((9, HOURS), 600)]),
        handle_minutes=[1.0] * 400 + [1000.0] * 400,
    )
    assert (found.n, found.times, found.due, found.breaches) == (20, 400, 3, Range(0, 0, 0))


@pytest.mark.parametrize(
    "given",
    [
        {"due": [1.0], "ready": []},
        {"due_of_arrival": [1.0]},
        {"due_of_arrival": np.arange(60 * HOURS)[::-1]},
        {"handle_minutes": [-1.0] * 60},
        {"arrivals": -NOBODY_COMES - 1},
    ],
)
def test_arrays_that_contradict_each_other_are_refused(given):
    with pytest.raises(EvaluationFailed):
        asked(**given)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-600, 900), st.floats(-1, 500)), max_size=30),
    st.integers(0, 12),
    st.lists(st.tuples(st.floats(0, 480), st.floats(0, 600)), max_size=4),
)
def test_a_forecast_is_always_whole_and_in_order(cases, each_hour, shifts):
    arrivals = np.random.default_rng(1).poisson(each_hour, (7, HOURS))
    found = asked(
        due=[by for by, _ in cases],
        ready=[start for _, start in cases],
        arrivals=arrivals,
        shifts=shifts,
        one_more=(60.0, 480.0),
        runs=20,
    )
    for few in (found.breaches, found.one_more):
        assert 0 <= few.low <= few.value <= few.high


# --- against a known truth ---------------------------------------------------------------------------------------


def played(due, moments, work, shifts, end=60.0 * HOURS) -> int:
    """What becomes of one day, by the plainest means: whoever can begin first takes what is then due first. No heaps."""
    cases = [(by, start, index) for index, (by, start) in enumerate([*((d, 0.0) for d in due), *moments])]
    free, late = [start for start, _ in shifts], sum(0 < by <= end for by, _, _ in cases)
    staff = set(range(len(shifts)))
    while cases and staff:
        soonest = min(start for _, start, _ in cases)
        at, _, leaves, who = min((max(free[who], soonest), free[who], shifts[who][1], who) for who in staff)
        if at >= min(leaves, end):
            staff.remove(who)
            continue
        chosen = min(case for case in cases if case[1] <= at)
        cases.remove(chosen)
        free[who] = at + work[chosen[2]]
        late -= 0 < chosen[0] <= end and free[who] <= chosen[0]
    return late


def queue_of_known_nature(seed: int):
    """Days of an office: their arrivals vary by a factor (sd 0.3), handle times are lognormal; then what truly became of the next one."""
    rng = np.random.default_rng(seed)
    staff, spread = int(rng.integers(2, 5)), 0.3
    mean_time, load = 12.0, rng.uniform(0.7, 1.15)
    each_hour = staff * 60 / mean_time * load * rng.dirichlet(np.full(HOURS, 30)) * HOURS
    factors = rng.gamma(1 / spread**2, spread**2, 21)
    days = rng.poisson(factors[:, None] * each_hour)
    times = rng.lognormal(np.log(mean_time) - 0.18, 0.6, 1_000)
    shifts = [(0.0, 480.0)] * (staff - 1) + [(0.0, 300.0)]
    due = np.sort(rng.uniform(0, SLA, rng.poisson(staff * 2)))
    today = np.sort(60 * (np.repeat(np.arange(HOURS), days[20]) + rng.random(days[20].sum())))
    truth = played(due, [(moment + SLA, moment) for moment in today], times[400:].tolist(), shifts)
    return {"due": due, "arrivals": days[:20], "handle_minutes": times[:400], "shifts": shifts, "seed": seed}, truth


def coverage(number: int) -> float:
    held = 0
    for seed in range(number):
        given, truth = queue_of_known_nature(seed)
        found = asked(**given, runs=50)
        held += found.breaches.low <= truth <= found.breaches.high
    return held / number


def test_the_interval_holds_what_truly_happens_and_without_the_day_factor_it_does_not(monkeypatch):
    number = runs(60)
    sound = coverage(number)
    monkeypatch.setattr(module, "_day_factors", lambda _, count, __: np.ones(count))
    broken = coverage(number)
    print(f"covers {sound:.3f}, without the day factor {broken:.3f}, of {number}")
    assert sound >= 0.80 - 2 * np.sqrt(0.8 * 0.2 / number)
    assert broken < 0.65
    assert sound - broken > 0.2


def test_each_day_ends_as_if_it_were_played_by_the_plainest_means():
    for seed in range(12):
        given, _ = queue_of_known_nature(seed)
        rng = np.random.default_rng(seed)
        moments = np.sort(rng.uniform(0, 480, 150))
        work = rng.lognormal(2.3, 0.6, 150 + len(given["due"]))
        cases = module._cases(given["due"], [0.0] * len(given["due"]), moments, np.arange(480) + SLA, work)
        counted = sum(0 < case[2] <= 480 for case in cases)
        dues = [(float(np.floor(moment)) + SLA, moment) for moment in moments]
        assert counted - module._in_time(cases, given["shifts"], 480.0) == played(
            given["due"], dues, work.tolist(), given["shifts"]
        ), seed


def test_the_same_question_has_the_same_answer_and_two_hundred_cases_take_little_time():
    given, _ = queue_of_known_nature(7)
    given |= {"arrivals": np.full((20, HOURS), 22), "one_more": (0.0, 480.0)}
    began = time.process_time()
    found = asked(**given)
    assert time.process_time() - began < 1.5  # some 0.1 s, twice 200 runs
    assert asked(**given) == found
    assert found.runs == 200
