"""A reviewer asks a lead to reopen a decided case; the lead does, or says why not."""

import re

import pytest
from django.db import DatabaseError, connection, transaction

from reviewapp.access.rules import Scope
from reviewapp.audit.models import AuditEvent
from reviewapp.cases.models import Case, Reversal
from reviewapp.cases.models.discussion import ReopenRequest
from tests import factories

WHY = "The October slip came in after I answered."


@pytest.fixture
def case(office, api, alice):
    sent = office.send(external_id="APP-7")
    review(api(alice), sent)
    return sent


@pytest.fixture
def lead(api, carol):
    return api(carol, Scope.CASES_LEAD, Scope.CASES_READ)


def review(client, case, **given):
    lease = client.post(f"/api/v1/cases/{case.pk}/claim").json()["lease"]["number"]
    sent = client.post(f"/api/v1/cases/{case.pk}/review", {"lease": lease, "answer": "agree", **given})
    assert sent.status_code == 200, sent.content


def ask(client, case, status=201, **sent):
    answer = client.post(f"/api/v1/cases/{case.pk}/reopen-requests", {"reason": WHY, **sent})
    assert answer.status_code == status, answer.content
    return answer.json()


def decide(lead, asked, answer, status=200, **sent):
    done = lead.post(f"/api/v1/reopen-requests/{asked['id']}/{answer}", sent)
    assert done.status_code == status, done.content
    return done.json()


def test_what_a_reviewer_asks_a_lead_grants_with_their_reason(api, sign_in, alice, case, lead):
    asked = ask(api(alice), case)
    assert (asked["state"], asked["round"]) == ("open", 1)
    assert Case.objects.get(pk=case.pk).state == "decided"
    assert decide(lead, asked, "grant")["state"] == "granted"
    case.refresh_from_db()
    assert (case.state, case.round) == ("open", 2)
    assert Reversal.objects.values_list("kind", "reason").get() == ("reopen", WHY)
    event = AuditEvent.objects.get(action="case.reopened")
    assert (event.actor_name, event.reason, event.data) == ("carol", WHY, {"round": 1, "request": asked["id"]})
    work = sign_in(alice).get("/my-work/").content.decode()
    assert "Carol reopened the case" in work
    page = sign_in(alice).get(f"/cases/{case.pk}/").content.decode()
    assert "Alice asked to reopen the case." in page
    decide(lead, asked, "grant", status=409)


def test_or_declines_with_a_sentence_that_who_asked_reads(api, sign_in, alice, case, lead):
    asked = ask(api(alice), case)
    decide(lead, asked, "decline", status=422, reason="")
    decide(lead, asked, "decline", status=422, reason=" ")
    assert decide(lead, asked, "decline", reason="The slip is of another person.")["state"] == "declined"
    assert Case.objects.get(pk=case.pk).state == "decided"
    work = sign_in(alice).get("/my-work/").content.decode()
    assert "Carol left it decided" in work
    assert "The slip is of another person." in work
    (line,) = api(alice).get("/api/v1/reopen-requests").json()["results"]
    assert (line["answer"], line["answered_by"]) == ("The slip is of another person.", "carol")
    ask(api(alice), case)  # with better reasons, again
    decide(lead, asked, "grant", status=409)


def test_one_question_of_a_person_is_open_at_a_time_and_others_have_theirs(api, alice, bob, case):
    ask(api(alice), case)
    assert ask(api(alice), case, status=409)["code"] == "already-asked"
    ask(api(bob), case)
    assert ReopenRequest.objects.count() == 2


def test_it_lapses_once_the_case_is_reopened_otherwise(api, sign_in, alice, bob, carol, case, lead):
    mine, theirs = ask(api(alice), case), ask(api(bob), case)
    decide(lead, theirs, "grant")
    assert ReopenRequest.objects.get(pk=mine["id"]).state == "lapsed"
    decide(lead, mine, "decline", status=409, reason="x")
    assert "the case was reopened otherwise" in sign_in(alice).get("/my-work/").content.decode()


def test_and_so_it_does_when_a_lead_reopens_it_unasked_or_the_answer_is_taken_back(
    api, office, alice, carol, bob, case, settings
):
    ask(api(alice), case)
    assert api(carol).post(f"/api/v1/cases/{case.pk}/reopen", {"reason": "x"}).status_code == 200
    assert ReopenRequest.objects.get().state == "lapsed"
    settings.UNDO_SECONDS = 30
    other = office.send()
    review(api(bob), other)
    ask(api(alice), other)
    assert api(bob).post(f"/api/v1/cases/{other.pk}/undo").status_code == 200
    assert ReopenRequest.objects.get(case=other).state == "lapsed"


def test_only_who_works_on_its_queue_asks_and_only_of_a_decided_case(api, office, alice, case):
    frank = factories.make_auditor("frank", office)
    ask(api(frank), case, status=403)
    stranger = factories.make_reviewer("mallory", factories.make_office("elsewhere"))
    ask(api(stranger), case, status=404)
    assert ask(api(alice), office.send(), status=409)["code"] == "not-decided"
    ask(api(alice), case, status=422, reason=" ")
    ask(api(alice), case, status=422, reason="x" * 201)
    assert not ReopenRequest.objects.exists()


def test_only_a_lead_of_its_queue_answers(api, alice, bob, case):
    asked = ask(api(alice), case)
    everything = api(alice, *Scope)
    decide(everything, asked, "grant", status=403)
    decide(api(bob, *Scope), asked, "grant", status=404)
    other = factories.make_lead("oscar", factories.make_office("elsewhere"))
    decide(api(other, *Scope), asked, "decline", status=404, reason="x")
    assert ReopenRequest.objects.get().state == "open"


def test_a_repeated_grant_reopens_once(api, alice, case, lead):
    asked = ask(api(alice), case)
    path = f"/api/v1/reopen-requests/{asked['id']}/grant"
    first, again = (lead.post(path, **{"Idempotency-Key": "once"}) for _ in range(2))
    assert (first.status_code, again.status_code, first.content) == (200, 200, again.content)
    assert Reversal.objects.count() == 1


def test_whoever_is_asked_for_a_reason_is_asked_to_name_nobody(api, sign_in, alice, carol, case):
    """It is kept in a trail that forgets nothing."""
    asks = sign_in(alice).get(f"/cases/{case.pk}/").content.decode()
    leader = sign_in(carol)
    reopens = leader.get(f"/cases/{case.pk}/").content.decode()
    ask(api(alice), case)
    declines = leader.get("/reopenings/").content.decode()
    for page, field in ((asks, "ask-reason"), (reopens, "reopen-reason"), (declines, r"why-[0-9a-f-]+")):
        hint = re.search(rf'<textarea id="{field}"[^>]* aria-describedby="([^"]+)"', page)[1]
        assert "name no applicant or patient" in re.search(rf'id="{hint}">(.*?)</p>', page)[1]


def test_the_lead_works_through_the_inbox_without_a_script(api, sign_in, office, alice, bob, carol, case):
    other = office.send(external_id="APP-8")
    review(api(bob), other)
    browser = sign_in(alice)
    page = browser.get(f"/cases/{case.pk}/").content.decode()
    assert "Ask to reopen this case" in page
    sent = browser.post(f"/cases/{case.pk}/ask-reopening/", {"reason": f"<b>{WHY}</b>"}, follow=True)
    assert "The leads are asked." in sent.content.decode()
    assert "You asked a lead to reopen it on" in sent.content.decode()
    ask(api(bob), other)
    leader = sign_in(carol)
    assert 'Asked to reopen</a> <span class="muted">2</span>' in leader.get("/board/").content.decode()
    assert "Ask to reopen this case" not in leader.get(f"/cases/{case.pk}/").content.decode()
    inbox = leader.get("/reopenings/").content.decode()
    assert inbox.index("APP-7") < inbox.index("APP-8")
    assert f"&lt;b&gt;{WHY}&lt;/b&gt;" in inbox
    first, second = ReopenRequest.objects.order_by("id")
    done = leader.post(f"/reopenings/{first.pk}/decline/", {"reason": "Not new."}, follow=True).content.decode()
    assert "APP-7 stays decided. Who asked reads why." in done
    done = leader.post(f"/reopenings/{second.pk}/grant/", follow=True).content.decode()
    assert "APP-8 is open again." in done
    assert "Nobody has asked to reopen a case" in done
    assert sign_in(alice).get("/reopenings/").status_code == 404


def test_what_was_said_of_a_blind_case_is_withheld_with_the_model_once_it_is_open_again(
    api, sign_in, alice, bob, case, lead
):
    asked = ask(api(bob), case, reason="It advised deny for no reason.")
    decide(lead, asked, "decline", reason="The model is right: deny.")
    Case.objects.filter(pk=case.pk).update(is_blind=True)
    assert "deny." in sign_in(bob).get("/my-work/").content.decode()
    decide(lead, ask(api(alice), case), "grant")
    for text in (
        sign_in(bob).get("/my-work/"),
        sign_in(bob).get(f"/cases/{case.pk}/"),
        api(bob).get("/api/v1/reopen-requests"),
    ):
        assert "The model is right" not in text.content.decode()
    assert WHY not in sign_in(bob).get(f"/cases/{case.pk}/").content.decode()


@pytest.mark.parametrize(
    "statement",
    [
        "update cases_reopenrequest set reason = 'other'",
        "update cases_reopenrequest set state = 'declined'",
        "delete from cases_reopenrequest",
    ],
)
def test_what_was_asked_is_changed_by_nothing_but_its_answer(api, alice, case, statement):
    ask(api(alice), case)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute(statement)
