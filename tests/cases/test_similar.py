"""Which decided cases did the model argue alike? Only those that count, that the reader may see, and that the same version argued."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.utils import timezone

from reviewapp.access.rules import Scope
from reviewapp.audit.actions import Entry
from reviewapp.audit.models import AuditEvent
from reviewapp.cases import precedents
from reviewapp.cases.feedback import label_decisions
from reviewapp.cases.models import Precedent
from reviewapp.intake.scoring import score_pending
from reviewapp.notifications.live import topics
from reviewapp.predictions.models import Explanation
from tests.cases.test_statements import counted
from tests.factories import NAMED, make_reviewer

pytestmark = pytest.mark.django_db


def argued(debt_ratio, income=0.2):
    """An explanation that came along, with these pushes."""
    contributions = {"debt_ratio": debt_ratio, "income": income}
    return {
        "method": "tree-shap",
        "output_space": "log_odds",
        "base_value": 1.0,
        "contributions": contributions,
        "margin": 1.0 + debt_ratio + income,
    }


def said(sends_deny=True):
    shares = {"approve": 0.27, "deny": 0.73} if sends_deny else {"approve": 0.73, "deny": 0.27}
    return {"outcome": "deny" if sends_deny else "approve", "probabilities": shares}


@pytest.fixture
def no_window(settings):
    settings.UNDO_SECONDS = 0


@pytest.fixture
def decide(registered, alice, api, no_window):
    """Send a case argued so, let alice decide it as she likes, and let the label be written."""

    def decided(office, external_id, explanation, **answer):
        case = office.send(external_id=external_id, explanation=explanation, **NAMED)
        claimed = api(alice).post(f"/api/v1/cases/{case.pk}/claim").json()
        body = {"lease": claimed["lease"]["number"], "answer": "agree", "reason_codes": ["R01"]} | answer
        assert api(alice).post(f"/api/v1/cases/{case.pk}/review", body).status_code == 200
        label_decisions(at=timezone.now())
        return case

    return decided


@pytest.fixture
def asked_about(office, registered):
    return office.send(external_id="NEW-1", explanation=argued(0.9), **NAMED)


def similar(client, case):
    return client.get(f"/api/v1/cases/{case.pk}/similar")


def found(client, case):
    answer = similar(client, case)
    assert answer.status_code == 200, answer.content
    return [row["external_id"] for row in answer.json()["results"]]


def test_what_was_argued_alike_comes_first_with_what_was_decided(office, decide, asked_about, alice, api):
    decide(office, "FAR-1", argued(-0.9, income=-0.2))
    decide(office, "HALF-1", argued(0.5), answer="correct", outcome="approve", note="paid since")
    decide(office, "SAME-1", argued(0.9))
    answer = similar(api(alice), asked_about).json()
    assert answer["status"] == "ready"
    rows = answer["results"]
    assert [row["external_id"] for row in rows] == ["SAME-1", "HALF-1", "FAR-1"]
    assert [row["near"] for row in rows] == [
        "almost the same reasons",
        "partly the same reasons",
        "few reasons in common",
    ]
    assert [(row["advised"], row["outcome"]) for row in rows] == [
        ("deny", "deny"),
        ("deny", "approve"),
        ("deny", "deny"),
    ]
    assert rows[0]["difference"] == 0
    assert rows[2]["difference"] == 1
    assert rows[0]["reason_codes"] == ["R01"]
    assert "Zora" not in str(answer)
    assert "Z•" not in str(answer)


def test_the_outcome_advised_does_not_turn_the_reasons_round(office, decide, asked_about, alice, api):
    """A push of −0.9 towards approve is one of 0.9 towards deny."""
    case = office.send(
        external_id="MIRROR-1", explanation=argued(-0.9, income=-0.2), prediction=said(sends_deny=False), **NAMED
    )
    claimed = api(alice).post(f"/api/v1/cases/{case.pk}/claim").json()
    body = {"lease": claimed["lease"]["number"], "answer": "agree"}
    assert api(alice).post(f"/api/v1/cases/{case.pk}/review", body).status_code == 200
    label_decisions(at=timezone.now())
    (row,) = similar(api(alice), asked_about).json()["results"]
    assert (row["outcome"], row["difference"]) == ("approve", 0)


def test_five_at_most_and_never_the_case_itself(office, decide, alice, api):
    cases = [decide(office, f"D-{number}", argued(0.9 + number / 100)) for number in range(7)]
    assert found(api(alice), cases[0]) == [f"D-{number}" for number in range(1, 6)]


def test_what_waits_for_its_label_or_is_reopened_does_not_count(
    office, decide, asked_about, alice, bob, carol, api, settings
):
    case = decide(office, "BACK-1", argued(0.9))
    settings.UNDO_SECONDS = 10
    decide(office, "WINDOW-1", argued(0.9))
    assert found(api(alice), asked_about) == ["BACK-1"]
    assert api(carol).post(f"/api/v1/cases/{case.pk}/reopen", {"reason": "new facts"}).status_code == 200
    assert found(api(alice), asked_about) == []
    settings.UNDO_SECONDS = 0
    claimed = api(bob).post(f"/api/v1/cases/{case.pk}/claim").json()
    body = {"lease": claimed["lease"]["number"], "answer": "correct", "outcome": "approve", "note": "n"}
    assert api(bob).post(f"/api/v1/cases/{case.pk}/review", body).status_code == 200
    label_decisions(at=timezone.now())
    (row,) = similar(api(alice), asked_about).json()["results"]
    assert (row["external_id"], row["outcome"]) == ("BACK-1", "approve")


def test_a_queue_one_may_not_read_gives_none(office, decide, asked_about, alice, carol, api):
    case = office.send(external_id="LEAD-1", explanation=argued(0.9), **NAMED)
    for person, answer in ((alice, {"answer": "refer"}), (carol, {"answer": "agree"})):
        claimed = api(person).post(f"/api/v1/cases/{case.pk}/claim").json()
        body = {"lease": claimed["lease"]["number"], **answer}
        assert api(person).post(f"/api/v1/cases/{case.pk}/review", body).status_code == 200
    label_decisions(at=timezone.now())
    bob = make_reviewer("bob2", office)
    assert found(api(carol), asked_about) == ["LEAD-1"]
    assert found(api(bob), asked_about) == []


def test_another_version_or_method_is_not_compared(office, decide, asked_about, alice, api):
    decide(office, "OTHER-1", argued(0.9) | {"method": "permutation"})
    other = office.send(external_id="NOBODY-1", explanation=argued(0.9))
    decide(office, "SAME-1", argued(0.9))
    assert found(api(alice), asked_about) == ["SAME-1"]
    answer = similar(api(alice), other).json()
    assert (answer["status"], answer["results"]) == ("unavailable", [])


def test_an_explanation_that_comes_after_the_label_is_placed_then(office, registered, decide, alice, api):
    """The reasons of what came along scored are computed here; whoever decides before they are there has decided all the same."""
    decide(office, "EARLY-1", None)
    case = office.send(external_id="NEW-2", explanation=None, **NAMED)
    assert similar(api(alice), case).json() == {"case": str(case.pk), "status": "pending", "results": []}
    assert Precedent.objects.get().frame is None
    label_decisions(at=timezone.now())
    assert Precedent.objects.get().frame is None
    score_pending(at=timezone.now())
    label_decisions(at=timezone.now())
    assert Precedent.objects.get().frame is not None
    assert found(api(alice), case) == ["EARLY-1"]


def test_what_does_not_add_up_is_neither_found_nor_compared(office, decide, asked_about, alice, api):
    crooked = decide(office, "CROOKED-1", argued(0.9) | {"margin": None})
    assert Explanation.objects.get(prediction=crooked.prediction).additive is False
    assert found(api(alice), asked_about) == []
    assert similar(api(alice), crooked).json()["status"] == "unavailable"


def test_the_look_is_on_record_with_what_was_shown(office, decide, asked_about, alice, api):
    case = decide(office, "SAME-1", argued(0.9))
    similar(api(alice), asked_about)
    event = AuditEvent.objects.get(action="case.similar_viewed")
    assert (event.object_id, event.actor_id, event.data) == (str(asked_about.pk), alice.pk, {"cases": [str(case.pk)]})
    assert topics([Entry("case.similar_viewed", "cases.case", str(case.pk), queue_id=office.queue.pk)]) == set()


def test_who_may_not_see_the_case_learns_nothing(office, decide, asked_about, mallory, alice, api):
    decide(office, "SAME-1", argued(0.9))
    assert similar(api(mallory), asked_about).status_code == 404
    assert similar(api(alice, Scope.CASES_REVIEW), asked_about).status_code == 403
    assert not AuditEvent.objects.filter(action="case.similar_viewed").exists()


def text_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_the_page_shows_them_when_asked_and_not_before(office, decide, asked_about, alice, sign_in):
    other = decide(office, "SAME-1", argued(0.9), answer="correct", outcome="approve", note="n")
    browser = sign_in(alice)
    page = browser.get(f"/cases/{asked_about.pk}/")
    assert f'href="/cases/{asked_about.pk}/similar/#similar"' in page.content.decode()
    assert "SAME-1" not in page.content.decode()
    assert not AuditEvent.objects.filter(action="case.similar_viewed").exists()
    page = browser.get(f"/cases/{asked_about.pk}/similar/")
    assert f'href="/cases/{other.pk}/"' in page.content.decode()
    told = text_of(page)
    assert "SAME-1 Approve , the model advised Deny" in told
    assert "Almost the same reasons. Given: Debts too high for the income." in told
    assert "Debt-to-income 41.2 % 41.2 %" in told
    assert "Alice looked at similar decided cases." in told


def test_the_page_does_not_call_alike_what_is_merely_nearest(office, decide, asked_about, alice, sign_in):
    decide(office, "FAR-1", argued(-0.9, income=-0.2))
    browser = sign_in(alice)
    assert "Nearest decided cases; none was argued alike" in text_of(browser.get(f"/cases/{asked_about.pk}/similar/"))
    decide(office, "SAME-1", argued(0.9))
    assert "Decided cases the model argued alike" in text_of(browser.get(f"/cases/{asked_about.pk}/similar/"))


def test_a_script_gets_the_panel_alone(office, decide, asked_about, alice, mallory, sign_in):
    decide(office, "SAME-1", argued(0.9))
    how = {"headers": {"X-Requested-With": "fetch"}}
    panel = sign_in(alice).get(f"/cases/{asked_about.pk}/similar/", **how).content.decode()
    assert "SAME-1" in panel
    assert "<html" not in panel
    assert sign_in(mallory).get(f"/cases/{asked_about.pk}/similar/", **how).status_code == 404


def test_the_page_says_why_there_are_none(office, asked_about, alice, sign_in):
    browser = sign_in(alice)
    assert "No decided case of the queues you may read" in text_of(browser.get(f"/cases/{asked_about.pk}/similar/"))
    elsewhere = office.send(external_id="ELSE-1")
    assert "this one has none that can be compared" in text_of(browser.get(f"/cases/{elsewhere.pk}/similar/"))
    pending = office.send(external_id="WAIT-1", explanation=None, **NAMED)
    assert "still computing the reasons" in text_of(browser.get(f"/cases/{pending.pk}/similar/"))


def test_looking_costs_twelve_statements_however_many_were_decided(office, decide, asked_about, alice, api):
    client, costs = api(alice), []
    similar(client, asked_about)  # notes once a minute that the key is in use
    for number in range(6):
        decide(office, f"D-{number}", argued(0.9))
        if number in {0, 5}:
            with counted() as statements:
                assert similar(client, asked_about).status_code == 200
            costs.append(len(statements.texts))
    assert costs[0] == costs[1] <= 12


@pytest.mark.django_db(transaction=True)
def test_a_case_reopened_while_its_row_is_being_placed_is_not_found(office, decide, alice, carol, api):
    """Whoever places the row holds it; the reopening waits for that, and deletes what was placed."""
    case = decide(office, "EARLY-1", None)
    score_pending(at=timezone.now())
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            row = Precedent.objects.select_for_update().get(frame=None)
            reopening = pool.submit(_in_own_connection, lambda: reopen(api(carol), case))
            _wait_until_blocked()
            precedents._place(row)
        assert reopening.result(timeout=20) == 200
    assert not Precedent.objects.exists()


def reopen(client, case):
    return client.post(f"/api/v1/cases/{case.pk}/reopen", {"reason": "new facts"}).status_code


def _in_own_connection(act):
    try:
        return act()
    finally:
        connection.close()


def _wait_until_blocked():
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute("select pg_stat_clear_snapshot()")
            cursor.execute("select 1 from pg_stat_activity where pg_backend_pid() = any(pg_blocking_pids(pid))")
            if cursor.fetchone():
                return
        time.sleep(0.05)
    raise AssertionError("nobody waits for the row")
