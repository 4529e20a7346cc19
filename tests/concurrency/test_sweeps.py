"""Two sweeps at once, and one killed half-way: a pended case comes back once, a late one is acted on once, each with its event."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from reviewapp.access.rules import Scope
from reviewapp.audit.models import AuditEvent
from reviewapp.cases.actions import return_due, watch_sla
from reviewapp.cases.models import Case
from reviewapp.standalone.processes import HOME
from tests import factories
from tests.programs import database_url

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]
CASES = 600
_SWEEP = """
import django
django.setup()
from django.utils import timezone
from reviewapp.cases.actions import {module}
{module}.BATCH = 20
print({module}.{name}(at=timezone.now()))
"""


@pytest.fixture
def due(office, alice, api) -> int:
    """Cases whose follow-up time has come, more than any one batch takes."""
    items = [factories.prediction_body(external_id=f"P-{number}") for number in range(CASES)]
    sent = api(office.sender, *Scope).post("/api/v1/predictions/batch", {"items": items})
    assert {item["status"] for item in sent.json()["results"]} == {201}
    past = timezone.now() - timedelta(minutes=1)
    return Case.objects.update(state="pended", follow_up_at=past, pended_by=alice, awaited="payslip")


def sweep(module: str = "pending", name: str = "return_due") -> "subprocess.Popen[str]":
    environment = {**os.environ, "DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "reviewapp.config.settings"}
    return subprocess.Popen(
        [sys.executable, "-c", _SWEEP.format(module=module, name=name)],
        cwd=HOME,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )


@contextmanager
def no_events_are_taken() -> Iterator[None]:
    """Whoever writes an event waits meanwhile."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("lock table audit_auditevent in share mode")
        yield


def wait_for_waiters(number: int) -> None:
    for _ in range(600):
        with connection.cursor() as cursor:
            cursor.execute(
                "select count(*) from pg_locks where relation = 'audit_auditevent'::regclass and not granted"
            )
            if cursor.fetchone() == (number,):
                return
        time.sleep(0.05)
    raise AssertionError("the sweeps did not come to their events")


def returned_once() -> bool:
    events = Counter(AuditEvent.objects.filter(action="case.returned").values_list("object_id", flat=True))
    rows = set(Case.objects.values_list("state", "priority"))
    return rows == {("open", 1)} and len(events) == CASES and set(events.values()) == {1}


def test_two_sweeps_at_once_return_every_case_once(due):
    with no_events_are_taken():
        sweeps = [sweep(), sweep()]
        wait_for_waiters(2)  # each has a batch of its own: neither waits for the other's rows
    counts = [int(process.communicate(timeout=60)[0]) for process in sweeps]
    assert sum(counts) == due == CASES
    assert min(counts) > 0
    assert returned_once()


def test_a_sweep_that_is_killed_half_way_loses_nothing(due):
    with no_events_are_taken():
        killed = sweep()
        wait_for_waiters(1)
        killed.kill()
        killed.communicate(timeout=10)
    for _ in range(200):  # the server notices that the line is dead
        if return_due(at=timezone.now()) == 0 and not Case.objects.filter(state="pended").exists():
            break
        time.sleep(0.05)
    assert returned_once()


@pytest.fixture
def late(office, due) -> int:
    """The same cases, whose time is over: half of them pended, half waiting."""
    past = timezone.now() - timedelta(minutes=1)
    waiting = Case.objects.filter(pk__in=Case.objects.order_by("pk").values("pk")[: CASES // 2])
    waiting.update(state="open", follow_up_at=None, pended_by=None)
    return Case.objects.update(due_at=past, risk_at=past, watch_at=past)


def acted_once(office) -> bool:
    names = ("case.sla_threatened", "case.sla_breached", "case.escalated")
    events = Counter(AuditEvent.objects.filter(action__in=names).values_list("object_id", "action"))
    rows = set(Case.objects.values_list("state", "priority", "queue", "sla_stage", "watch_at"))
    expected = {("open", 100, office.lead_queue.pk, "late", None)}
    return rows == expected and len(events) == 3 * CASES and set(events.values()) == {1}


def test_two_watches_at_once_act_on_every_late_case_once(office, late):
    with no_events_are_taken():
        sweeps = [sweep("escalating", "watch_sla"), sweep("escalating", "watch_sla")]
        wait_for_waiters(2)
    counts = [int(process.communicate(timeout=60)[0]) for process in sweeps]
    assert sum(counts) == late == CASES
    assert min(counts) > 0
    assert acted_once(office)


def test_a_watch_that_is_killed_half_way_is_made_up_for(office, late):
    with no_events_are_taken():
        killed = sweep("escalating", "watch_sla")
        wait_for_waiters(1)
        killed.kill()
        killed.communicate(timeout=10)
    for _ in range(200):  # the server notices that the line is dead
        if watch_sla(at=timezone.now()) == 0 and not Case.objects.exclude(sla_stage="late").exists():
            break
        time.sleep(0.05)
    assert acted_once(office)
