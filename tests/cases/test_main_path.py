"""From a prediction sent by a machine to a label, through the API and the pages."""

import json

import pytest
from django.utils import timezone
from guardian.shortcuts import remove_perm

from reviewapp.access.models import IdempotencyRecord
from reviewapp.access.rules import Scope
from reviewapp.audit.models import AuditEvent
from reviewapp.cases.feedback import label_decisions
from reviewapp.cases.models import Case, Decision, Draft, Outbox
from reviewapp.predictions.models import Label
from tests.factories import prediction_body

pytestmark = pytest.mark.django_db


def test_a_prediction_becomes_a_case_a_decision_and_one_label(office, alice, api):
    sent = api(office.sender).post("/api/v1/predictions", prediction_body(external_id="APP-1"))
    assert sent.status_code == 201, sent.json()
    assert sent.json()["routing"]["result"] == "review"
    reviewer = api(alice)
    case = reviewer.post("/api/v1/queues/loans/claim").json()
    assert case["external_id"] == "APP-1"
    assert "married" not in case["features"], "a protected feature is not for the reviewer's eyes"
    answer = {
        "lease": case["lease"]["number"],
        "answer": "correct",
        "outcome": "approve",
        "note": "Income proven",
        "reason_codes": ["R02"],
    }
    reviewed = reviewer.post(f"/api/v1/cases/{case['id']}/review", answer)
    assert reviewed.status_code == 200, reviewed.json()
    assert reviewed.json()["outcome"] == "approve"
    label_decisions(at=timezone.now())
    label = Label.objects.get()
    assert (label.predicted_outcome, label.outcome, label.agrees, label.direction) == (
        "deny",
        "approve",
        False,
        "low-side",
    )
    assert label.decision_id == Decision.objects.get().pk
    assert not Outbox.objects.exists()
    read = api(office.sender).get(f"/api/v1/predictions/{sent.json()['id']}").json()
    assert read["outcome"] == "approve"
    assert read["decision"]["direction"] == "low-side"


def test_a_stale_lease_changes_nothing_and_keeps_the_text(office, alice, bob, api):
    office.send()
    first = api(alice).post("/api/v1/queues/loans/claim").json()
    Case.objects.update(lease_until=timezone.now() - timezone.timedelta(minutes=1))
    second = api(bob).post("/api/v1/queues/loans/claim").json()
    assert second["lease"]["number"] == first["lease"]["number"] + 1
    lost = api(alice).post(
        f"/api/v1/cases/{first['id']}/review", {"lease": first["lease"]["number"], "answer": "agree", "note": "mine"}
    )
    assert (lost.status_code, lost.json()["code"]) == (409, "lease-lost")
    assert Draft.objects.get(author=alice).note == "mine"
    assert not Decision.objects.exists()


def test_an_over_run_lease_that_nobody_took_is_still_good(office, alice, api):
    office.send()
    case = api(alice).post("/api/v1/queues/loans/claim").json()
    Case.objects.update(lease_until=timezone.now() - timezone.timedelta(minutes=1))
    answer = {"lease": case["lease"]["number"], "answer": "agree"}
    assert api(alice).post(f"/api/v1/cases/{case['id']}/review", answer).status_code == 200


def test_a_referred_case_goes_to_the_lead_and_never_back_to_the_same_person(office, alice, carol, api):
    office.send()
    case = api(alice).post("/api/v1/queues/loans/claim").json()
    api(alice).post(f"/api/v1/cases/{case['id']}/review", {"lease": 1, "answer": "refer"})
    assert api(alice).post("/api/v1/queues/loans-lead/claim").status_code == 404
    again = api(carol).post("/api/v1/queues/loans-lead/claim").json()
    decided = api(carol).post(
        f"/api/v1/cases/{again['id']}/review", {"lease": again["lease"]["number"], "answer": "agree"}
    )
    assert decided.json()["status"] == "decided"


def test_a_replayed_review_has_one_effect_and_the_same_answer(office, alice, api):
    office.send()
    reviewer = api(alice)
    case = reviewer.post("/api/v1/queues/loans/claim").json()
    body = {"lease": 1, "answer": "agree"}
    first = reviewer.post(f"/api/v1/cases/{case['id']}/review", body, **{"Idempotency-Key": "k-1"})
    again = reviewer.post(f"/api/v1/cases/{case['id']}/review", body, **{"Idempotency-Key": "k-1"})
    assert (first.status_code, again.status_code) == (200, 200)
    assert again["Idempotent-Replayed"] == "true"
    assert first.content == again.content
    other = reviewer.post(f"/api/v1/cases/{case['id']}/review", {**body, "note": "x"}, **{"Idempotency-Key": "k-1"})
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")


def test_a_key_without_the_scope_may_not_answer(office, alice, api):
    office.send()
    refused = api(alice, Scope.CASES_READ).post("/api/v1/queues/loans/claim")
    assert (refused.status_code, refused.json()["code"]) == (403, "scope-missing")


def test_a_reviewer_of_another_office_sees_the_same_404_as_for_what_is_absent(office, mallory, api):
    case = office.send()
    stranger = api(mallory)
    hidden = stranger.get(f"/api/v1/cases/{case.pk}")
    absent = stranger.get("/api/v1/cases/00000000-0000-7000-8000-000000000000")
    assert hidden.status_code == absent.status_code == 404
    assert hidden.json() == absent.json()
    assert stranger.post("/api/v1/queues/loans/claim").status_code == 404


def test_the_case_page_shows_facts_advice_and_takes_an_answer(office, alice, sign_in):
    office.send(external_id="APP-7")
    browser = sign_in(alice)
    opened = browser.post("/queues/loans/next/", follow=True)
    page = opened.content.decode()
    assert "APP-7" in page
    assert "above 36 % guideline" in page
    assert "Zora" not in page, "identity is masked"
    case = Case.objects.get()
    refused = browser.post(f"/cases/{case.pk}/review/", {"lease": "1", "choice": "correct:approve", "note": ""})
    assert refused.status_code == 422
    assert "corrections need one" in refused.content.decode()
    done = browser.post(
        f"/cases/{case.pk}/review/",
        {"lease": "1", "choice": "correct:approve", "note": "Seen the pay slip"},
        follow=True,
    )
    assert "Recorded: APP-7" in done.content.decode()
    assert Decision.objects.get().outcome == "approve"


def test_a_replayed_claim_of_an_empty_queue_says_again_that_there_is_nothing(office, alice, api):
    first, again = (api(alice).post("/api/v1/queues/loans/claim", **{"Idempotency-Key": "k-2"}) for _ in range(2))
    assert (first.status_code, first.content) == (again.status_code, again.content) == (204, b"")
    assert again["Idempotent-Replayed"] == "true"


def test_a_replayed_claim_shows_nothing_to_who_may_no_longer_see_the_case(office, alice, api):
    case, reviewer, once = office.send(), api(alice), {"Idempotency-Key": "k-3"}
    first = reviewer.post("/api/v1/queues/loans/claim", **once)
    again = reviewer.post("/api/v1/queues/loans/claim", **once)
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
    assert AuditEvent.objects.filter(action="case.viewed", object_id=str(case.pk)).count() == 1
    (kept,) = IdempotencyRecord.objects.values_list("answer", flat=True)
    assert sorted(json.loads(bytes(kept))) == ["id", "next_because"]
    remove_perm("work_cases", alice, office.queue)
    refused = reviewer.post("/api/v1/queues/loans/claim", **once)
    assert (refused.status_code, refused.json()["code"]) == (404, "not-found")


def test_a_replayed_prediction_says_what_was_said_first(office, api):
    body = prediction_body()
    answers = [
        api(office.sender).post("/api/v1/predictions", body, **{"Idempotency-Key": key}) for key in ("a", "b", "b", "a")
    ]
    assert [answer.status_code for answer in answers] == [201, 200, 200, 201]


def test_the_next_case_is_made_ready_without_being_taken_or_seen(office, alice, mallory, sign_in):
    case = office.send()
    events = AuditEvent.objects.count()
    ready = sign_in(alice).get("/queues/loans/ahead/")
    assert (ready.status_code, ready.content) == (204, b"")
    assert Case.objects.values().get() == Case.objects.filter(pk=case.pk, state="open", lease=0).values().get()
    assert AuditEvent.objects.exclude(action__startswith="user.").count() == events
    assert sign_in(mallory).get("/queues/loans/ahead/").status_code == 404


def test_who_holds_a_case_resumes_it_first_also_once_the_page_is_refreshed(office, alice, bob, sign_in):
    office.send(), office.send()
    primary = 'class="button button--primary" data-key="g"'
    sign_in(alice).post("/queues/loans/next/")
    for path in ("/my-work/", "/my-work/queues/"):
        assert primary not in sign_in(alice).get(path).content.decode()
        assert primary in sign_in(bob).get(path).content.decode()


def test_a_case_given_back_is_said_to_be_back_in_its_queue(office, alice, sign_in):
    case, browser = office.send(external_id="APP-1"), sign_in(alice)
    browser.post("/queues/loans/next/")
    page = browser.post(f"/cases/{case.pk}/release/", {"lease": 1}, follow=True).content.decode()
    assert "APP-1 is back in Loans." in page


def test_a_case_that_a_lead_cannot_tell_is_said_to_wait_in_the_lead_queue(office, carol, sign_in):
    case, browser = office.send(external_id="APP-1"), sign_in(carol)
    Case.objects.update(queue=office.lead_queue)
    browser.post(f"/cases/{case.pk}/claim/")
    form = {"lease": 1, "choice": "cannot_tell", "note": "Both papers contradict."}
    page = browser.post(f"/cases/{case.pk}/review/", form, follow=True).content.decode()
    assert "Recorded: APP-1 went to Loans lead." in page


@pytest.mark.parametrize("path", ["/queues/loans/?sort=oldest&page_size=1", "/reviews/?answer=agree&page_size=1"])
def test_the_second_page_of_a_list_is_as_long_as_the_first(office, alice, api, sign_in, path):
    for _ in range(2):
        case = office.send()
        api(alice).post(f"/api/v1/cases/{case.pk}/claim")
        api(alice).post(f"/api/v1/cases/{case.pk}/review", {"lease": 1, "answer": "agree"})
        office.send()
    browser = sign_in(alice)
    first = browser.get(path)
    assert len(first.context["rows"]) == 1
    second = browser.get(path.split("?")[0] + first.context["pager"]["next_url"].removeprefix(path.split("?")[0]))
    assert len(second.context["rows"]) == 1
    back = second.context["pager"]["previous_url"]
    assert all(part in back for part in path.split("?")[1].split("&")), "every filter is kept"
