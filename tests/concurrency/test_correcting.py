"""A model worker applies a correction while somebody acts on the case: they wait for its row, then act on what there is, or are told so."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from reviewapp.cases.models import Case, Correction, Draft
from reviewapp.intake import scoring
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]


@pytest.fixture
def corrected(office, alice, api, registered) -> Case:
    """A case that alice holds under lease 1, and whose corrected income waits for the model worker."""
    case = office.send(**factories.NAMED)
    assert api(alice).post("/api/v1/queues/loans/claim").status_code == 200
    change = {"lease": 1, "changes": {"income": 2900}, "sources": {"income": "payslip of May"}}
    assert api(alice).post(f"/api/v1/cases/{case.pk}/corrections", change).status_code == 202
    return case


@pytest.fixture
def while_it_is_applied(monkeypatch) -> Callable[[Callable[[], Any]], Any]:
    """Does something in the middle of the worker's transaction, which ends only once somebody waits for it."""
    applied, apply = threading.Event(), scoring.apply_corrections

    def apply_and_wait(*given: Any, **more: Any) -> None:
        apply(*given, **more)
        applied.set()
        _wait_until_i_am_waited_for()

    def work() -> None:
        try:
            scoring.score_pending(at=timezone.now())
        finally:
            connection.close()

    def during(act: Callable[[], Any]) -> Any:
        monkeypatch.setattr(scoring, "apply_corrections", apply_and_wait)
        worker = threading.Thread(target=work)
        worker.start()
        assert applied.wait(60)
        answer = act()
        worker.join(60)
        assert Correction.objects.get().state == "applied"
        return answer

    return during


def _wait_until_i_am_waited_for() -> None:
    for _ in range(600):
        with connection.cursor() as cursor:
            cursor.execute(
                "select exists (select from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid)))"
            )
            if cursor.fetchone() == (True,):
                return
        time.sleep(0.05)
    raise AssertionError("nobody came to the case")


def test_an_answer_that_waited_for_the_correction_is_stale_and_kept_as_a_draft(
    corrected, alice, api, while_it_is_applied
):
    client = api(alice)
    shown = client.get(f"/api/v1/cases/{corrected.pk}").json()["shown"]
    given = {"lease": 1, "answer": "agree", "note": "seen the old payslip", "shown": shown}
    refused = while_it_is_applied(lambda: client.post(f"/api/v1/cases/{corrected.pk}/review", given))
    assert (refused.status_code, refused.json()["code"]) == (409, "stale-view"), refused.content
    assert Draft.objects.get(case=corrected, author=alice).note == "seen the old payslip"


def test_a_heartbeat_that_waited_for_the_correction_keeps_the_lease(corrected, alice, api, while_it_is_applied):
    client = api(alice)
    beat = while_it_is_applied(lambda: client.post(f"/api/v1/cases/{corrected.pk}/heartbeat", {"lease": 1}))
    assert beat.status_code == 200, beat.content


def test_an_undo_that_waited_for_the_correction_is_told_that_it_is_too_late(
    corrected, alice, api, settings, while_it_is_applied
):
    settings.UNDO_SECONDS = 60
    client = api(alice)
    assert client.post(f"/api/v1/cases/{corrected.pk}/review", {"lease": 1, "answer": "refer"}).status_code == 200
    refused = while_it_is_applied(lambda: client.post(f"/api/v1/cases/{corrected.pk}/undo"))
    assert (refused.status_code, refused.json()["code"]) == (409, "too-late"), refused.content


def test_a_conflict_that_waited_for_the_correction_takes_the_case_back(
    corrected, office, alice, carol, api, while_it_is_applied
):
    same_person = office.send(**factories.NAMED)
    link = {"person": "alice", "reason": "They are neighbours."}
    client = api(carol)
    done = while_it_is_applied(lambda: client.post(f"/api/v1/cases/{same_person.pk}/recuse", link))
    assert done.status_code == 200, done.content
    corrected.refresh_from_db()
    assert (corrected.state, corrected.holder) == ("open", None)
