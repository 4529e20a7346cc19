"""Two leads at once, at the same cases or the same settings: nobody blocks the other for good, and the trail tells one story."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from django.db import connection, transaction

from reviewapp.access.rules import Scope
from reviewapp.audit.models import AuditEvent
from reviewapp.cases.actions import Given, Order, claim_case, lead_cases, reviewing
from reviewapp.cases.models import Case, Queue
from reviewapp.cases.rules import Answer, LeadAct
from tests import factories
from tests.concurrency.meanwhile import meanwhile

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]
CASES, TIMES = 40, 10


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


def test_who_gives_back_all_of_a_person_waits_for_a_lead_and_holds_nothing_that_the_lead_comes_to_later(
    office, alice, api
):
    first, second = sorted((office.send(), office.send()), key=lambda case: case.pk)
    client = api(alice)
    for case in (first, second):
        assert client.post(f"/api/v1/cases/{case.pk}/claim").status_code == 200
    with meanwhile(lambda: client.post(f"/api/v1/cases/{second.pk}/recuse", {"lease": 1})) as start:
        Case.objects.select_for_update(no_key=True).get(pk=first.pk)
        (found,) = start()
        assert Case.objects.filter(pk=second.pk).select_for_update(no_key=True, skip_locked=True).exists()
    assert found.result().status_code == 200
    assert not Case.objects.filter(holder=alice).exists()


def test_of_two_leads_who_save_the_settings_of_a_queue_at_once_one_is_told(web, office, carol):
    """Each change says what it replaced: what somebody saved unseen would break the chain."""
    tokens = [factories.make_key(lead, *Scope) for lead in (carol, factories.make_lead("dave", office))]
    path = "/api/v1/queues/loans"

    def save(token: str) -> list[int]:
        statuses = []
        with httpx.Client(
            base_url=web.url, headers={"Authorization": f"Bearer {token}"}, timeout=60, verify=False
        ) as client:
            for _ in range(40):
                read = client.get(path).json()
                body = {"sla_minutes": read["sla_minutes"] + 1, "seen": read["seen"]}
                statuses.append(client.patch(path, json=body).status_code)
        return statuses

    with ThreadPoolExecutor(2) as pool:
        statuses = [status for found in pool.map(save, tokens) for status in found]
    assert set(statuses) == {200, 409}, "they met"
    story = [event.data for event in AuditEvent.objects.filter(action="queue.settings_changed").order_by("pk")]
    assert [data["before"]["sla_minutes"] for data in story] == list(range(60, 60 + statuses.count(200)))
    assert Queue.objects.get(slug="loans").sla_minutes == 60 + statuses.count(200)


def test_a_lead_never_gives_the_second_review_to_who_gives_the_first_at_that_moment(office, alice, carol):
    """The lead's request waits for the answer; what it had read of alice before would be out of date by then."""
    Queue.objects.update(review_policy={"always": True})
    case, me = office.send(), factories.actor_of(alice)
    lease = claim_case(case_id=case.pk, actor=me, at=factories.now()).lease
    order = Order(act=LeadAct.REASSIGN, case_ids=[case.pk], to="alice", reason="She is free.")

    def lead() -> list[str | None]:
        try:
            results = lead_cases(order=order, actor=factories.actor_of(carol), at=factories.now())
            return [result.problem.code if result.problem else None for result in results]
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            given = Given(Answer.AGREE)
            reviewing._review.__wrapped__(case_id=case.pk, lease=lease, given=given, actor=me, at=factories.now())
            led = pool.submit(lead)
            _wait_for_a_lock()
        assert led.result(60) == ["already-reviewed"]
    case.refresh_from_db()
    assert (case.state, case.stage, case.holder) == ("open", "second", None)


def _wait_for_a_lock() -> None:
    """Until another connection to this database waits for a row of ours."""
    for _ in range(600):
        with connection.cursor() as cursor:
            cursor.execute("select exists(select from pg_locks where not granted and pid <> pg_backend_pid())")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.05)
    raise AssertionError("nobody waits")
