"""A late case is acted on within 30 s of its time, although the worker is killed once in between: by the product's own processes."""

import time
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from reviewapp.audit.models import AuditEvent
from reviewapp.cases.models import Case
from tests.programs import running

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(150)]
SECONDS = 30


def test_a_breach_is_acted_on_within_30_s_though_the_worker_is_killed(office, tmp_path):
    cases = [office.send() for _ in range(5)]
    with running(tmp_path, "web", "worker", "beat") as programs:
        risk, due = Now() - timedelta(seconds=1), Now() + timedelta(seconds=5)
        Case.objects.update(risk_at=risk, watch_at=risk, due_at=due)
        moment = Case.objects.values_list("due_at", flat=True)[0]
        time.sleep(6)
        programs.kill("worker")
        deadline = time.monotonic() + 60
        while Case.objects.exclude(sla_stage="late").exists() and time.monotonic() < deadline:
            time.sleep(0.2)
    assert set(Case.objects.values_list("queue", "priority", "state")) == {(office.lead_queue.pk, 100, "open")}
    for name in ("case.sla_threatened", "case.sla_breached", "case.escalated"):
        events = AuditEvent.objects.filter(action=name)
        assert sorted(events.values_list("object_id", flat=True)) == sorted(str(case.pk) for case in cases)
    last = AuditEvent.objects.filter(action="case.escalated").latest("at").at
    assert (last - moment).total_seconds() <= SECONDS
