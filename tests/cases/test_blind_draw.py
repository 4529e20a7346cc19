"""The blind-first draw: by chance alone, the same when it is drawn again, and kept for both arms."""

from collections import Counter
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewapp.cases.actions import opening
from reviewapp.cases.actions.opening import Opening
from reviewapp.cases.models import Case, Queue, Selection
from reviewapp.cases.rules import Arm
from reviewapp.lib import draws
from tests import factories

MANY = 4_000


def routed(share: float, **changes) -> Opening:
    plain = Opening(
        prediction_id=uuid4(), queue=Queue(blind_share=share), external_id="APP-1", advised="deny", confidence=0.7, why="r",
        priority=0, summary={}, policy_version_id=UUID(int=1), policy_number=1, features={},
    )  # fmt: skip
    return replace(plain, **changes)


@given(st.uuids(), st.floats(0, 1), st.floats(0, 1))
def test_the_same_prediction_is_drawn_the_same_and_a_greater_share_only_adds_to_the_blind(prediction_id, low, high):
    low, high = sorted((low, high))
    few, many = (opening._draw(routed(share, prediction_id=prediction_id)) for share in (low, high))
    assert few == opening._draw(routed(low, prediction_id=prediction_id))
    assert few.digest == many.digest
    assert few.arm == Arm.SEEN_FIRST or many.arm == Arm.BLIND


@given(st.uuids(), st.sampled_from(["approve", "deny"]), st.floats(0, 1), st.integers(0, 100), st.text(max_size=9))
def test_nothing_that_the_model_said_or_the_sender_chose_moves_the_draw(
    prediction_id, advised, confidence, priority, why
):
    one = opening._draw(routed(0.5, prediction_id=prediction_id))
    other = routed(0.5, prediction_id=prediction_id, advised=advised, confidence=confidence, priority=priority, why=why)
    assert opening._draw(other) == one


@settings(max_examples=5, deadline=None)
@given(st.sampled_from([0.02, 0.05, 0.3, 0.5]))
def test_the_share_is_met_within_six_standard_deviations(share):
    blind = sum(opening._draw(routed(share)).arm == Arm.BLIND for _ in range(MANY))
    assert abs(blind - share * MANY) < 6 * (share * (1 - share) * MANY) ** 0.5


def test_another_policy_version_or_another_key_draws_anew(monkeypatch):
    one = routed(0.5)
    drawn = opening._draw(one).digest
    assert opening._draw(replace(one, policy_version_id=UUID(int=2))).digest != drawn
    monkeypatch.setattr(opening, "_draw_key", lambda: b"another")
    assert opening._draw(one).digest != drawn


@pytest.mark.django_db
def test_both_arms_are_kept_with_probability_stratum_and_draw(office, api):
    Queue.objects.update(blind_share=0.5)
    said = [{"approve": 0.1, "deny": 0.9}, {"approve": 0.4, "deny": 0.6}]
    items = [
        factories.prediction_body(prediction={"outcome": "deny", "probabilities": said[n % 2]}, explanation=None)
        for n in range(200)
    ]
    assert api(office.sender).post("/api/v1/predictions/batch", {"items": items}).status_code == 200
    rows = list(Selection.objects.select_related("case"))
    assert len(rows) == 200
    assert {(row.purpose, row.probability) for row in rows} == {("blind_first", 0.5)}
    assert all((row.arm == "blind") == row.case.is_blind == (draws.number(bytes(row.draw)) < 0.5) for row in rows)
    strata = Counter((row.stratum, row.case.confidence >= 0.75) for row in rows)
    assert strata == {("policy 1/deny/sure", True): 100, ("policy 1/deny/unsure", False): 100}
    assert {row.arm for row in rows} == {"blind", "seen_first"}


@pytest.mark.django_db
def test_a_queue_without_a_share_draws_nothing(office):
    assert office.send().is_blind is False
    assert not Selection.objects.exists()
    assert not Case.objects.filter(is_blind=True).exists()
