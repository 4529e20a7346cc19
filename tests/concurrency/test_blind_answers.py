"""A blind answer that comes twice at once, as by a double click on two tabs: one is recorded, the other is told as one that comes later."""

import pytest

from reviewapp.cases.models import BlindAnswer, Case, Queue
from tests.concurrency.meanwhile import meanwhile

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]


def test_of_two_blind_answers_at_once_one_is_recorded_and_the_other_is_told_that_the_case_is_not_blind(
    office, alice, api
):
    Queue.objects.update(blind_share=1)
    case = office.send()
    tabs = [api(alice), api(alice)]
    assert tabs[0].post("/api/v1/queues/loans/claim").status_code == 200
    path, said = f"/api/v1/cases/{case.pk}/review", {"lease": 1, "answer": "blind", "outcome": "deny"}
    acts = [lambda tab=tab: tab.post(path, said) for tab in tabs]
    with meanwhile(*acts) as start:
        Case.objects.select_for_update(no_key=True).get(pk=case.pk)
        found = start()
    answers = sorted((future.result() for future in found), key=lambda answer: answer.status_code)
    assert [answer.status_code for answer in answers] == [200, 409]
    assert answers[1].json()["code"] == "not-blind"
    assert BlindAnswer.objects.count() == 1
    assert tabs[0].post(path, said).json()["code"] == "not-blind"  # and so is one that comes later
