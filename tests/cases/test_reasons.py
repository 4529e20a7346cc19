"""Every act that asks why says in one way that it was not told."""

import pytest

from reviewapp.cases.models import Case
from tests import factories


@pytest.fixture
def doors(office, alice, bob, carol):
    """What a lead may post with a reason, each ready to be done."""
    waiting, decided, read = office.send(), office.send(), factories.make_sample(office, bob)
    Case.objects.filter(pk=decided.pk).update(state="decided", outcome="deny", decided_at=factories.now())
    return {
        f"/api/v1/cases/{decided.pk}/reopen": {},
        f"/api/v1/cases/{decided.pk}/reopen-requests": {},
        f"/api/v1/cases/{waiting.pk}/recuse": {"person": "alice"},
        "/api/v1/cases/bulk": {"act": "prioritise", "priority": 7, "cases": [str(waiting.pk)]},
        f"/api/v1/quality/samples/{read.pk}/resolve": {"ruling": "stands"},
    }


@pytest.mark.parametrize("untold", [{}, {"reason": ""}, {"reason": " \n"}, {"reason": None}])
def test_a_missing_and_a_blank_reason_are_refused_alike_by_every_act(doors, carol, api, untold):
    found = {path: api(carol).post(path, body | untold) for path, body in doors.items()}
    assert {path: answer.status_code for path, answer in found.items()} == dict.fromkeys(doors, 422)
    faults = {path: [(each["pointer"], each["code"]) for each in found[path].json()["errors"]] for path in doors}
    assert faults == {path: [("/reason", "required")] for path in doors}


def test_a_known_answer_says_how_it_is_known(office, carol, api):
    case = office.send()
    item = {"external_id": case.external_id, "outcome": "deny"}
    for untold in ({}, {"reason": ""}, {"reason": " "}):
        refused = api(carol).post("/api/v1/quality/answers", {"queue": "loans", "items": [item | untold]})
        errors = {each["pointer"]: each["code"] for each in refused.json()["errors"]}
        assert (refused.status_code, errors["/items/0/reason"]) == (422, "required")


def test_a_reason_that_is_too_long_is_not_called_missing(doors, carol, api):
    for path, body in doors.items():
        refused = api(carol).post(path, body | {"reason": "x" * 201})
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "wrong_type"), path
