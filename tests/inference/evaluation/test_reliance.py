"""Reliance: what counts as following a wrong model, and why pooled arms would tell the wrong story."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.errors import EvaluationFailed
from inference.evaluation.intervals import Reason, Status, Stratum, difference, post_stratified, proportion
from inference.evaluation.reliance import (
    Pair,
    RiskClass,
    influence,
    override_precision,
    paired_reliance,
    seeded_reliance,
)
from tests.inference.evaluation.checks import BAND, assert_sound, runs

# --- seeded cases ------------------------------------------------------------------------------------------------


def test_alice_followed_nine_of_forty_wrong_seeds_and_overruled_three_of_thirty_right_ones():
    model_right = [False] * 40 + [True] * 30
    accepted = [True] * 9 + [False] * 31 + [True] * 27 + [False] * 3
    found = seeded_reliance(model_right, accepted)
    assert found.over == proportion(9, 40)
    assert found.under == proportion(3, 30)


def test_without_a_wrong_seed_over_reliance_is_undefined():
    found = seeded_reliance([True] * 40, [True] * 40)
    assert (found.over.status, found.over.value, found.over.n) == (Status.UNDEFINED, None, 0)
    assert found.under.value == 0


def test_each_seed_needs_an_answer():
    with pytest.raises(EvaluationFailed):
        seeded_reliance([True, False], [True])


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=80))
def test_seeded_reliance_is_always_sound(answers):
    found = seeded_reliance([right for right, _ in answers], [took for _, took in answers])
    assert_sound(found.over)
    assert_sound(found.under)
    assert found.over.n + found.under.n == len(answers)


# --- blind-first pairs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "model", "final", "over", "under"),
    [
        ("deny", "approve", "approve", (1, 1), (0, 0)),  # right, and talked out of it
        ("deny", "approve", "deny", (0, 1), (0, 0)),  # right, and stood by it
        ("approve", "deny", "approve", (0, 0), (1, 1)),  # wrong, and stood by it
        ("approve", "deny", "deny", (0, 0), (0, 1)),  # wrong, and put right
        ("deny", "deny", "deny", (0, 0), (0, 0)),  # both right: nothing to rely on
        ("approve", "approve", "approve", (0, 0), (0, 0)),  # a shared mistake is no reliance
        ("refer", "approve", "approve", (0, 0), (0, 0)),  # both wrong, each in its way
        ("deny", "approve", "refer", (0, 1), (0, 0)),  # a third answer is no switch to the model
        ("approve", "deny", "refer", (0, 0), (0, 1)),
    ],
)
def test_a_pair_counts_where_one_of_both_was_right(first, model, final, over, under):
    found = paired_reliance([Pair(first, model, final, truth="deny")])
    assert found.over == proportion(*over)
    assert found.under == proportion(*under)


@given(st.lists(st.builds(Pair, *[st.sampled_from("abc")] * 4), max_size=60))
def test_paired_reliance_is_always_sound(pairs):
    found = paired_reliance(pairs)
    assert_sound(found.over)
    assert_sound(found.under)


# --- influence ---------------------------------------------------------------------------------------------------


def test_one_class_of_risk_is_newcombe():
    found = influence([RiskClass(2000, 900, 1000, 80, 100)])
    assert found.difference == difference((900, 1000), (80, 100))
    assert (found.seen_first, found.blind) == (proportion(900, 1000), proportion(80, 100))
    assert found.difference.status is Status.OK


def test_classes_are_compared_inside_and_added_up_by_cases():
    found = influence([RiskClass(1500, 960, 1000, 90, 100), RiskClass(500, 120, 200, 60, 120)])
    assert found.difference.value == pytest.approx(0.75 * 0.06 + 0.25 * 0.1)
    inside = [difference((960, 1000), (90, 100)), difference((120, 200), (60, 120))]
    reach = np.hypot(0.75 * (inside[0].value - inside[0].low), 0.25 * (inside[1].value - inside[1].low))
    assert found.difference.low == pytest.approx(found.difference.value - reach)
    assert found.blind == post_stratified([Stratum(1500, 90, 100), Stratum(500, 60, 120)])


@pytest.mark.parametrize(
    ("classes", "status", "reason"),
    [
        ([], Status.UNDEFINED, Reason.NOTHING),
        ([RiskClass(0, 0, 0, 0, 0)], Status.UNDEFINED, Reason.NOTHING),
        ([RiskClass(900, 800, 900, 0, 0)], Status.UNDEFINED, Reason.NOTHING_IN_A_PART),
        ([RiskClass(900, 700, 800, 50, 59)], Status.TOO_FEW, Reason.FEW),
        ([RiskClass(900, 700, 800, 50, 60)], Status.OK, None),
        ([RiskClass(900, 700, 800, 50, 60), RiskClass(900, 700, 800, 20, 29)], Status.TOO_FEW, Reason.FEW),
        ([RiskClass(900, 700, 800, 50, 60), RiskClass(900, 700, 800, 20, 30)], Status.OK, None),
        (
            [RiskClass(900, 700, 800, 50, 60), RiskClass(900, 700, 800, 0, 0)],
            Status.UNDEFINED,
            Reason.NOTHING_IN_A_PART,
        ),
    ],
)
def test_influence_needs_enough_in_both_arms_of_each_class(classes, status, reason):
    found = influence(classes).difference
    assert (found.status, found.reason) == (status, reason)
    assert_sound(found, -1)


@st.composite
def risk_classes(draw) -> RiskClass:
    seen, blind = draw(st.integers(0, 80)), draw(st.integers(0, 80))
    return RiskClass(draw(st.integers(0, 500)), draw(st.integers(0, seen)), seen, draw(st.integers(0, blind)), blind)


@given(st.lists(risk_classes(), max_size=4))
def test_influence_is_always_sound(classes):
    found = influence(classes)
    assert_sound(found.seen_first)
    assert_sound(found.blind)
    assert_sound(found.difference, -1)


def test_pooled_arms_say_seventeen_points_where_the_truth_is_six():
    """Risky cases are read blind four times as often, and agree less with or without the model."""
    random = np.random.default_rng(10)
    apart, pooled = [], []
    for _ in range(runs(1000)):
        classes = []
        for cases, blind_share, agreement in ((1200, 0.05, 0.90), (800, 0.20, 0.60)):
            blind = round(cases * blind_share)
            agreed = int(random.binomial(cases - blind, agreement + 0.06)), int(random.binomial(blind, agreement))
            classes.append(RiskClass(cases, agreed[0], cases - blind, agreed[1], blind))
        apart.append(influence(classes).difference)
        seen = sum(one.seen_agreed for one in classes), sum(one.seen for one in classes)
        pooled.append(difference(seen, (sum(one.blind_agreed for one in classes), sum(one.blind for one in classes))))
    assert np.mean([found.value for found in apart]) == pytest.approx(0.06, abs=0.005)
    assert np.mean([found.low <= 0.06 <= found.high for found in apart]) == pytest.approx(0.946, abs=BAND)
    assert np.mean([found.value for found in pooled]) == pytest.approx(0.17, abs=0.01)
    assert np.mean([found.low <= 0.06 <= found.high for found in pooled]) < 0.2


def test_arms_inside_each_share_that_was_in_force_are_right_where_pooled_ones_are_not():
    """The share of blind cases was raised from 5 to 20 % when people had come to agree less anyway; seeing moves them by 8 points."""
    random = np.random.default_rng(13)
    inside, pooled = [], []
    for _ in range(runs(1000)):
        classes = []
        for share, agreement in ((0.05, 0.85), (0.20, 0.70)):
            blind = int(random.binomial(1500, share))
            agreed = int(random.binomial(1500 - blind, agreement + 0.08)), int(random.binomial(blind, agreement))
            classes.append(RiskClass(1500, agreed[0], 1500 - blind, agreed[1], blind))
        inside.append(influence(classes).difference)
        seen = sum(one.seen_agreed for one in classes), sum(one.seen for one in classes)
        pooled.append(difference(seen, (sum(one.blind_agreed for one in classes), sum(one.blind for one in classes))))
    assert np.mean([found.value for found in inside]) == pytest.approx(0.08, abs=0.005)
    assert np.mean([found.low <= 0.08 <= found.high for found in inside]) == pytest.approx(0.95, abs=BAND)
    assert np.mean([found.low <= 0.08 <= found.high for found in pooled]) < 0.75


def test_readers_who_share_mistakes_without_influence_do_not_look_over_reliant():
    """A nurse agrees with a wrong model in 10.5 % of its errors without ever seeing it; the arms say so, the rate does not."""
    random = np.random.default_rng(11)
    followed, effect = [], []
    for _ in range(runs()):
        seen, blind = int(random.binomial(1000, 0.105)), int(random.binomial(200, 0.105))
        followed.append(proportion(seen, 1000).low > 0.05)
        effect.append(influence([RiskClass(1200, seen, 1000, blind, 200)]).difference)
    assert np.mean(followed) > 0.95
    assert np.mean([found.low <= 0 <= found.high for found in effect]) == pytest.approx(0.95, abs=BAND)


# --- overrides ---------------------------------------------------------------------------------------------------


def test_overrides_drawn_for_adjudication_stand_for_those_that_were_not():
    """All 60 that were contested came to adjudication, and one in ten of the 400 that were not."""
    upheld = [True] * 24 + [False] * 36 + [True] * 36 + [False] * 4
    found = override_precision(upheld, [1.0] * 60 + [0.1] * 40)
    assert found.value == pytest.approx((24 + 360) / 460)
    assert proportion(sum(upheld), 100).value == 0.6  # a broken twin: contested overrides count ten times over
    assert found.n == 100
    assert found.effective_n == pytest.approx(460**2 / (60 + 4000))


def test_override_precision_is_right_nineteen_times_in_twenty():
    random = np.random.default_rng(12)
    weighted, plain = [], []
    for _ in range(runs(1000)):
        contested = random.random(300) < 0.3
        chances = np.where(contested, 1.0, 0.5)
        upheld = random.random(300) < np.where(contested, 0.5, 0.9)
        drawn = random.random(300) < chances
        weighted.append(override_precision(upheld[drawn].tolist(), chances[drawn].tolist()))
        plain.append(proportion(int(upheld[drawn].sum()), int(drawn.sum())))
    assert np.mean([found.low <= 0.78 <= found.high for found in weighted]) == pytest.approx(0.95, abs=BAND)
    assert np.mean([found.low <= 0.78 <= found.high for found in plain]) < 0.7
