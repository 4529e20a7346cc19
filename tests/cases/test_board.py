"""The lead's board: who sees what on it, and acts on many cases, each of which is judged alone."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from reviewapp.access.rules import LEAD_QUEUE, WORK_QUEUE, Scope
from reviewapp.audit.models import AuditEvent
from reviewapp.cases.models import Case, Draft, Queue
from tests import factories

pytestmark = pytest.mark.django_db


def claim(client):
    answer = client.post("/api/v1/queues/loans/claim")
    assert answer.status_code == 200, answer.content
    return answer.json()


def bulk(client, act, *case_ids, **more):
    """Statuses and problem codes by case, in the order of the ids."""
    body = {"act": act, "cases": [str(case_id) for case_id in case_ids], "reason": "The shift ends", **more}
    answer = client.post("/api/v1/cases/bulk", body)
    assert answer.status_code == 200, answer.json()
    assert [result["id"] for result in answer.json()["results"]] == body["cases"]
    return [(result["status"], result.get("problem", {}).get("code")) for result in answer.json()["results"]]


def events(action):
    return list(AuditEvent.objects.filter(action=action).order_by("pk"))


@pytest.fixture
def lead(carol, api):
    return api(carol)


# What the board shows


def test_the_board_shows_figures_and_who_holds_what(office, alice, carol, lead, api):
    held = claim_of(api(alice), office.send(external_id="APP-1"))
    waiting = office.send(external_id="APP-2")
    Case.objects.filter(pk=waiting.pk).update(due_at=timezone.now() - timedelta(minutes=4))
    office.send(external_id="APP-3")
    board = lead.get("/api/v1/board").json()
    (loans,) = [queue for queue in board["queues"] if queue["slug"] == "loans"]
    assert (loans["waiting"], loans["in_hand"], loans["at_risk"], loans["breached"]) == (2, 1, 0, 1)
    assert [row["external_id"] for row in board["results"]] == ["APP-2", "APP-1"], "late first; what has time is absent"
    assert board["results"][0]["holder"] is None
    assert board["results"][1]["holder"] == {"id": str(alice.pk), "username": "alice", "name": "Alice"}
    assert board["results"][1]["lease"]["number"] == held["lease"]["number"]


def claim_of(client, case):
    """That case and no other waits."""
    taken = claim(client)
    assert taken["id"] == str(case.pk)
    return taken


def test_the_board_is_paged_both_ways(office, carol, lead):
    cases = [office.send() for _ in range(5)]
    for minutes, case in enumerate(cases):
        Case.objects.filter(pk=case.pk).update(due_at=timezone.now() - timedelta(minutes=10 - minutes))
    first = lead.get("/api/v1/board", page_size=2).json()
    second = lead.get("/api/v1/board", page_size=2, cursor=first["next"]).json()
    third = lead.get("/api/v1/board", page_size=2, cursor=second["next"]).json()
    seen = [row["id"] for page in (first, second, third) for row in page["results"]]
    assert seen == [str(case.pk) for case in cases]
    assert (first["previous"], third["next"]) == (None, None)
    assert lead.get("/api/v1/board", page_size=2, cursor=third["previous"]).json()["results"] == second["results"]
    assert lead.get("/api/v1/board", state="held", cursor=first["next"]).json()["code"] == "bad-cursor"


# Taking back


def test_a_case_taken_back_waits_again_and_the_stale_lease_changes_nothing(office, alice, lead, api):
    reviewer = api(alice)
    case = claim_of(reviewer, office.send())
    assert bulk(lead, "release", case["id"]) == [(200, None)]
    late = {"lease": case["lease"]["number"], "answer": "agree", "note": "nearly done"}
    refused = reviewer.post(f"/api/v1/cases/{case['id']}/review", late)
    assert (refused.status_code, refused.json()["code"]) == (409, "lease-lost")
    assert Draft.objects.get(author=alice).note == "nearly done"
    assert Case.objects.get().state == "open"
    (event,) = events("case.taken_back")
    assert (event.actor_name, event.reason, event.queue_id) == ("carol", "The shift ends", office.queue.pk)
    assert event.data == {"lease": case["lease"]["number"], "holder": str(alice.pk)}


def test_each_case_is_judged_alone_and_the_others_go_on(office, alice, carol, lead, api):
    reviewer = api(alice)
    decided = claim_of(reviewer, office.send())
    reviewer.post(f"/api/v1/cases/{decided['id']}/review", {"lease": 1, "answer": "agree"})
    held = claim_of(reviewer, office.send())
    waiting = office.send()
    foreign = factories.make_office("elsewhere").send()
    theirs, absent = Case.objects.get(pk=foreign.pk), uuid4()
    found = bulk(lead, "release", decided["id"], waiting.pk, foreign.pk, absent, held["id"])
    assert found == [(409, "already-decided"), (409, "not-held"), (404, "not-found"), (404, "not-found"), (200, None)]
    assert [event.object_id for event in events("case.taken_back")] == [held["id"]]
    assert Case.objects.filter(pk=foreign.pk).values().get() == {
        key: value for key, value in vars(theirs).items() if key != "_state"
    }


def test_a_case_of_a_queue_one_works_in_but_does_not_lead_stays(office, alice, carol, lead, api):
    other = factories.make_queue(office.use_case, "appeals")
    factories.grant(carol, WORK_QUEUE, other)
    case = claim_of(api(alice), office.send())
    Case.objects.update(queue=other)
    assert bulk(lead, "release", case["id"]) == [(409, "not-led")]
    assert Case.objects.get().holder == alice


def test_leading_needs_the_scope_and_the_right(office, alice, carol, mallory, api):
    case = claim_of(api(alice), office.send())
    body = {"act": "release", "cases": [case["id"]], "reason": "x"}
    refused = api(carol, *(set(Scope) - {Scope.CASES_LEAD})).post("/api/v1/cases/bulk", body)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope-missing")
    for person in (alice, mallory):
        assert api(person).post("/api/v1/cases/bulk", body).status_code == 404
    assert Case.objects.get().holder == alice


def test_a_repeated_order_has_one_effect_and_one_answer(office, alice, lead, api):
    case = claim_of(api(alice), office.send())
    body = {"act": "release", "cases": [case["id"]], "reason": "x"}
    first, again = (lead.post("/api/v1/cases/bulk", body, **{"Idempotency-Key": "k"}) for _ in range(2))
    assert first.content == again.content
    assert again["Idempotent-Replayed"] == "true"
    assert len(events("case.taken_back")) == 1


# Giving to somebody


def test_a_reassigned_case_has_a_lease_of_its_own(office, alice, bob, lead, api):
    case = claim_of(api(alice), office.send())
    assert bulk(lead, "reassign", case["id"], to="bob") == [(200, None)]
    given = Case.objects.get()
    assert (given.holder, given.lease) == (bob, case["lease"]["number"] + 1)
    assert timedelta(minutes=14) < given.lease_until - timezone.now() <= timedelta(minutes=15)
    stale = api(alice).post(f"/api/v1/cases/{case['id']}/heartbeat", {"lease": 1})
    assert (stale.status_code, stale.json()["code"]) == (409, "lease-lost")
    done = api(bob).post(f"/api/v1/cases/{case['id']}/review", {"lease": given.lease, "answer": "agree"})
    assert done.status_code == 200, done.json()
    (event,) = events("case.reassigned")
    assert event.data == {"lease": 2, "assigned_to": str(bob.pk), "holder": str(alice.pk)}


def test_a_waiting_case_can_be_given_too(office, bob, lead):
    assert bulk(lead, "reassign", office.send().pk, to="bob") == [(200, None)]
    assert Case.objects.get().holder == bob


def test_nobody_is_given_a_case_they_answered_in_this_round(office, bob, carol, lead, api):
    factories.grant(bob, WORK_QUEUE, office.lead_queue)
    case = claim_of(api(bob), office.send())
    api(bob).post(f"/api/v1/cases/{case['id']}/review", {"lease": 1, "answer": "refer"})
    assert bulk(lead, "reassign", case["id"], to="bob") == [(409, "already-reviewed")]
    assert bulk(lead, "reassign", case["id"], to="carol") == [(200, None)]


def test_nobody_is_given_more_than_they_may_hold(office, bob, lead):
    Queue.objects.update(most_held=2)
    cases = [office.send() for _ in range(3)]
    found = bulk(lead, "reassign", *(case.pk for case in cases), to="bob")
    assert found == [(200, None), (200, None), (409, "holds-too-many")]
    assert Case.objects.filter(holder=bob).count() == 2


def test_a_case_is_given_only_to_who_may_work_on_it(office, alice, carol, mallory, lead, api):
    """Somebody of another office, a machine and nobody at all are answered alike."""
    case = office.send()
    for name in ("mallory", "loans-system", "nobody"):
        body = {"act": "reassign", "cases": [str(case.pk)], "to": name, "reason": "x"}
        refused = lead.post("/api/v1/cases/bulk", body)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/to"), name
    Case.objects.update(queue=office.lead_queue)
    assert bulk(lead, "reassign", case.pk, to="alice") == [(409, "may-not-work")]
    assert Case.objects.get().state == "open"


def test_who_holds_it_already_is_not_given_it_again(office, alice, lead, api):
    case = claim_of(api(alice), office.send())
    assert bulk(lead, "reassign", case["id"], to="alice") == [(409, "holds-it")]
    assert Case.objects.get().lease == 1


# Priority


def test_a_case_with_a_higher_priority_is_taken_sooner(office, alice, lead, api):
    office.send()
    urgent = office.send()
    assert bulk(lead, "prioritise", urgent.pk, priority=90) == [(200, None)]
    assert bulk(lead, "prioritise", urgent.pk, priority=90) == [(409, "same-priority")]
    assert claim(api(alice))["id"] == str(urgent.pk)
    (event,) = events("case.reprioritised")
    assert event.data == {"priority": 90, "before": 0}


@pytest.mark.parametrize("priority", [-1, 101, "5", 1.5, None, True])
def test_a_priority_out_of_bounds_is_refused(office, lead, priority):
    body = {"act": "prioritise", "cases": [str(office.send().pk)], "priority": priority, "reason": "x"}
    refused = lead.post("/api/v1/cases/bulk", body)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/priority")
    assert Case.objects.get().priority == 0


# Moving


def test_a_case_moves_to_another_queue_and_is_due_as_before(office, lead):
    case = office.send()
    assert bulk(lead, "move", case.pk, to="loans-lead") == [(200, None)]
    moved = Case.objects.get()
    assert (moved.queue, moved.state, moved.due_at) == (office.lead_queue, "open", case.due_at)
    (event,) = events("case.moved")
    assert event.queue_id == office.queue.pk
    assert event.data == {"passed_to": str(office.lead_queue.pk), "moved_to": "Loans lead"}
    assert bulk(lead, "move", case.pk, to="loans-lead") == [(409, "same-queue")]


def test_a_case_that_somebody_holds_stays_where_they_can_answer_it(office, alice, lead, api):
    case = claim_of(api(alice), office.send())
    assert bulk(lead, "move", case["id"], to="loans-lead") == [(409, "held")]
    assert Case.objects.get().queue == office.queue


def test_a_case_moves_only_to_a_queue_one_leads_and_of_its_own_use_case(office, carol, lead):
    case, elsewhere = office.send(), factories.make_office("elsewhere")
    body = {"act": "move", "cases": [str(case.pk)], "to": "elsewhere", "reason": "x"}
    refused = lead.post("/api/v1/cases/bulk", body)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/to")
    factories.grant(carol, LEAD_QUEUE, elsewhere.queue)
    assert bulk(lead, "move", case.pk, to="elsewhere") == [(409, "other-use-case")]
    assert Case.objects.get(pk=case.pk).queue == office.queue


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"act": "decide"}, "/act"),
        ({"cases": []}, "/cases"),
        ({"cases": ["APP-1"]}, "/cases"),
        ({"cases": [str(uuid4())] * 201}, "/cases"),
        ({"cases": ["018f0000-0000-7000-8000-000000000000"] * 2}, "/cases"),
        ({"reason": " "}, "/reason"),
        ({"reason": ""}, "/reason"),
        ({"reason": "x" * 201}, "/reason"),
        ({"act": "reassign"}, "/to"),
        ({"act": "move"}, "/to"),
        ({"act": "prioritise"}, "/priority"),
        ({"to": "bob"}, ""),
        ({"lease": 1}, ""),
    ],
)
def test_an_order_that_is_not_whole_does_nothing(office, alice, lead, api, change, pointer):
    case = claim_of(api(alice), office.send())
    refused = lead.post("/api/v1/cases/bulk", {"act": "release", "cases": [case["id"]], "reason": "x"} | change)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)
    assert Case.objects.get().holder == alice
