"""Which case is next, and what the reviewer is told of why."""

from datetime import timedelta

import pytest
from django.utils import timezone

from reviewapp.audit.models import AuditEvent
from reviewapp.cases.models import Case, Queue
from reviewapp.cases.ordering import because

pytestmark = pytest.mark.django_db
CLAIM = "/api/v1/queues/loans/claim"


def put(case, *, minutes=None, **columns):
    """:param minutes: from now until it is due; half a minute more, so that it is still so when it is taken."""
    if minutes is not None:
        columns["due_at"] = timezone.now() + timedelta(minutes=minutes, seconds=30 if minutes >= 0 else -30)
    Case.objects.filter(pk=case.pk).update(**columns)
    return case


def told(browser, case):
    """What the case page says of why it was next, or None."""
    return browser.get(f"/cases/{case.pk}/").context["case"]["next_because"]


@pytest.mark.parametrize(
    ("priority", "seconds", "is_withheld", "text"),
    [
        (0, 750, False, "12 minutes to breach"),
        (0, 60, False, "1 minute to breach"),
        (0, 59, False, "less than a minute to breach"),
        (0, 7199, False, "119 minutes to breach"),
        (0, 7200, False, "2 hours to breach"),
        (0, 86400 * 3, False, "3 days to breach"),
        (5, 750, False, "priority 5"),
        (100, -250, False, "late by 4 minutes"),
        (0, 0, False, "late by less than a minute"),
        (0, 750, True, "the order of the queue put it first"),
        (5, 750, True, "the order of the queue put it first"),
        (100, -250, True, "late by 4 minutes"),
        (0, -250, True, "late by 4 minutes"),
    ],
)
def test_what_put_a_case_first_in_words(priority, seconds, is_withheld, text):
    assert because(priority=priority, left=timedelta(seconds=seconds), is_withheld=is_withheld) == text


@pytest.mark.parametrize(
    ("minutes", "priority", "text"),
    [(12, 0, "12 minutes to breach"), (12, 5, "priority 5"), (-4, 100, "late by 4 minutes")],
)
def test_alice_reads_why_her_case_was_next_on_the_page_and_in_the_api(
    office, alice, api, sign_in, minutes, priority, text
):
    case = put(office.send(), minutes=minutes, priority=priority)
    assert api(alice).post(CLAIM).json()["next_because"] == text
    browser = sign_in(alice)
    assert told(browser, case) == text
    assert f"next because: {text}" in browser.get(f"/cases/{case.pk}/").content.decode()


def test_what_is_said_is_how_it_was_when_she_took_it(office, alice, api, sign_in):
    """Its lead changes the priority while she works, and its time runs on."""
    case = put(office.send(), minutes=12)
    api(alice).post(CLAIM)
    put(case, minutes=3, priority=7)
    assert told(sign_in(alice), case) == "12 minutes to breach"


def test_a_case_that_alice_picked_was_put_first_by_nobody(office, alice, api, sign_in):
    case = put(office.send(), minutes=12, priority=5)
    assert "next_because" not in api(alice).post(f"/api/v1/cases/{case.pk}/claim").json()
    assert told(sign_in(alice), case) == ""
    assert AuditEvent.objects.get(action="case.claimed").data == {"lease": 1, "chosen": True}


@pytest.mark.parametrize("priority", [0, 5])
def test_of_a_blind_case_nothing_tells_the_priority(office, alice, api, sign_in, priority):
    """Neither the number nor that there is none; a rule may have given it for what the model says."""
    Queue.objects.update(blind_share=1)
    case = put(office.send(), minutes=12, priority=priority)
    assert api(alice).post(CLAIM).json()["next_because"] == "the order of the queue put it first"
    browser = sign_in(alice)
    assert told(browser, case) == "the order of the queue put it first"
    outcome = {"lease": 1, "answer": "blind", "outcome": "deny"}
    assert api(alice).post(f"/api/v1/cases/{case.pk}/review", outcome).status_code == 200
    assert told(browser, case) == (f"priority {priority}" if priority else "12 minutes to breach")


def test_that_a_blind_case_is_late_is_no_secret(office, alice, api, sign_in):
    Queue.objects.update(blind_share=1)
    case = put(office.send(), minutes=-4, priority=100)
    assert api(alice).post(CLAIM).json()["next_because"] == "late by 4 minutes"
    assert told(sign_in(alice), case) == "late by 4 minutes"
