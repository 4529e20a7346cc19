"""Second review and adjudication: two people answer on their own; where they differ, a lead decides, and that binds."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from guardian.shortcuts import remove_perm

from reviewapp.access.rules import Scope
from reviewapp.audit.models import AuditEvent
from reviewapp.cases.actions import return_due, watch_sla
from reviewapp.cases.models import Case, Decision, Draft, Outbox, Queue, Reversal, Review
from tests import factories
from tests.cases.pending import ahead, come_due

SECRET = "Second income stands in the October slip."


@pytest.fixture(autouse=True)
def _always(office, settings):
    office.queue.review_policy = {"always": True}
    office.queue.save()
    settings.UNDO_SECONDS = 30


@pytest.fixture
def case(office):
    return office.send()


def take(client, slug="loans", **body):
    return client.post(f"/api/v1/queues/{slug}/claim", body)


def answer(client, lease, case, **given):
    body = {"lease": lease, "answer": "agree", **given}
    response = client.post(f"/api/v1/cases/{case.pk}/review", body)
    assert response.status_code == 200, response.content
    return response.json()


def take_and_answer(client, case, **given):
    claimed = take(client).json()
    assert claimed["id"] == str(case.pk)
    return answer(client, claimed["lease"]["number"], case, **given)


def differ(api, alice, bob, case):
    """Alice approves, bob denies."""
    take_and_answer(api(alice), case, answer="correct", outcome="approve", note=SECRET, reason_codes=["R02"])
    take_and_answer(api(bob), case, note="Nobody has confirmed it.", reason_codes=["R01"])
    case.refresh_from_db()
    assert (case.state, case.stage) == ("open", "adjudication")


OFFERED = '<option value="alice">Alice (@alice)</option>'  # to mention on every case of the queue


def comment(client, case, text):
    assert client.post(f"/api/v1/cases/{case.pk}/comments", {"text": text}).status_code == 201


def test_two_who_say_the_same_decide_and_one_does_not(api, alice, bob, case):
    first = take_and_answer(api(alice), case)
    assert (first["status"], first["outcome"]) == ("open", None)
    assert not Decision.objects.exists()
    second = take_and_answer(api(bob), case)
    assert (second["status"], second["outcome"]) == ("decided", "deny")
    decision = Decision.objects.get()
    assert decision.review.stage == "second"
    assert Outbox.objects.filter(decision=decision).exists()


def test_the_same_reviewer_cannot_give_the_second_review(api, alice, bob, carol, case):
    take_and_answer(api(alice), case)
    assert take(api(alice)).status_code == 204
    again = api(alice).post(f"/api/v1/cases/{case.pk}/claim")
    assert (again.status_code, again.json()["code"]) == (409, "already-reviewed")
    order = {"act": "reassign", "cases": [str(case.pk)], "to": "alice", "reason": "She is free."}
    given = api(carol, Scope.CASES_LEAD).post("/api/v1/cases/bulk", order).json()["results"][0]
    assert given["problem"]["code"] == "already-reviewed"
    assert take(api(bob)).status_code == 200


def test_the_second_reviewer_reads_nothing_of_the_first_answer_anywhere(api, sign_in, alice, bob, case):
    comment(api(alice), case, f"@bob early: {SECRET}")
    take_and_answer(api(alice), case, answer="correct", outcome="approve", note=SECRET, reason_codes=["R02"])
    comment(api(alice), case, f"@bob late: {SECRET}")
    claimed = take(api(bob))
    client = sign_in(bob)
    paths = [
        "/my-work/",
        "/my-work/mentions/",
        "/queues/loans/",
        f"/cases/{case.pk}/",
        f"/cases/{case.pk}/news/?seen=x",
        "/queues/",
    ]
    pages = [client.get(path).content.decode().replace(OFFERED, "") for path in paths]
    read = [f"/api/v1/cases/{case.pk}", f"/api/v1/cases/{case.pk}/comments", "/api/v1/cases", "/api/v1/mentions"]
    answers = [claimed, *(api(bob).get(path) for path in read)]
    for text in [*pages, *(response.content.decode() for response in answers)]:
        assert SECRET not in text
        assert "Alice" not in text
    page = sign_in(alice).get(f"/cases/{case.pk}/").content.decode()
    assert SECRET in page  # whoever has answered may see it


def test_a_case_that_waits_for_its_second_answer_looks_like_any_other(api, sign_in, office, alice, bob, case):
    other = office.send()
    take_and_answer(api(alice), case)
    comment(api(alice), case, "@bob I denied it.")
    client = sign_in(bob)
    seen = []
    for one in (case, other):
        taken = api(bob).post(f"/api/v1/cases/{one.pk}/claim").content.decode()
        taken += api(bob).get(f"/api/v1/cases/{one.pk}/comments").content.decode()
        seen.append(anonymous(taken + client.get(f"/cases/{one.pk}/").content.decode(), one))
    assert seen[0] == seen[1]


def sentences(browser, case):
    return [event["sentence"] for event in browser.get(f"/cases/{case.pk}/").context["timeline"]]


def test_the_second_reviewer_is_not_told_to_whom_the_case_was_given_before(
    api, sign_in, office, alice, bob, carol, case
):
    frank = factories.make_auditor("frank", office)
    lead = api(carol, Scope.CASES_LEAD)
    give, take_back = {"act": "reassign", "to": "alice"}, {"act": "release"}
    for act in (give, take_back, give):
        order = {**act, "cases": [str(case.pk)], "reason": "The shift ends."}
        assert lead.post("/api/v1/cases/bulk", order).json()["results"][0]["status"] == 200
    case.refresh_from_db()
    pend = {"lease": case.lease, "follow_up_at": ahead(hours=2), "awaited": "payslip"}
    assert api(alice).post(f"/api/v1/cases/{case.pk}/pend", pend).status_code == 200
    come_due()
    assert return_due(at=timezone.now()) == 1
    take_and_answer(api(alice), case)
    told = ["Carol gave the case to Alice.", "Carol took the case back from Alice.", "Alice agreed: deny."]
    returned = "The follow-up time came: the case went back to its queue, with its priority raised by one."
    assert set(told) | {returned} <= set(sentences(sign_in(frank), case))
    take(api(bob))
    read = sentences(sign_in(bob), case)
    assert read[-1] == "Bob took the case."
    assert not [one for one in read if "Alice" in one or "Carol" in one or one == returned]
    answer(api(bob), case.lease + 2, case)
    assert set(told) <= set(sentences(sign_in(bob), case))


def test_nor_that_it_went_to_somebody_when_it_was_late(api, sign_in, office, alice, bob, case):
    frank = factories.make_auditor("frank", office)
    Queue.objects.filter(pk=office.queue.pk).update(late_act="person", late_person=alice)
    earlier = timezone.now() - timedelta(minutes=1)
    Case.objects.update(opened_at=earlier, risk_at=earlier, due_at=earlier, watch_at=earlier)
    watch_sla(at=timezone.now())
    case.refresh_from_db()
    answer(api(alice), case.lease, case)
    went = "The late case went to Alice."
    assert went in sentences(sign_in(frank), case)
    take(api(bob))
    read = sentences(sign_in(bob), case)
    assert went not in read
    assert "Bob took the case." in read


def anonymous(text, case):
    """Without what is each case's own: ids, times, digests, and the number of its lease, which grows with every claim."""
    case.refresh_from_db()
    text = text.replace(case.external_id, "APP").replace(str(case.prediction_id), "P").replace(str(case.pk), "C")
    text = re.sub(r'(name="csrfmiddlewaretoken" value=)"\w+"', r"\1", text)
    text = re.sub(r"\d{4}-\d\d-\d\d[T ][\d:.]+(\+00:00|Z)?|\b\d\d:\d\d(:\d\d)?\b", "T", text)
    text = re.sub(r'(name="lease" value=|"number":\s*|leased\.)"?\d+', r"\1", text)
    text = re.sub(r'\d+(:\d\d left| min)|(<progress value=)"\d+"', r"\2", text)  # clocks that tick while this runs
    return re.sub(r"1\.[0-9a-f]{24}\.", "S", text)


def test_two_who_differ_leave_it_to_a_lead_and_nobody_else_can_take_it(api, alice, bob, carol, office, case):
    differ(api, alice, bob, case)
    dave = factories.make_reviewer("dave", office)
    assert take(api(dave)).status_code == 204
    refused = take(api(dave), adjudicate=True)
    assert refused.status_code == 404
    picked = api(dave).post(f"/api/v1/cases/{case.pk}/claim")
    assert (picked.status_code, picked.json()["code"]) == (403, "lead-decides")
    assert take(api(carol)).status_code == 204
    assert take(api(carol), adjudicate=True).status_code == 200


def test_the_lead_reads_both_answers_without_names_and_decides(api, alice, bob, carol, case):
    differ(api, alice, bob, case)
    inbox = api(carol, Scope.CASES_LEAD).get("/api/v1/adjudications").json()["results"]
    assert [answer["outcome"] for answer in inbox[0]["answers"]] == ["approve", "deny"]
    claimed = take(api(carol), adjudicate=True).json()
    assert [(given["stage"], given["note"]) for given in claimed["answers"]] == [
        ("first", SECRET),
        ("second", "Nobody has confirmed it."),
    ]
    assert "alice" not in str(claimed).lower()
    done = answer(api(carol), claimed["lease"]["number"], case, answer="correct", outcome="approve", note="I called.")
    assert (done["status"], done["outcome"]) == ("decided", "approve")
    decision = Decision.objects.get()
    assert (decision.decided_by, decision.review.stage, decision.direction) == (carol, "adjudication", "low-side")


def differ_blind(api, alice, bob, case):
    """Alice approves, bob denies as the model does, each blind first."""
    Case.objects.filter(pk=case.pk).update(is_blind=True)
    for who, outcome in ((alice, "approve"), (bob, "deny")):
        lease = api(who).post(f"/api/v1/cases/{case.pk}/claim").json()["lease"]["number"]
        seen = answer(api(who), lease, case, answer="blind", outcome=outcome)
        assert seen["advised"] == "deny"
        given = {"answer": "agree"} if outcome == "deny" else {"answer": "correct", "outcome": "approve", "note": "x"}
        answer(api(who), lease, case, **given)


def test_who_decides_between_two_on_a_blind_case_does_so_without_the_model(api, sign_in, alice, bob, carol, case):
    differ_blind(api, alice, bob, case)
    taken = take(api(carol), adjudicate=True).json()
    assert (taken["advised"], taken["explanation"]) == (None, None)
    assert [(one["answer"], one["outcome"]) for one in taken["answers"]] == [(None, "approve"), (None, "deny")]
    page = sign_in(carol).get(f"/cases/{case.pk}/").content.decode()
    assert "0.73" not in page
    assert "of 100" not in page
    lease = taken["lease"]["number"]
    blindly = api(carol).post(f"/api/v1/cases/{case.pk}/review", {"lease": lease, "answer": "agree", "note": "x"})
    assert (blindly.status_code, blindly.json()["code"]) == (409, "answer-blind-first")
    done = answer(api(carol), lease, case, answer="correct", outcome="deny", note="x")
    assert done["outcome"] == "deny"
    assert Review.objects.get(stage="adjudication").answer == "agree"


def test_who_decides_between_two_on_a_blind_case_cannot_ask_what_the_model_says_by_answers_that_are_refused(
    api, alice, bob, carol, case
):
    differ_blind(api, alice, bob, case)
    lease = take(api(carol), adjudicate=True).json()["lease"]["number"]

    def told(outcome, **given):
        body = {"lease": lease, "outcome": outcome, **given}
        refused = api(carol).post(f"/api/v1/cases/{case.pk}/review", body)
        assert refused.status_code in {409, 422}, refused.content
        return refused.json()

    for given, code in (
        ({"answer": "agree"}, "answer-blind-first"),
        ({"answer": "agree", "note": "x"}, "answer-blind-first"),
        ({"answer": "correct"}, "invalid"),
        ({"answer": "refer", "note": "x"}, "invalid"),
        ({"answer": "correct", "note": "x", "reason_codes": ["R99"]}, "invalid"),
    ):
        assert told("approve", **given) == told("deny", **given)
        assert told("deny", **given)["code"] == code
    told("", answer="agree", shown="of yesterday")
    assert Draft.objects.get(author=carol).choice == "agree"
    told("approve", answer="correct", shown="of yesterday")
    assert Draft.objects.get(author=carol).choice == "outcome:approve"
    assert not Decision.objects.exists()


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"answer": "refer", "note": "x"}, "must_decide"),
        ({"answer": "cannot_tell", "note": "x"}, "must_decide"),
        ({"answer": "agree"}, "note_needed"),
    ],
)
def test_a_binding_answer_needs_an_outcome_and_a_note(api, alice, bob, carol, case, given, code):
    differ(api, alice, bob, case)
    lease = take(api(carol), adjudicate=True).json()["lease"]["number"]
    response = api(carol).post(f"/api/v1/cases/{case.pk}/review", {"lease": lease, **given})
    assert response.status_code == 422
    assert code in [error["code"] for error in response.json()["errors"]]
    assert not Decision.objects.exists()


def test_a_lead_who_lost_the_right_since_they_took_it_does_not_decide(api, alice, bob, carol, office, case):
    differ(api, alice, bob, case)
    lease = take(api(carol), adjudicate=True).json()["lease"]["number"]
    remove_perm("lead_cases", carol, office.queue)
    factories.grant(carol, "work_cases", office.queue)
    response = api(carol).post(f"/api/v1/cases/{case.pk}/review", {"lease": lease, "answer": "agree", "note": "x"})
    assert (response.status_code, response.json()["code"]) == (403, "lead-decides")
    assert not Decision.objects.exists()


def test_a_second_who_cannot_tell_leaves_it_to_a_lead(api, alice, bob, case):
    take_and_answer(api(alice), case)
    take_and_answer(api(bob), case, answer="cannot_tell", note="The scan is unreadable.")
    case.refresh_from_db()
    assert (case.stage, case.queue.slug) == ("adjudication", "loans")


def test_a_referred_case_goes_to_the_lead_queue_as_ever(api, alice, case):
    take_and_answer(api(alice), case, answer="refer")
    case.refresh_from_db()
    assert (case.stage, case.queue.slug) == ("first", "loans-lead")


@pytest.mark.parametrize("given", [{"answer": "agree"}, {"answer": "cannot_tell"}])
def test_the_second_answer_stands_as_whoever_gave_it_may_now_read_the_first(api, sign_in, alice, bob, case, given):
    take_and_answer(api(alice), case, answer="correct", outcome="approve", note=SECRET)
    done = take_and_answer(api(bob), case, **given)
    assert SECRET in sign_in(bob).get(f"/cases/{case.pk}/").content.decode()
    refused = api(bob).post(f"/api/v1/cases/{case.pk}/undo", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "answer-stands")
    told = sign_in(bob).post(f"/cases/{case.pk}/undo/", follow=True).content.decode()
    assert "This answer stands" in told
    case.refresh_from_db()
    assert (case.state, case.stage, case.round) == (done["status"], "adjudication", 1)
    assert not Reversal.objects.exists()


def test_a_second_answer_that_decides_stands_too(api, alice, bob, case):
    take_and_answer(api(alice), case)
    take_and_answer(api(bob), case)
    assert api(bob).post(f"/api/v1/cases/{case.pk}/undo", {}).json()["code"] == "answer-stands"
    assert Outbox.objects.count() == 1


def test_the_page_offers_to_take_back_the_first_answer_and_the_binding_one_and_not_the_second(
    sign_in, alice, bob, carol, case
):
    offer = f'action="/cases/{case.pk}/undo/"'

    def told(who, choice, take="/queues/loans/next/"):
        browser = sign_in(who)
        browser.post(take)
        case.refresh_from_db()
        form = {"lease": case.lease, "choice": choice, "note": "I called."}
        page = browser.post(f"/cases/{case.pk}/review/", form, follow=True).content.decode()
        assert "Recorded: " in page
        return page

    assert offer in told(alice, "correct:approve")
    assert offer not in told(bob, "agree")
    assert offer in told(carol, "outcome:deny", take="/adjudication/next/")
    page = sign_in(carol).post(f"/cases/{case.pk}/undo/", follow=True).content.decode()
    assert "Your answer is taken back" in page  # she had read both before


def test_taking_the_first_answer_back_is_too_late_once_somebody_has_taken_the_second(api, alice, bob, case):
    take_and_answer(api(alice), case)
    take(api(bob))
    response = api(alice).post(f"/api/v1/cases/{case.pk}/undo", {})
    assert (response.status_code, response.json()["code"]) == (409, "too-late")


def test_a_reopened_case_begins_with_a_first_answer(api, alice, bob, carol, case):
    take_and_answer(api(alice), case)
    take_and_answer(api(bob), case)
    api(carol).post(f"/api/v1/cases/{case.pk}/reopen", {"reason": "New papers."})
    case.refresh_from_db()
    assert (case.stage, case.round, case.counted_from) == ("first", 2, 2)
    assert take_and_answer(api(carol), case)["status"] == "open"


def test_why_a_second_was_asked_for_is_kept_with_the_first(api, alice, office, case):
    office.queue.review_policy = {"override": True, "share": 0.25}
    office.queue.save()
    take_and_answer(api(alice), case, answer="correct", outcome="approve", note="x")
    assert Review.objects.values_list("second_because", "second_share").get() == ("override", None)
    event = AuditEvent.objects.filter(action="case.reviewed").get()
    assert (event.data["stage"], event.data["second_because"]) == ("first", "override")


def test_a_share_is_drawn_and_those_passed_over_keep_the_chance_they_had(api, alice, office):
    office.queue.review_policy = {"share": 0.5}
    office.queue.save()
    for _ in range(24):
        sent = office.send()
        take_and_answer(api(alice), sent)
    kept = list(Review.objects.values_list("second_because", "second_share"))
    assert set(kept) == {("share", 0.5), ("", 0.5)}
    assert Case.objects.filter(stage="second", state="open").count() == kept.count(("share", 0.5))


def test_the_lead_works_through_the_inbox_in_the_sign_in(api, sign_in, alice, bob, carol, case):
    differ(api, alice, bob, case)
    client = sign_in(carol)
    inbox = client.get("/adjudication/").content.decode()
    assert case.external_id in inbox
    assert "Approve" in inbox
    assert "Deny" in inbox
    opened = client.post("/adjudication/next/", follow=True).content.decode()
    assert "Two reviewers disagree. Your answer binds." in opened
    assert SECRET in opened
    assert "Alice" not in opened.replace(OFFERED, "")
    assert "Debt-to-income" in opened.split("The facts behind their reasons")[1].split("</table>")[0]
    case.refresh_from_db()
    form = {"lease": case.lease, "choice": "outcome:approve", "note": "I called.", "active_seconds": 3}
    done = client.post(f"/cases/{case.pk}/review/", form, follow=True).content.decode()
    assert "Nothing else waits for your decision." in done
    case.refresh_from_db()
    assert case.outcome == "approve"
    told = client.get(f"/cases/{case.pk}/").content.decode()
    assert "Alice corrected to approve" in told
    assert "Bob agreed: deny" in told
    assert "Carol corrected to approve" in told


def test_a_reviewer_has_no_inbox_of_differing_answers(sign_in, api, alice):
    assert sign_in(alice).get("/adjudication/").status_code == 404
    assert sign_in(alice).post("/adjudication/next/").status_code == 404
    assert api(alice, Scope.CASES_LEAD).get("/api/v1/adjudications").status_code == 404


def test_my_reviews_say_what_each_answer_waits_for(api, sign_in, alice, bob, case):
    take_and_answer(api(alice), case, answer="correct", outcome="approve", note="x")
    assert "waits for a second answer" in sign_in(alice).get("/reviews/").content.decode()
    take_and_answer(api(bob), case)
    assert "the second answer differs; a lead decides" in sign_in(alice).get("/reviews/").content.decode()


def test_a_window_of_none_decides_at_once(api, alice, bob, case, settings):
    settings.UNDO_SECONDS = 0
    take_and_answer(api(alice), case)
    take_and_answer(api(bob), case)
    assert Outbox.objects.get().next_try_at <= timezone.now()
