"""What people set for themselves, by the API: their keys and until when they are away."""

from datetime import timedelta

import pytest
from django.utils import timezone

from reviewapp.audit.models import AuditEvent

pytestmark = pytest.mark.django_db
KEYS, ABSENCE = "/api/v1/me/keys", "/api/v1/me/absence"


def test_alice_sets_her_keys_and_bobs_stay_as_they_are(api, sign_in, alice, bob):
    assert api(alice).put(KEYS, {"own_keys": {"a": "q", "n": "n"}}).json() == {"own_keys": {"a": "q"}}
    assert api(alice).get(KEYS).json() == {"own_keys": {"a": "q"}}
    assert api(bob).get(KEYS).json() == {"own_keys": {}}
    assert 'data-own-keys="aq"' in sign_in(alice).get("/my-work/").content.decode()
    assert AuditEvent.objects.get(action="user.keys_changed").actor_id == alice.pk
    assert api(alice).put(KEYS, {"own_keys": {}}).json() == {"own_keys": {}}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"own_keys": None},
        {"own_keys": ["a"]},
        {"own_keys": {"a": "c"}},
        {"own_keys": {"a": 1}},
        {"own_keys": {"a": ""}},
        {"own_keys": {"a": "qq"}},
        {"own_keys": {"§": "q"}},
        {"own_keys": {}, "user": "bob"},
    ],
)
def test_what_are_no_keys_is_refused_and_changes_nothing(api, alice, body):
    assert api(alice).put(KEYS, body).status_code == 422
    alice.refresh_from_db()
    assert alice.own_keys == {}


def test_alice_is_away_until_she_says_that_she_is_back(api, office, alice, carol):
    until = timezone.now() + timedelta(days=2)
    assert api(alice).put(ABSENCE, {"away_until": until.isoformat()}).status_code == 200
    assert api(alice).get(ABSENCE).json()["away_until"] == until.isoformat().replace("+00:00", "Z")
    order = {"act": "reassign", "cases": [str(office.send().pk)], "to": "alice", "reason": "She has time."}
    (result,) = api(carol).post("/api/v1/cases/bulk", order).json()["results"]
    assert result["problem"]["code"] == "away"
    assert api(alice).put(ABSENCE, {"away_until": None}).json() == {"away_until": None}
    assert api(alice).get(ABSENCE).json() == {"away_until": None}
    (result,) = api(carol).post("/api/v1/cases/bulk", order).json()["results"]
    assert result["status"] == 200


@pytest.mark.parametrize("until", ["2020-01-01T00:00:00Z", "9999-01-01T00:00:00Z", "tomorrow", 1, ["x"], ""])
def test_a_time_that_is_over_too_far_or_none_is_refused(api, alice, until):
    assert api(alice).put(ABSENCE, {"away_until": until}).status_code == 422
    assert api(alice).put(ABSENCE, {}).status_code == 422
    alice.refresh_from_db()
    assert alice.away_until is None


def test_a_retried_change_has_one_effect(api, alice):
    body, key = {"own_keys": {"a": "q"}}, {"Idempotency-Key": "one"}
    first, second = (api(alice).put(KEYS, body, **key) for _ in range(2))
    assert (first.json(), second.headers.get("Idempotent-Replayed")) == (second.json(), "true")
    assert AuditEvent.objects.filter(action="user.keys_changed").count() == 1
