"""The lead's board: who sees what on it, and acts on many cases, each of which is judged alone."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from guardian.shortcuts import assign_perm

from reviewapp.access.rules import LEAD_QUEUE, WORK_QUEUE, Role, Scope
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


def test_the_board_counts_what_is_pended(pended, lead, sign_in, carol):
    (loans,) = [queue for queue in lead.get("/api/v1/board").json()["queues"] if queue["slug"] == "loans"]
    assert (loans["waiting"], loans["in_hand"], loans["pended"]) == (0, 0, 1)
    page = sign_in(carol).get("/board/").content.decode()
    assert '<td class="num" data-label="Pended" data-short="pended ">1</td>' in page


def claim_of(client, case):
    """That case and no other waits."""
    taken = claim(client)
    assert taken["id"] == str(case.pk)
    return taken


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"APP-LATE", "APP-A", "APP-B"}),
        ("state=held", {"APP-A", "APP-B"}),
        ("state=waiting", {"APP-LATE"}),
        ("state=breached", {"APP-LATE", "APP-B"}),
        ("holder={alice}", {"APP-A"}),
        ("holder={alice}&state=waiting", set()),
        ("queue=loans-lead", set()),
        ("queue=loans", {"APP-LATE", "APP-A", "APP-B"}),
    ],
)
def test_the_board_is_filtered_by_its_address(office, alice, bob, carol, sign_in, api, query, shown):
    late = timezone.now() - timedelta(minutes=4)
    for person, name in ((alice, "APP-A"), (bob, "APP-B")):
        claim_of(api(person), office.send(external_id=name))
    office.send(external_id="APP-LATE")
    Case.objects.exclude(external_id="APP-A").update(due_at=late)
    page = sign_in(carol).get(f"/board/?{query.format(alice=alice.pk)}").content.decode()
    assert set(re.findall(r"<bdi>(APP-\w+)", page)) == shown
    assert ("No case matches these filters" in page) == (not shown)


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


@pytest.mark.parametrize("query", ["queue=elsewhere", "state=decided", "holder=alice", "q=APP"])
def test_a_filter_that_the_board_does_not_know_is_refused(office, carol, mallory, sign_in, query):
    assert sign_in(carol).get(f"/board/?{query}").status_code == 400


def test_who_leads_no_queue_has_no_board(office, alice, carol, mallory, sign_in, api):
    for person in (alice, mallory):
        browser = sign_in(person)
        assert [browser.get(path).status_code for path in ("/board/", "/board/figures/", "/board/news/")] == [404] * 3
        assert browser.post("/board/preview/", {"act": "release"}).status_code == 404
        assert api(person).get("/api/v1/board").status_code == 404
        assert "/board/" not in browser.get("/my-work/").content.decode()
    assert 'href="/board/"' in sign_in(carol).get("/my-work/").content.decode()


def test_a_right_to_lead_that_comes_with_a_role_opens_the_board(office, alice, sign_in):
    browser = sign_in(alice)
    assert browser.get("/board/").status_code == 404
    assign_perm(LEAD_QUEUE, alice.groups.get(name=Role.REVIEWER), office.queue)
    page = browser.get("/board/")
    assert page.status_code == 200
    assert 'href="/board/"' in page.content.decode()


def test_an_empty_board_says_what_to_do(office, carol, sign_in):
    page = sign_in(carol).get("/board/").content.decode()
    assert "Nothing needs you now" in page
    assert "Nothing has breached and nothing is at risk." in page


def test_no_mark_of_a_blind_case_hangs_on_its_priority(office, alice, carol, sign_in, api):
    """Whoever knows the rest of what a mark is made of could try every priority there is."""
    claim_of(api(alice), office.send())
    browser, order = sign_in(carol), {"act": "release", "case": str(Case.objects.get().pk), "reason": "x"}
    for is_blind in (True, False):
        Case.objects.update(is_blind=is_blind, priority=66)
        news = re.search(r'data-live-url="(/board/news/[^"]+)"', browser.get("/board/").content.decode())[1]
        previewed = hidden(browser.post("/board/preview/", order).content.decode(), "previewed")
        Case.objects.update(priority=77)
        changed = "has changed" in browser.get(news.replace("&amp;", "&")).content.decode()
        again = hidden(browser.post("/board/preview/", order).content.decode(), "previewed")
        assert (changed, previewed == again) == (not is_blind, is_blind)
    assert browser.post("/board/act/", order | {"previewed": previewed}).status_code == 409
    assert browser.post("/board/act/", order | {"previewed": again}).status_code == 302


def test_the_list_says_that_it_has_changed_and_only_then(office, alice, carol, sign_in, api):
    claim_of(api(alice), office.send())
    browser = sign_in(carol)
    news = re.search(r'data-live-url="(/board/news/[^"]+)"', browser.get("/board/").content.decode())[1]
    news = news.replace("&amp;", "&")
    assert "has changed" not in browser.get(news).content.decode()
    claim_of(api(alice), office.send())
    assert "has changed" in browser.get(news).content.decode()


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


def test_a_pended_case_can_be_given_too_and_waits_no_longer(pended, bob, lead):
    assert bulk(lead, "reassign", pended.pk, to="bob") == [(200, None)]
    given = Case.objects.get()
    assert (given.state, given.holder, given.follow_up_at, given.pended_by) == ("leased", bob, None, None)


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


def test_a_pended_case_moves_and_still_waits_for_its_follow_up(pended, office, lead):
    assert bulk(lead, "move", pended.pk, to="loans-lead") == [(200, None)]
    moved = Case.objects.get()
    assert (moved.queue, moved.state, moved.follow_up_at) == (office.lead_queue, "pended", pended.follow_up_at)


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


# The pages


def hidden(page, name):
    return re.search(rf'name="{name}" value="([^"]*)"', page)[1]


def test_a_lead_reassigns_with_nothing_but_forms(office, alice, bob, carol, sign_in, api):
    held = [claim_of(api(alice), office.send(external_id=f"APP-{number}")) for number in (1, 2)]
    browser = sign_in(carol)
    ticked = {"act": "reassign", "case": [case["id"] for case in held], "back": "state=held"}
    chosen = browser.post("/board/preview/", ticked).content.decode()
    assert "Bob" in chosen
    assert "choose first" in chosen
    ticked |= {"to": "bob", "reason": "Alice is ill"}
    shown = browser.post("/board/preview/", ticked).content.decode()
    assert "Bob holds it for 15 min; Alice loses it" in shown
    assert "Give 2 cases to Bob" in shown
    assert set(Case.objects.values_list("holder", flat=True)) == {alice.pk}, "a preview changes nothing"
    done = browser.post("/board/act/", ticked | {"previewed": hidden(shown, "previewed")}, follow=True)
    assert done.redirect_chain[-1][0] == "/board/?state=held"
    assert "2 cases given to Bob." in done.content.decode()
    assert set(Case.objects.values_list("holder", flat=True)) == {bob.pk}
    story = browser.get(f"/cases/{held[0]['id']}/").content.decode()
    assert "Carol gave the case to Bob." in story
    assert "Alice is ill" in story


def test_what_changed_since_the_preview_is_shown_again_instead_of_done(office, alice, bob, carol, sign_in, api):
    case = claim_of(api(alice), office.send())
    browser = sign_in(carol)
    order = {"act": "release", "case": case["id"], "reason": "x"}
    shown = browser.post("/board/preview/", order).content.decode()
    api(alice).post(f"/api/v1/cases/{case['id']}/release", {"lease": 1})
    claim(api(bob))
    answer = browser.post("/board/act/", order | {"previewed": hidden(shown, "previewed")})
    assert answer.status_code == 409
    assert "look again" in answer.content.decode()
    assert Case.objects.get().holder == bob
    again = order | {"previewed": hidden(answer.content.decode(), "previewed")}
    assert browser.post("/board/act/", again).status_code == 302
    assert Case.objects.get().state == "open"


def test_a_page_without_a_reason_says_so_and_does_nothing(office, alice, carol, sign_in, api):
    case = claim_of(api(alice), office.send())
    browser = sign_in(carol)
    order = {"act": "release", "case": case["id"], "reason": ""}
    shown = browser.post("/board/preview/", order).content.decode()
    answer = browser.post("/board/act/", order | {"previewed": hidden(shown, "previewed")})
    assert answer.status_code == 422
    assert "Say why, in at most 200 characters." in answer.content.decode()
    assert Case.objects.get().holder == alice


def test_a_preview_says_of_each_case_what_will_not_happen(office, alice, carol, sign_in, api):
    held, waiting = claim_of(api(alice), office.send()), office.send()
    page = sign_in(carol).post(
        "/board/preview/", {"act": "release", "case": [held["id"], str(waiting.pk), str(uuid4())]}
    )
    text = page.content.decode()
    assert "2 of 3 stay as they are." in text
    assert "Nobody holds it." in text
    assert "A case you may not see" in text
    assert "Take back 1 case" in text


def test_nothing_ticked_leads_back_with_a_word(office, carol, sign_in):
    page = sign_in(carol).post("/board/preview/", {"act": "move", "back": "queue=loans"}, follow=True)
    assert page.redirect_chain[-1][0] == "/board/?queue=loans"
    assert "Tick at least one case" in page.content.decode()


@pytest.mark.parametrize(
    "sent", [{"act": "decide"}, {"act": "release", "case": "APP-1"}, {"act": "prioritise", "priority": "many"}]
)
def test_what_no_form_of_ours_sends_is_refused(office, carol, sign_in, sent):
    assert sign_in(carol).post("/board/preview/", sent).status_code == 400


def test_the_way_back_leads_nowhere_but_to_the_board(office, carol, sign_in):
    page = sign_in(carol).post("/board/preview/", {"act": "move", "back": "https://example.org/?x=1"}, follow=True)
    assert page.redirect_chain[-1][0] == "/board/"


def test_the_timeline_tells_of_every_act_of_a_lead(office, alice, carol, lead, sign_in, api):
    case = claim_of(api(alice), office.send())
    bulk(lead, "release", case["id"])
    bulk(lead, "prioritise", case["id"], priority=40)
    bulk(lead, "move", case["id"], to="loans-lead")
    page = sign_in(carol).get(f"/cases/{case['id']}/").content.decode()
    for sentence in (
        "Carol took the case back from Alice.",
        "Carol changed its priority from 0 to 40.",
        "Carol moved the case to Loans lead.",
    ):
        assert sentence in page
