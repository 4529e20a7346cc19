"""Two leads and the same cases at once: nobody blocks the other for good, and the trail tells one story."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from reviewapp.access.rules import Scope
from reviewapp.audit.models import AuditEvent
from reviewapp.cases.models import Case, Queue
from tests import factories
from tests.programs import running

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]
CASES, TIMES = 40, 10


@pytest.fixture
def web(office, tmp_path: Path):
    with running(tmp_path, "web") as programs:
        yield programs


def test_two_leads_who_give_the_same_cases_away_at_once_leave_an_unbroken_story(web, office, alice, bob, carol):
    """Each event says from whom the case was taken: without the lock both would have taken it from the same person."""
    Queue.objects.update(most_held=1000)
    ids = [str(office.send().pk) for _ in range(CASES)]
    orders = [
        (factories.make_key(carol, *Scope), "alice", ids),
        (factories.make_key(factories.make_lead("dave", office), *Scope), "bob", ids[::-1]),
    ]

    def lead(order: tuple[str, str, list[str]]) -> None:
        token, to, cases = order
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=web.url, headers=headers, timeout=60, verify=False) as client:
            for _ in range(TIMES):
                body = {"act": "reassign", "cases": cases, "to": to, "reason": "A race"}
                answer = client.post("/api/v1/cases/bulk", json=body)
                assert answer.status_code == 200, answer.text

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lead, orders))
    for case in Case.objects.all():
        story = [
            event.data
            for event in AuditEvent.objects.filter(action="case.reassigned", object_id=str(case.pk)).order_by("pk")
        ]
        assert [data.get("holder") for data in story] == [None, *(data["assigned_to"] for data in story[:-1])]
        assert (case.lease, str(case.holder_id)) == (len(story), story[-1]["assigned_to"])
