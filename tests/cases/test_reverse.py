"""Taking an answer back, and reopening: rounds end, nothing is erased, and each decision that counts becomes one label."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from reviewapp.audit.models import AuditEvent
from reviewapp.cases.feedback import label_decisions
from reviewapp.cases.models import Case, Decision, Outbox, Reversal
from reviewapp.datasets.freezing import freeze_pending
from reviewapp.predictions.models import Label, SupersededLabel
from tests import factories

WINDOW = 30


@pytest.fixture(autouse=True)
def _window(settings):
    settings.UNDO_SECONDS = WINDOW


@pytest.fixture
def case(office):
    return office.send()


@pytest.fixture
def reviewer(alice, api):
    return api(alice)


def answer(client, case, **given):
    claimed = client.post("/api/v1/queues/loans/claim").json()
    assert claimed["id"] == str(case.pk)
    body = {"lease": claimed["lease"]["number"], "answer": "agree", "note": "income seen", **given}
    response = client.post(f"/api/v1/cases/{case.pk}/review", body)
    assert response.status_code == 200, response.content
    return response.json()


def undo(client, case):
    return client.post(f"/api/v1/cases/{case.pk}/undo", {})


def labels(case, *, after=WINDOW + 1):
    label_decisions(at=timezone.now() + timedelta(seconds=after))
    return list(Label.objects.filter(prediction=case.prediction).order_by("position"))


def test_an_answer_taken_back_is_a_draft_and_the_case_is_ones_own_again(reviewer, case, alice):
    answer(reviewer, case, answer="correct", outcome="approve")
    response = undo(reviewer, case)
    assert response.status_code == 200
    assert (response.json()["status"], response.json()["outcome"]) == ("leased", None)
    case.refresh_from_db()
    assert (case.holder, case.round, case.lease) == (alice, 2, 2)
    draft = case.drafts.get(author=alice)
    assert (draft.choice, draft.note) == ("correct:approve", "income seen")
    assert list(case.reversals.values_list("round", "kind")) == [(1, "undo")]


def test_a_decision_taken_back_never_becomes_a_label_and_the_next_one_does_once(reviewer, case):
    answer(reviewer, case)
    lease = undo(reviewer, case).json()["lease"]["number"]
    assert labels(case) == []
    again = reviewer.post(
        f"/api/v1/cases/{case.pk}/review", {"lease": lease, "answer": "correct", "outcome": "approve", "note": "x"}
    )
    assert again.status_code == 200
    assert [label.outcome for label in labels(case)] == ["approve"]
    assert Decision.objects.filter(case=case).count() == 2


def test_no_label_is_written_before_the_window_is_over(reviewer, case):
    answer(reviewer, case)
    assert labels(case, after=WINDOW - 2) == []
    assert len(labels(case)) == 1


def test_after_the_window_it_is_too_late(reviewer, case, settings):
    answer(reviewer, case)
    settings.UNDO_SECONDS = 0
    response = undo(reviewer, case)
    assert (response.status_code, response.json()["code"]) == (409, "too-late")
    assert Case.objects.get(pk=case.pk).state == "decided"
    assert not Reversal.objects.exists()


def test_once_the_label_is_written_it_is_too_late_whatever_the_clock_says(reviewer, case):
    answer(reviewer, case)
    assert len(labels(case)) == 1
    assert undo(reviewer, case).status_code == 409


def test_only_who_answered_takes_it_back(reviewer, case, bob, mallory, api):
    answer(reviewer, case)
    assert undo(api(bob), case).status_code == 409
    assert undo(api(mallory), case).status_code == 404
    assert Case.objects.get(pk=case.pk).state == "decided"


def test_who_works_on_the_queue_no_more_takes_no_answer_back(reviewer, case, office, alice, sign_in):
    answer(reviewer, case)
    rights = office.queue.queueuserpermission_set.filter(user=alice)
    assert rights.exists()
    rights.delete()
    assert undo(reviewer, case).status_code == 404
    assert sign_in(alice).post(f"/cases/{case.pk}/undo/").status_code == 404
    assert Case.objects.get(pk=case.pk).state == "decided"


def test_undo_comes_once(reviewer, case):
    answer(reviewer, case)
    assert [undo(reviewer, case).status_code for _ in range(2)] == [200, 409]
    assert Reversal.objects.count() == 1


def test_a_referral_is_taken_back_until_a_lead_has_taken_the_case(reviewer, case, carol, api, office):
    answer(reviewer, case, answer="refer")
    assert undo(reviewer, case).status_code == 200
    lease = Case.objects.get(pk=case.pk).lease
    assert Case.objects.get(pk=case.pk).queue == office.queue
    assert reviewer.post(f"/api/v1/cases/{case.pk}/review", {"lease": lease, "answer": "refer"}).status_code == 200
    assert api(carol).post(f"/api/v1/queues/{office.lead_queue.slug}/claim").status_code == 200
    assert undo(reviewer, case).status_code == 409


def test_a_referral_that_its_lead_has_pended_is_not_taken_back(reviewer, case, carol, api, office):
    answer(reviewer, case, answer="refer")
    lease = api(carol).post(f"/api/v1/queues/{office.lead_queue.slug}/claim").json()["lease"]["number"]
    tomorrow = (timezone.now() + timedelta(days=1)).isoformat()
    body = {"lease": lease, "follow_up_at": tomorrow, "awaited": "payslip"}
    assert api(carol).post(f"/api/v1/cases/{case.pk}/pend", body).status_code == 200
    assert undo(reviewer, case).status_code == 409


def test_the_old_lease_number_changes_nothing_after_an_undo(reviewer, case):
    answer(reviewer, case)
    undo(reviewer, case)
    response = reviewer.post(f"/api/v1/cases/{case.pk}/review", {"lease": 1, "answer": "agree"})
    assert (response.status_code, response.json()["code"]) == (409, "lease-lost")


def test_the_page_offers_to_take_the_answer_back_and_fills_the_form_again(sign_in, alice, case):
    browser = sign_in(alice)
    browser.post("/queues/loans/next/")
    lease = Case.objects.get(pk=case.pk).lease
    form = {"lease": lease, "choice": "agree", "note": "seen by page", "active_seconds": 3}
    page = browser.post(f"/cases/{case.pk}/review/", form, follow=True).content.decode()
    assert f'action="/cases/{case.pk}/undo/"' in page
    page = browser.post(f"/cases/{case.pk}/undo/", follow=True).content.decode()
    assert "seen by page" in page
    assert "Your answer is taken back" in page


def test_the_page_says_when_it_is_too_late(sign_in, alice, reviewer, case, settings):
    answer(reviewer, case)
    settings.UNDO_SECONDS = 0
    page = sign_in(alice).post(f"/cases/{case.pk}/undo/", follow=True).content.decode()
    assert "too late to take this answer back" in page


# Reopening


def reopen(client, case, reason="The payslip was of another year."):
    return client.post(f"/api/v1/cases/{case.pk}/reopen", {"reason": reason})


def test_a_lead_reopens_with_a_reason_and_the_label_is_superseded_not_erased(reviewer, case, bob, carol, api):
    answer(reviewer, case)
    (first,) = labels(case)
    response = reopen(api(carol), case)
    assert (response.status_code, response.json()["status"]) == (200, "open")
    assert SupersededLabel.objects.get().label == first
    answer(api(bob), case, answer="correct", outcome="approve")
    assert [label.outcome for label in labels(case)] == ["deny", "approve"]
    event = AuditEvent.objects.get(action="case.reopened")
    assert (event.reason, event.data) == ("The payslip was of another year.", {"round": 1})


def test_reopened_before_its_label_was_written_there_is_none(reviewer, case, carol, api):
    answer(reviewer, case)
    assert reopen(api(carol), case).status_code == 200
    assert labels(case) == []
    assert not Outbox.objects.exists()


def test_reopening_is_for_leads_of_its_queue(reviewer, case, bob, mallory, api):
    answer(reviewer, case)
    assert [reopen(api(user), case).status_code for user in (bob, mallory)] == [403, 404]
    assert Case.objects.get(pk=case.pk).state == "decided"


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201])
def test_reopening_wants_a_reason(reviewer, case, carol, api, reason):
    answer(reviewer, case)
    response = reopen(api(carol), case, reason)
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/reason")


def test_what_is_not_decided_is_not_reopened(case, carol, api):
    response = reopen(api(carol), case)
    assert (response.status_code, response.json()["code"]) == (409, "not-decided")


def test_a_superseded_label_is_in_no_new_data_set_and_the_stream_says_so(reviewer, case, bob, carol, office, api):
    answer(reviewer, case)
    labels(case)
    reopen(api(carol), case)
    answer(api(bob), case, answer="correct", outcome="approve")
    labels(case)
    ml = factories.make_ml("dana", office)
    listed = api(ml).get("/api/v1/labels", use_case="loans").json()["results"]
    assert [row["superseded_at"] is None for row in listed] == [False, True]
    made = api(ml).post("/api/v1/datasets", {"use_case": "loans", "name": "after"}).json()
    freeze_pending(at=timezone.now())
    assert api(ml).get(f"/api/v1/datasets/{made['id']}").json()["rows_total"] == 1


def test_a_reversal_is_append_only(reviewer, case):
    answer(reviewer, case)
    undo(reviewer, case)
    for statement in ("update cases_reversal set round = 9", "delete from cases_reversal"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_the_case_page_lets_its_lead_reopen_and_tells_the_story(sign_in, reviewer, case, carol, alice):
    answer(reviewer, case)
    browser = sign_in(carol)
    assert f'action="/cases/{case.pk}/reopen/"' in browser.get(f"/cases/{case.pk}/").content.decode()
    assert "reopen/" not in sign_in(alice).get(f"/cases/{case.pk}/").content.decode()
    page = browser.post(f"/cases/{case.pk}/reopen/", {"reason": "Wrong payslip."}, follow=True).content.decode()
    assert "Carol reopened the case" in page
    assert "Wrong payslip." in page
