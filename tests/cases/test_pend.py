"""Pending a case: it waits for documents or vitals, comes back by itself, and never counts as waiting meanwhile."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from reviewapp.access.rules import Scope
from reviewapp.audit.models import AuditEvent
from reviewapp.cases import queries, rules
from reviewapp.cases.actions import pending, return_due
from reviewapp.cases.figures import queue_figures
from reviewapp.cases.models import Case, Draft
from tests import factories
from tests.cases.pending import PAYSLIP, ahead, body, come_due

pytestmark = pytest.mark.django_db


# Pending


def test_a_holder_pends_a_case_and_its_draft_and_due_time_stay(held, alice, api):
    sent = body()
    answer = api(alice).post(f"/api/v1/cases/{held.pk}/pend", sent)
    assert answer.status_code == 200, answer.json()
    said = answer.json()
    assert (said["status"], said["awaited"], said["lease"]) == ("pended", PAYSLIP, None)
    assert datetime.fromisoformat(said["follow_up_at"]) == datetime.fromisoformat(sent["follow_up_at"])
    case = Case.objects.get()
    assert (case.state, case.holder, case.lease_until, case.pended_by) == ("pended", None, None, alice)
    assert case.due_at == held.due_at
    assert Draft.objects.get().note == "half a thought"


def test_pending_is_on_record_without_the_text(held, alice, api, caplog):
    sent = body()
    api(alice).post(f"/api/v1/cases/{held.pk}/pend", sent)
    event = AuditEvent.objects.get(action="case.pended")
    assert (event.actor_id, event.object_id, event.queue_id) == (alice.pk, str(held.pk), held.queue_id)
    assert event.data == {"lease": 1, "follow_up_at": sent["follow_up_at"]}
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from audit_auditevent e where e::text like %s", [f"%{PAYSLIP}%"])
        assert cursor.fetchone() == (0,)
    assert PAYSLIP not in caplog.text


def test_a_lease_number_that_is_not_ones_own_pends_nothing(held, alice, bob, mallory, api):
    path = f"/api/v1/cases/{held.pk}/pend"
    for refused in (api(alice).post(path, body(lease=2)), api(bob).post(path, body())):
        assert (refused.status_code, refused.json()["code"]) == (409, "lease-lost")
    hidden, absent = (
        api(mallory).post(f"/api/v1/cases/{pk}/pend", body())
        for pk in (held.pk, "00000000-0000-7000-8000-000000000000")
    )
    assert (hidden.status_code, hidden.json()) == (absent.status_code, absent.json())
    assert hidden.status_code == 404
    assert api(alice, Scope.CASES_READ).post(path, body()).json()["code"] == "scope-missing"
    assert Case.objects.get().state == "leased"
    assert not AuditEvent.objects.filter(action="case.pended").exists()
    assert api(alice).post(path, body()).status_code == 200


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"follow_up_at": ahead(minutes=-1)}, "/follow_up_at", "follow_up_past"),
        ({"follow_up_at": ahead(days=31)}, "/follow_up_at", "follow_up_too_far"),
        ({"follow_up_at": "2026-11-27T09:00:00"}, "/follow_up_at", "bad_time"),
        ({"follow_up_at": "2026-02-30T09:00:00Z"}, "/follow_up_at", "bad_time"),
        ({"follow_up_at": "0001-01-01T00:00:00+23:59"}, "/follow_up_at", "bad_time"),
        ({"follow_up_at": "9999-12-31T23:59:59Z"}, "/follow_up_at", "follow_up_too_far"),
        ({"follow_up_at": 1_900_000_000}, "/follow_up_at", "bad_time"),
        ({"follow_up_at": None}, "/follow_up_at", "bad_time"),
        ({"awaited": ""}, "/awaited", "required"),
        ({"awaited": " \n\t "}, "/awaited", "awaited_needed"),
        ({"awaited": "x" * 201}, "/awaited", "wrong_type"),
        ({"awaited": ["payslip"]}, "/awaited", "wrong_type"),
        ({"awaited": None}, "/awaited", "required"),
        ({"lease": "1"}, "/lease", "wrong_type"),
        ({"state": "pended"}, "", "unknown_field"),
    ],
)
def test_what_cannot_be_a_follow_up_is_refused_and_told_where(held, alice, api, change, pointer, code):
    refused = api(alice).post(f"/api/v1/cases/{held.pk}/pend", body(**change))
    assert refused.status_code == 422, refused.json()
    assert (pointer, code) in [(error["pointer"], error["code"]) for error in refused.json()["errors"]]
    assert Case.objects.get().state == "leased"


def test_a_retried_pend_has_one_effect_and_one_answer(held, alice, api):
    path, sent = f"/api/v1/cases/{held.pk}/pend", body()
    first, again = (api(alice).post(path, sent, **{"Idempotency-Key": "p-1"}) for _ in range(2))
    assert (first.status_code, again.status_code, again["Idempotent-Replayed"]) == (200, 200, "true")
    assert first.content == again.content
    assert AuditEvent.objects.filter(action="case.pended").count() == 1


def test_an_over_run_lease_that_nobody_took_may_still_be_pended(held, alice, api):
    Case.objects.update(lease_until=timezone.now() - timedelta(minutes=1))
    assert api(alice).post(f"/api/v1/cases/{held.pk}/pend", body()).status_code == 200


def test_the_database_refuses_a_pended_case_without_its_follow_up(pended):
    for broken in ({"follow_up_at": None}, {"pended_by": None}, {"awaited": ""}, {"state": "open"}):
        with pytest.raises(IntegrityError, match="pended_case_has_follow_up"), transaction.atomic():
            Case.objects.update(**broken)


# Coming back


def test_at_its_follow_up_time_a_case_is_open_again_and_comes_before_its_like(pended, office, alice, api):
    earlier = Case.objects.get(pk=pended.pk)
    other = office.send()
    Case.objects.filter(pk=other.pk).update(due_at=pended.due_at - timedelta(minutes=30))
    assert return_due(at=timezone.now()) == 0, "its time has not come"
    come_due()
    assert return_due(at=timezone.now()) == 1
    case = Case.objects.get(pk=pended.pk)
    assert (case.state, case.priority, case.follow_up_at, case.pended_by) == ("open", earlier.priority + 1, None, None)
    assert case.due_at == earlier.due_at
    event = AuditEvent.objects.get(action="case.returned")
    assert (event.actor_kind, event.object_id, event.queue_id) == ("system", str(case.pk), case.queue_id)
    assert event.data == {"priority": 1}
    assert return_due(at=timezone.now()) == 0
    taken = api(alice).post("/api/v1/queues/loans/claim").json()
    assert (taken["id"], taken["lease"]["number"]) == (str(case.pk), 2)
    assert Draft.objects.get(case=case).note == "half a thought"


def test_the_sweep_goes_on_batch_by_batch_until_nothing_is_due(office, alice, monkeypatch):
    monkeypatch.setattr(pending, "BATCH", 2)
    for _ in range(5):
        office.send()
    past = timezone.now() - timedelta(minutes=1)
    Case.objects.update(state="pended", follow_up_at=past, pended_by=alice, awaited=PAYSLIP)
    assert return_due(at=timezone.now()) == 5
    assert AuditEvent.objects.filter(action="case.returned").count() == 5


def test_a_priority_stops_at_the_highest_there_is(pended):
    Case.objects.update(priority=32_767)
    come_due()
    return_due(at=timezone.now())
    assert Case.objects.get().priority == 32_767


def test_the_sweep_is_on_the_beat(settings):
    entry = settings.CELERY_BEAT_SCHEDULE["return-due"]
    assert (entry["task"], entry["schedule"]) == ("cases.return_due", 10.0)


def test_the_task_opens_what_is_due(pended):
    from reviewapp.cases.tasks import return_due as task

    come_due()
    task()
    assert Case.objects.get().state == "open"


# Taking it up before


def test_the_next_case_is_never_a_pended_one(pended, alice, bob, api, sign_in):
    assert api(alice).post("/api/v1/queues/loans/claim").status_code == 204
    assert api(bob).post("/api/v1/queues/loans/claim").status_code == 204
    assert queries.likely_next(pended.queue, factories.actor_of(bob), now=timezone.now()) is None
    page = sign_in(bob).post("/queues/loans/next/", follow=True).content.decode()
    assert "Nothing else is waiting for you" in page


def test_anyone_who_may_work_on_the_queue_takes_it_up_early(pended, alice, bob, mallory, api):
    path = f"/api/v1/cases/{pended.pk}/claim"
    assert api(mallory).post(path).status_code == 404
    assert api(bob, Scope.CASES_READ).post(path).json()["code"] == "scope-missing"
    taken = api(bob).post(path)
    assert taken.status_code == 200, taken.json()
    said = taken.json()
    assert (said["status"], said["follow_up_at"], said["awaited"]) == ("leased", None, None)
    assert said["lease"]["number"] == 2
    case = Case.objects.get()
    assert (case.holder, case.follow_up_at, case.pended_by, case.priority) == (bob, None, None, pended.priority)
    late = api(alice).post(path)
    assert (late.status_code, late.json()["code"]) == (409, "not-waiting")
    come_due()
    assert return_due(at=timezone.now()) == 0


def test_one_case_is_claimed_by_its_id_once(office, alice, bob, carol, api):
    case = office.send()
    path = f"/api/v1/cases/{case.pk}/claim"
    first, again = (api(alice).post(path, **{"Idempotency-Key": "c-1"}) for _ in range(2))
    assert (first.status_code, first.json()["lease"]["number"]) == (200, 1)
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
    assert api(bob).post(path).json()["code"] == "not-waiting"
    assert api(bob).post(path, {"lease": 1}).status_code == 422
    api(alice).post(f"/api/v1/cases/{case.pk}/review", {"lease": 1, "answer": "agree"})
    assert api(carol).post(path).json()["code"] == "not-waiting"


def test_a_pended_case_takes_no_answer_and_no_heartbeat(pended, alice, api):
    for act, more in (("review", {"answer": "agree"}), ("heartbeat", {}), ("release", {})):
        refused = api(alice).post(f"/api/v1/cases/{pended.pk}/{act}", {"lease": 1, **more})
        assert (refused.status_code, refused.json()["code"]) == (409, "lease-lost")


def test_who_holds_the_most_they_may_takes_no_pended_case_up(pended, office, alice, api):
    office.send()
    office.queue.most_held = 1
    office.queue.save()
    assert api(alice).post("/api/v1/queues/loans/claim").status_code == 200, "what is pended is not held"
    refused = api(alice).post(f"/api/v1/cases/{pended.pk}/claim")
    assert (refused.status_code, refused.json()["code"]) == (409, "holds-too-many")


# What is said of it


def test_the_figures_count_it_as_pended_and_its_clock_runs_on(pended, office, alice):
    Case.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    figures = queue_figures(factories.actor_of(alice), now=timezone.now())[0]
    assert (figures.waiting, figures.held, figures.pended, figures.breached) == (0, 0, 1, 1)
    assert figures.next_due is not None
    come_due()
    return_due(at=timezone.now())
    figures = queue_figures(factories.actor_of(alice), now=timezone.now())[0]
    assert (figures.waiting, figures.held, figures.pended, figures.breached) == (1, 0, 0, 1)


def test_the_metrics_page_counts_it(pended, client):
    lines = client.get("/metrics").content.decode().splitlines()
    assert "countersign_cases_pended 1" in [line.replace(".0", "") for line in lines]


def test_the_api_lists_it_by_its_status(pended, office, alice, mallory, api):
    waiting = office.send(external_id="APP-8")
    found = api(alice).get("/api/v1/cases", status="pended").json()["results"]
    assert [(row["external_id"], row["awaited"]) for row in found] == [("APP-7", PAYSLIP)]
    found = api(alice).get("/api/v1/cases", status="open").json()["results"]
    assert [(row["id"], row["awaited"], row["follow_up_at"]) for row in found] == [(str(waiting.pk), None, None)]
    assert api(mallory).get("/api/v1/cases", status="pended").json()["results"] == []
    assert api(alice).get(f"/api/v1/cases/{pended.pk}").json()["awaited"] == PAYSLIP


# Rules


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-26T23:50+00:00", {"30m": "00:20+00:00", "2h": "01:50+00:00", "tomorrow": "2026-11-27T09:00+00:00"}),
        ("2026-11-26T00:00+00:00", {"30m": "00:30+00:00", "2h": "02:00+00:00", "tomorrow": "2026-11-27T09:00+00:00"}),
        # The night in which Berlin's clocks go from 2 to 3
        ("2026-03-29T00:30+00:00", {"30m": "01:00+00:00", "2h": "02:30+00:00", "tomorrow": "2026-03-30T07:00+00:00"}),
    ],
)
def test_quick_choices(now, expected):
    moment = datetime.fromisoformat(now)
    zone = ZoneInfo("Europe/Berlin") if now.startswith("2026-03") else UTC
    found = rules.quick_follow_ups(moment.astimezone(zone))
    said = {name: at.astimezone(UTC).isoformat(timespec="minutes") for name, at in found.items()}
    assert all(said[name].endswith(end) for name, end in expected.items()), said


NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ahead_by", "awaited", "codes"),
    [
        (timedelta(seconds=1), "x", []),
        (timedelta(days=30), "x" * 200, []),
        (timedelta(0), "x", ["follow_up_past"]),
        (timedelta(days=30, microseconds=1), "", ["follow_up_too_far", "awaited_needed"]),
        (timedelta(days=1), "x" * 201, ["awaited_too_long"]),
    ],
)
def test_what_may_be_pended(ahead_by, awaited, codes):
    assert [fault.code for fault in rules.pending_faults(NOW + ahead_by, awaited, now=NOW)] == codes
