"""A lead enters and clears a shift by the API."""

from datetime import timedelta

import pytest
from django.utils import timezone

from reviewapp.monitoring.models import Shift

pytestmark = pytest.mark.django_db
SHIFT = "/api/v1/queues/loans/shift"


def hours(count):
    return (timezone.now() + timedelta(hours=count)).isoformat()


def test_carol_enters_a_shift_and_clears_it(api, office, carol):
    assert api(carol).put(SHIFT, {"people": 3, "until": hours(8)}).json()["people"] == 3
    told = {row["queue"]: row["shift"] for row in api(carol).get("/api/v1/forecasts").json()["results"]}
    assert told["loans"]["people"] == 3
    assert api(carol).client.delete(SHIFT).status_code == 204
    assert api(carol).client.delete(SHIFT).status_code == 204, "there is none, as was asked for"
    assert not Shift.objects.exists()


def test_only_a_lead_of_the_queue_does(api, office, alice, mallory):
    for person in (alice, mallory):
        assert api(person).put(SHIFT, {"people": 3, "until": hours(8)}).status_code == 404
        assert api(person).client.delete(SHIFT).status_code == 404


@pytest.mark.parametrize(
    "changes",
    [{"people": -1}, {"people": 1.5}, {"people": True}, {"people": 9_999}, {"until": hours(-1)}, {"until": hours(25)}, {"until": "17"}, {"who": 1}],
)  # fmt: skip
def test_what_is_no_shift_is_refused(api, office, carol, changes):
    assert api(carol).put(SHIFT, {"people": 3, "until": hours(8), **changes}).status_code == 422
    assert not Shift.objects.exists()
