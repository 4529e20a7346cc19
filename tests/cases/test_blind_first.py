"""A blind case: its reviewer answers first, then sees the model's part and confirms or changes. From everybody else it stays withheld."""

import re

import pytest
from django.db import InternalError, transaction
from django.db.utils import DatabaseError

from reviewapp.audit.models import AuditEvent
from reviewapp.cases.actions import return_due
from reviewapp.cases.models import BlindAnswer, Case, Decision, Draft, Queue, Review, Selection
from tests import factories
from tests.cases.pending import PAYSLIP, body, come_due
from tests.cases.test_statements import counted

pytestmark = pytest.mark.django_db
WITHHELD = {"advised": None, "confidence": None, "why": None, "priority": None, "withheld": True}


@pytest.fixture
def office(office):
    Queue.objects.update(blind_share=1)
    return office


@pytest.fixture
def blind(office):
    """A case of which the model advises to deny."""
    return office.send(external_id="APP-7")


@pytest.fixture
def held(blind, alice, api):
    assert api(alice).post("/api/v1/queues/loans/claim").status_code == 200
    return blind


def review(case, client, answer, lease=1, **more):
    return client.post(f"/api/v1/cases/{case.pk}/review", {"lease": lease, "answer": answer, **more})


def page_of(browser, case, status=200):
    page = browser.get(f"/cases/{case.pk}/")
    assert page.status_code == status
    return page.content.decode()


def post(browser, case, choice, shown=None, **more):
    """What the page's form sends."""
    shown = shown or re.search(r'name="shown" value="([^"]+)"', page_of(browser, case))[1]
    lease = Case.objects.get(pk=case.pk).lease
    return browser.post(f"/cases/{case.pk}/review/", {"lease": lease, "choice": choice, "shown": shown, **more})


def is_withheld(client, case):
    read = client.get(f"/api/v1/cases/{case.pk}").json()
    assert read["withheld"] == (read["advised"] is None) == (read["explanation"] is None)
    return read["withheld"]


# The two steps


def test_alice_answers_first_then_sees_the_model_and_confirms(blind, alice, api):
    client = api(alice)
    taken = client.post("/api/v1/queues/loans/claim").json()
    assert {name: taken[name] for name in WITHHELD} == WITHHELD
    assert (taken["prediction"]["outcome"], taken["prediction"]["probabilities"]) == (None, {})
    said = review(blind, client, "blind", outcome="deny", sure=2, note="Debts are high.", shown=taken["shown"])
    assert said.status_code == 200
    assert (said.json()["status"], said.json()["advised"], said.json()["withheld"]) == ("leased", "deny", False)
    assert said.json()["lease"]["number"] == 1
    read = client.get(f"/api/v1/cases/{blind.pk}").json()
    assert (read["advised"], read["prediction"]["probabilities"]["deny"], read["priority"]) == ("deny", 0.73, 0)
    done = review(blind, client, "agree", shown=read["shown"]).json()
    assert (done["status"], done["outcome"]) == ("decided", "deny")
    first, second = BlindAnswer.objects.get(), Review.objects.get()
    assert (first.outcome, first.sure, first.note, first.round, first.lease) == ("deny", 2, "Debts are high.", 1, 1)
    assert (second.arm, second.answer, first.reviewer_id) == ("blind", "agree", alice.pk)
    assert first.answered_at < second.reviewed_at
    assert Decision.objects.get().review == second


def test_alice_changes_her_mind_and_both_answers_are_kept(held, alice, api):
    client = api(alice)
    assert review(held, client, "blind", outcome="approve").status_code == 200
    assert review(held, client, "agree").json()["outcome"] == "deny"
    assert (BlindAnswer.objects.get().outcome, Review.objects.get().outcome) == ("approve", "deny")
    events = AuditEvent.objects.filter(object_id=str(held.pk)).values_list("action", flat=True)
    assert [action for action in events if action.startswith("case.") and not action.endswith(".viewed")] == [
        "case.claimed",
        "case.blind_answered",
        "case.reviewed",
    ]


@pytest.mark.parametrize("answer", [{"answer": "agree"}, {"answer": "correct", "outcome": "approve"}])
def test_nobody_decides_a_case_whose_advice_is_withheld_from_them(held, alice, api, answer):
    refused = review(held, api(alice), **answer)
    assert (refused.status_code, refused.json()["code"]) == (409, "answer-blind-first")
    assert not Review.objects.exists()


def test_a_blind_answer_is_given_once_and_only_to_a_blind_case(held, alice, office, api):
    client = api(alice)
    assert review(held, client, "blind", outcome="deny").status_code == 200
    again = review(held, client, "blind", outcome="approve")
    assert (again.status_code, again.json()["code"]) == (409, "not-blind")
    review(held, client, "agree")
    Queue.objects.update(blind_share=0)
    usual = office.send()
    client.post("/api/v1/queues/loans/claim")
    assert review(usual, client, "blind", outcome="deny").json()["code"] == "not-blind"
    assert BlindAnswer.objects.get().outcome == "deny"


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({}, "/outcome"),
        ({"outcome": "perhaps"}, "/outcome"),
        ({"outcome": "deny", "sure": 4}, "/sure"),
        ({"outcome": "deny", "sure": 1.5}, "/sure"),
        ({"outcome": "deny", "reason_codes": ["R99"]}, "/reason_codes"),
    ],
)
def test_a_blind_answer_that_cannot_be_is_refused_with_its_place(held, alice, api, sent, pointer):
    refused = review(held, api(alice), "blind", **sent)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    assert not BlindAnswer.objects.exists()


def test_a_retried_blind_answer_is_recorded_once(held, alice, api):
    client, body = api(alice), {"lease": 1, "answer": "blind", "outcome": "deny"}
    first, second = (
        client.post(f"/api/v1/cases/{held.pk}/review", body, **{"Idempotency-Key": "once"}) for _ in range(2)
    )
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert BlindAnswer.objects.count() == 1


def test_a_lost_lease_keeps_the_own_view_as_a_draft(held, alice, bob, api, sign_in):
    browser = sign_in(alice)
    shown = re.search(r'name="shown" value="([^"]+)"', page_of(browser, held))[1]
    Case.objects.update(lease_until=factories.now())
    assert api(bob).post("/api/v1/queues/loans/claim").status_code == 200
    sent = {"lease": 1, "choice": "outcome:deny", "shown": shown, "note": "n", "sure": "3"}
    assert browser.post(f"/cases/{held.pk}/review/", sent).status_code == 409
    assert (Draft.objects.get().choice, BlindAnswer.objects.count()) == ("outcome:deny", 0)


# The pages


def test_the_page_asks_for_plain_outcomes_and_then_shows_both_views(held, alice, sign_in):
    browser = sign_in(alice)
    first = page_of(browser, held)
    assert 'value="outcome:deny"' in first
    assert "The model’s part is withheld" in first
    assert all(word not in first for word in ("Agree", 'value="agree"', "The model advises</h2>", "Why a person"))
    answer = post(browser, held, "outcome:approve", note="Income is steady.", sure="3")
    assert (answer.status_code, answer["Location"]) == (302, f"/cases/{held.pk}/")
    second = page_of(browser, held)
    assert "Your view is recorded." in second
    assert re.search(r"<dt>You said</dt><dd><strong>Approve</strong></dd><dd[^>]*>very sure", second)
    assert re.search(r"<dt>The model advises</dt><dd><strong>Deny</strong>", second)
    assert re.search(r'value="correct:approve" required checked data-record="Confirm approve and take next"', second)
    assert 'data-record="Change to deny and take next"' in second
    assert "Income is steady.</textarea>" in second
    assert "Draft saved" not in second


def test_confirming_is_one_press_where_both_say_the_same(held, alice, sign_in):
    browser = sign_in(alice)
    post(browser, held, "outcome:deny")
    page = page_of(browser, held)
    assert re.search(r'value="agree" required checked data-record="Confirm deny and take next"', page)
    assert "The same. Confirm it" in page
    assert post(browser, held, "agree").status_code == 302
    assert "Alice said deny, before seeing the model’s advice." in page_of(browser, held)


def test_an_answer_to_the_blind_page_is_not_taken_for_one_to_the_open_page(held, alice, sign_in):
    """Two tabs of the same page: the second one's answer was given without the advice and must not decide."""
    browser = sign_in(alice)
    shown = re.search(r'name="shown" value="([^"]+)"', page_of(browser, held))[1]
    assert post(browser, held, "outcome:approve", shown=shown).status_code == 302
    late = post(browser, held, "outcome:approve", shown=shown)
    assert late.status_code == 409
    assert re.search(r'value="correct:approve" required checked', late.content.decode())
    assert not Review.objects.exists()


def test_a_refused_blind_form_comes_back_as_it_was_typed(held, alice, sign_in):
    page = post(sign_in(alice), held, "outcome:perhaps", note="typed", sure="2")
    assert page.status_code == 422
    text = page.content.decode()
    assert "typed</textarea>" in text
    assert re.search(r'name="sure" value="2" checked', text)
    assert "Deny" in text


def test_levels_are_answered_blind_as_levels(alice, sign_in, api):
    ward = factories.make_office("ward", outcomes=factories.TRIAGE_OUTCOMES, kind="ordinal")
    Queue.objects.update(blind_share=1)
    shares = {str(level): share for level, share in enumerate([0.05, 0.6, 0.2, 0.1, 0.05], start=1)}
    case = ward.send(prediction={"outcome": "2", "probabilities": shares}, explanation=None)
    nurse = factories.make_reviewer("nina", ward)
    browser = sign_in(nurse)
    browser.post("/queues/ward/next/")
    assert post(browser, case, "outcome:3").status_code == 302
    page = page_of(browser, case)
    assert re.search(r'value="outcome:3" required checked data-record="Confirm 3 Urgent and take next"', page)
    assert post(browser, case, "outcome:2").status_code == 302
    assert (Review.objects.get().answer, BlindAnswer.objects.get().outcome) == ("agree", "3")


# Who sees what, and when


def test_what_alice_has_seen_stays_withheld_from_bob(held, alice, bob, carol, api):
    review(held, api(alice), "blind", outcome="deny")
    api(alice).post(f"/api/v1/cases/{held.pk}/release", {"lease": 1})
    assert [is_withheld(api(person), held) for person in (alice, bob, carol)] == [False, True, True]
    taken = api(bob).post("/api/v1/queues/loans/claim").json()
    assert taken["withheld"] is True
    review(held, api(bob), "blind", lease=2, outcome="approve")
    review(held, api(bob), "agree", lease=2)
    assert is_withheld(api(carol), held) is False


def test_a_case_referred_blind_is_blind_for_the_lead_and_stays_so_for_alice(held, alice, carol, api, sign_in):
    passed = review(held, api(alice), "refer", note="Ask for the payslip.")
    assert (passed.json()["withheld"], passed.json()["advised"]) == (True, None)
    assert Review.objects.get().arm == "blind"
    assert [is_withheld(api(person), held) for person in (alice, carol)] == [True, True]
    lead = page_of(sign_in(carol), held)
    assert "Alice referred the case." in lead
    assert "Ask for the payslip." in lead  # written by somebody who had not seen the advice
    for path in ("/my-work/", "/reviews/"):
        assert re.search(r'data-label="The model"[^>]*>withheld<', sign_in(alice).get(path).content.decode())


def test_what_was_written_after_seeing_the_advice_waits_for_the_next_persons_own_view(held, alice, carol, api, sign_in):
    review(held, api(alice), "blind", outcome="approve")
    review(held, api(alice), "refer", note="The model denies; I am not sure.")
    lead = page_of(sign_in(carol), held)
    assert "Alice referred the case. Their note is withheld" in lead
    assert "Alice recorded a view of their own." in lead
    assert "The model denies" not in lead
    api(carol).post("/api/v1/queues/loans-lead/claim")
    review(held, api(carol), "blind", lease=2, outcome="deny")
    assert "The model denies" in page_of(sign_in(carol), held)


def test_the_auditor_sees_everything_at_once(blind, office, sign_in, api):
    frank = factories.make_auditor("frank", office)
    page = page_of(sign_in(frank), blind)
    assert "The model advises" in page
    assert is_withheld(api(frank), blind) is False
    (sent,) = api(frank).get("/api/v1/audit-events", action="prediction.received").json()["results"]
    assert (sent["data"]["outcome"], '"deny"' in sent["canonical"]) == ("deny", True)


def test_an_auditor_who_also_reviews_reads_the_trail_of_the_case_later(held, office, alice, api, sign_in):
    alice.groups.add(factories.Group.objects.get(name="Auditor"))
    told = api(alice).get("/api/v1/audit-events", action="prediction.received").json()["results"][0]
    assert (told["data"], told["canonical"]) == ({"withheld": "until the case is decided"}, "")
    event = sign_in(alice).get(f"/audit/{told['id']}/").content.decode()
    assert "Authentic" in event
    assert "deny" not in event
    review(held, api(alice), "blind", outcome="deny")
    told = api(alice).get("/api/v1/audit-events", action="prediction.received").json()["results"][0]
    assert told["data"]["outcome"] == "deny"


def test_an_answer_taken_back_was_seen_by_alice_and_by_nobody_else(held, alice, bob, api, settings):
    settings.UNDO_SECONDS = 60
    review(held, api(alice), "blind", outcome="deny")
    review(held, api(alice), "agree")
    undone = api(alice).post(f"/api/v1/cases/{held.pk}/undo").json()
    assert (undone["withheld"], undone["advised"]) == (False, "deny")
    assert is_withheld(api(bob), held) is True
    review(held, api(alice), "agree", lease=2)
    assert list(Review.objects.order_by("round").values_list("arm", flat=True)) == ["blind", "seen_first"]


def test_a_reopened_case_is_blind_again_for_all_who_have_not_answered_it_blind(held, alice, bob, carol, api, sign_in):
    review(held, api(alice), "blind", outcome="deny")
    review(held, api(alice), "agree")
    assert is_withheld(api(bob), held) is False
    reopened = api(carol).post(f"/api/v1/cases/{held.pk}/reopen", {"reason": "It was deny, and wrong."}).json()
    assert (reopened["withheld"], reopened["advised"]) == (True, None)
    assert [is_withheld(api(person), held) for person in (alice, bob, carol)] == [False, True, True]
    told = page_of(sign_in(bob), held)
    assert "Alice answered. What they said is withheld" in told
    assert "It was deny" not in told


def test_a_list_by_confidence_leaves_blind_cases_out_and_says_so(blind, office, alice, sign_in):
    browser = sign_in(alice)
    Queue.objects.filter(pk=office.queue.pk).update(blind_share=0.5)
    for query in ("sort=confidence", "confidence=75"):
        page = browser.get(f"/queues/loans/?{query}").content.decode()
        assert "APP-7" not in page
        assert "are not in this list" in page
    plain = browser.get("/queues/loans/").content.decode()
    assert "APP-7" in plain
    assert "are not in this list" not in plain


def test_a_lead_cannot_find_the_priority_that_a_rule_gave_by_asking(blind, carol, api, sign_in):
    Case.objects.update(priority=77)
    client, order = api(carol), {"act": "prioritise", "cases": [str(blind.pk)], "reason": "r"}
    for priority in (77, 5):
        assert client.post("/api/v1/cases/bulk", {**order, "priority": priority}).json()["results"][0]["status"] == 200
    Case.objects.update(priority=77, due_at=factories.now())
    browser = sign_in(carol)
    assert re.search(r'data-label="Priority"[^>]*>withheld<', browser.get("/board/").content.decode())
    sent = {"act": "prioritise", "case": [str(blind.pk)], "priority": "5", "reason": "r"}
    assert "priority withheld becomes 5" in browser.post("/board/preview/", sent).content.decode()


def test_the_trace_and_the_what_if_are_refused_until_alice_has_answered(held, alice, api, sign_in):
    browser, client = sign_in(alice), api(alice)
    trace = f"/predictions/{held.prediction_id}/routing/"
    assert browser.get(trace).status_code == 409
    assert browser.post(f"/cases/{held.pk}/what-if/", {"input-income": "1"}).status_code == 409
    asked = client.post(f"/api/v1/cases/{held.pk}/what-if", {"changes": {"income": 1}})
    assert (asked.status_code, asked.json()["code"]) == (409, "advice-withheld")
    assert not AuditEvent.objects.filter(action__in=["prediction.viewed", "case.what_if_asked"]).exists()
    review(held, client, "blind", outcome="deny")
    assert browser.get(trace).status_code == 200


# What is kept


@pytest.mark.parametrize("model", [BlindAnswer, Selection])
def test_a_blind_answer_and_a_draw_are_never_changed_or_deleted(held, alice, api, model):
    review(held, api(alice), "blind", outcome="deny")
    for act in (lambda rows: rows.update(case_id=held.pk), lambda rows: rows.delete()):
        with pytest.raises((InternalError, DatabaseError), match="append-only"), transaction.atomic():
            act(model.objects.all())


def test_a_blind_case_costs_few_statements_more(held, alice, office, api, sign_in):
    client, browser = api(alice), sign_in(alice)
    office.send(external_id="APP-8")
    page_of(browser, held)
    costs = {}
    with counted() as statements:
        page_of(browser, held)
    costs["withheld page"] = len(statements.texts)
    with counted() as statements:
        assert review(held, client, "blind", outcome="deny").status_code == 200
    costs["blind answer"] = len(statements.texts)
    with counted() as statements:
        page_of(browser, held)
    costs["open page"] = len(statements.texts)
    with counted() as statements:
        assert client.post("/api/v1/queues/loans/claim").status_code == 200
    costs["claim"] = len(statements.texts)
    most = {"withheld page": 15, "blind answer": 6, "open page": 15, "claim": 5}
    assert {name: count for name, count in costs.items() if count > most[name]} == {}


# What a pended case waits for


@pytest.mark.parametrize("seen", [True, False])
def test_what_a_pended_case_waits_for_is_withheld_like_a_note_where_it_was_written_after_the_advice(
    held, office, alice, bob, carol, api, sign_in, seen
):
    if seen:
        assert review(held, api(alice), "blind", outcome="approve").status_code == 200
    said = api(alice).post(f"/api/v1/cases/{held.pk}/pend", body())
    assert (said.status_code, said.json()["awaited"]) == (200, PAYSLIP)
    told = {alice: True, bob: not seen, carol: not seen, factories.make_auditor("frank", office): True}
    for person, is_told in told.items():
        lines = api(person).get("/api/v1/cases").json()["results"]
        for read in (*lines, api(person).get(f"/api/v1/cases/{held.pk}").json()):
            assert (read["status"], read["awaited"]) == ("pended", PAYSLIP if is_told else None)
            assert read["follow_up_at"]
        page = page_of(sign_in(person), held)
        assert (page.count(PAYSLIP), "What it waits for is withheld" in page) == ((2, False) if is_told else (0, True))
        assert "Alice pended the case until" in page
        assert ("Take it up again" in page) == (person.username != "frank")
    assert PAYSLIP in sign_in(alice).get("/my-work/").content.decode()
    come_due()
    return_due(at=factories.now())
    browser = sign_in(bob)
    assert (PAYSLIP in page_of(browser, held)) == (not seen)
    taken = api(bob).post(f"/api/v1/cases/{held.pk}/claim").json()
    assert review(held, api(bob), "blind", lease=taken["lease"]["number"], outcome="deny").status_code == 200
    assert PAYSLIP in page_of(browser, held)


@pytest.mark.parametrize("seen", [True, False])
def test_why_a_lead_gave_a_case_to_somebody_is_withheld_where_the_lead_had_seen_the_advice(
    blind, alice, carol, api, sign_in, seen
):
    if seen:
        lease = api(carol).post(f"/api/v1/cases/{blind.pk}/claim").json()["lease"]["number"]
        assert review(blind, api(carol), "blind", lease=lease, outcome="approve").status_code == 200
        assert api(carol).post(f"/api/v1/cases/{blind.pk}/release", {"lease": lease}).status_code == 200
    order = {"act": "reassign", "cases": [str(blind.pk)], "to": "alice", "reason": "Debts, as it says."}
    assert api(carol).post("/api/v1/cases/bulk", order).json()["results"][0]["status"] == 200
    page = page_of(sign_in(alice), blind)
    assert "Carol gave the case to Alice." in page
    assert ("Debts, as it says." in page) == (not seen)
    assert "Debts, as it says." in page_of(sign_in(carol), blind) or not seen
