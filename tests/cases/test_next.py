"""Which case is next, and what the reviewer is told of why."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from reviewapp.access.models import User
from reviewapp.audit.models import AuditEvent
from reviewapp.cases import queries
from reviewapp.cases.actions import claim_next, watch_sla
from reviewapp.cases.models import Case, Queue, Recusal
from reviewapp.cases.ordering import because
from tests import factories

pytestmark = pytest.mark.django_db
WITHHELD = "the order of the queue put it first"
CLAIM = "/api/v1/queues/loans/claim"


def put(case, *, minutes=None, **columns):
    """:param minutes: from now until it is due; half a minute more, so that it is still so when it is taken."""
    if minutes is not None:
        columns["due_at"] = timezone.now() + timedelta(minutes=minutes, seconds=30 if minutes >= 0 else -30)
    Case.objects.filter(pk=case.pk).update(**columns)
    return case


def told(browser, case):
    """What the case page says of why it was next, or None."""
    return browser.get(f"/cases/{case.pk}/").context["case"]["next_because"]


@pytest.mark.parametrize(
    ("order", "priority", "seconds", "is_withheld", "text"),
    [
        ("priority", 0, 750, False, "12 minutes to breach"),
        ("priority", 0, 60, False, "1 minute to breach"),
        ("priority", 0, 59, False, "less than a minute to breach"),
        ("priority", 0, 7199, False, "119 minutes to breach"),
        ("priority", 0, 7200, False, "2 hours to breach"),
        ("priority", 0, 86400 * 3, False, "3 days to breach"),
        ("priority", 5, 750, False, "priority 5"),
        ("priority", 100, -250, False, "late by 4 minutes"),
        ("priority", 0, 0, False, "late by less than a minute"),
        ("priority", 0, 750, True, WITHHELD),
        ("priority", 5, 750, True, WITHHELD),
        ("priority", 100, -250, True, "late by 4 minutes"),
        ("priority", 0, -250, True, "late by 4 minutes"),
        ("due", 5, 750, False, "12 minutes to breach"),
        ("due", 5, 750, True, "12 minutes to breach"),
        ("due", 100, -250, False, "late by 4 minutes"),
        ("unsure", 5, 750, False, "priority 5"),
        ("unsure", 0, 750, False, "the model is least sure of it"),
        ("unsure", 0, 750, True, WITHHELD),
        ("oldest", 5, 750, False, "priority 5"),
        ("oldest", 0, 750, False, "it waited longest"),
        ("oldest", 0, 750, True, WITHHELD),
        ("oldest", 100, -250, False, "late by 4 minutes"),
    ],
)
def test_what_put_a_case_first_in_words(order, priority, seconds, is_withheld, text):
    left = timedelta(seconds=seconds)
    assert because(order=order, priority=priority, left=left, is_withheld=is_withheld) == text


@pytest.mark.parametrize(
    ("minutes", "priority", "text"),
    [(12, 0, "12 minutes to breach"), (12, 5, "priority 5"), (-4, 100, "late by 4 minutes")],
)
def test_alice_reads_why_her_case_was_next_on_the_page_and_in_the_api(
    office, alice, api, sign_in, minutes, priority, text
):
    case = put(office.send(), minutes=minutes, priority=priority)
    assert api(alice).post(CLAIM).json()["next_because"] == text
    browser = sign_in(alice)
    assert told(browser, case) == text
    assert f"next because: {text}" in browser.get(f"/cases/{case.pk}/").content.decode()


def test_what_is_said_is_how_it_was_when_she_took_it(office, alice, api, sign_in):
    """Its lead changes the priority while she works, and its time runs on."""
    case = put(office.send(), minutes=12)
    api(alice).post(CLAIM)
    put(case, minutes=3, priority=7)
    assert told(sign_in(alice), case) == "12 minutes to breach"


def test_a_case_that_alice_picked_was_put_first_by_nobody(office, alice, api, sign_in):
    case = put(office.send(), minutes=12, priority=5)
    assert "next_because" not in api(alice).post(f"/api/v1/cases/{case.pk}/claim").json()
    assert told(sign_in(alice), case) == ""
    assert AuditEvent.objects.get(action="case.claimed").data == {"lease": 1, "chosen": True}


@pytest.mark.parametrize("priority", [0, 5])
def test_of_a_blind_case_nothing_tells_the_priority(office, alice, api, sign_in, priority):
    """Neither the number nor that there is none; a rule may have given it for what the model says."""
    Queue.objects.update(blind_share=1)
    case = put(office.send(), minutes=12, priority=priority)
    assert api(alice).post(CLAIM).json()["next_because"] == WITHHELD
    browser = sign_in(alice)
    assert told(browser, case) == WITHHELD
    outcome = {"lease": 1, "answer": "blind", "outcome": "deny"}
    assert api(alice).post(f"/api/v1/cases/{case.pk}/review", outcome).status_code == 200
    assert told(browser, case) == (f"priority {priority}" if priority else "12 minutes to breach")


def test_that_a_blind_case_is_late_is_no_secret(office, alice, api, sign_in):
    Queue.objects.update(blind_share=1)
    case = put(office.send(), minutes=-4, priority=100)
    assert api(alice).post(CLAIM).json()["next_because"] == "late by 4 minutes"
    assert told(sign_in(alice), case) == "late by 4 minutes"


# The order of a queue

API, PAGE = "/api/v1/queues/loans", "/queues/loans/settings/"
# What waits: minutes until due, priority, how sure the model is of it, minutes since it came
WAITING = {
    "urgent": (50, 5, 0.90, 10),
    "soon": (20, 0, 0.80, 20),
    "doubtful": (40, 0, 0.55, 15),
    "old": (55, 0, 0.85, 30),
    "late": (-1, 100, 0.95, 5),
}
TAKEN = {
    "priority": ["late", "urgent", "soon", "doubtful", "old"],
    "due": ["late", "soon", "doubtful", "urgent", "old"],
    "unsure": ["late", "urgent", "doubtful", "soon", "old"],
    "oldest": ["late", "urgent", "old", "soon", "doubtful"],
}


@pytest.fixture
def waiting(office):
    for name, (minutes, priority, confidence, since) in WAITING.items():
        opened = timezone.now() - timedelta(minutes=since)
        case = office.send(external_id=name)
        put(case, minutes=minutes, priority=priority, confidence=confidence, opened_at=opened)
    return office


@pytest.mark.parametrize(("order", "taken"), TAKEN.items())
def test_a_lead_chooses_in_which_order_cases_are_taken(waiting, alice, carol, api, order, taken):
    assert api(carol).patch(API, {"next_order": order}).status_code == 200
    actor, reviewer = factories.actor_of(alice), api(alice)
    for name in taken:
        likely = queries.likely_next(Queue.objects.get(slug="loans"), actor, now=timezone.now())
        assert (reviewer.post(CLAIM).json()["external_id"], likely.external_id) == (name, name)


@pytest.mark.parametrize(
    ("order", "told"),
    [("due", "19 minutes to breach"), ("unsure", "the model is least sure of it"), ("oldest", "it waited longest")],
)
def test_alice_is_told_by_which_order(waiting, alice, api, sign_in, order, told):
    Queue.objects.update(next_order=order)
    Case.objects.filter(external_id__in=["urgent", "late"]).delete()
    Case.objects.filter(external_id="soon").update(due_at=timezone.now() + timedelta(minutes=19, seconds=30))
    given = api(alice).post(CLAIM).json()
    assert given["next_because"] == told
    assert f"next because: {told}" in sign_in(alice).get(given["url"]).content.decode()


def test_a_case_that_somebody_holds_is_skipped_in_every_order(waiting, alice, bob, api):
    for order, (_, second, *_rest) in TAKEN.items():
        Case.objects.update(state="open", holder=None, lease_until=None, leased_at=None)
        Queue.objects.update(next_order=order)
        api(alice).post(CLAIM)
        assert api(bob).post(CLAIM).json()["external_id"] == second


@pytest.mark.parametrize("order", TAKEN)
def test_no_order_sorts_what_waits(order, waiting, alice):
    """However many wait, a claim reads the first few of an index: the plan of each order has no sort, even where sorting is the last resort."""
    Queue.objects.update(next_order=order)
    sent = []
    with connection.execute_wrapper(lambda execute, *sql: sent.append(sql[:2]) or execute(*sql)):
        assert claim_next(slug="loans", actor=factories.actor_of(alice), at=timezone.now())
    claim, values = [one for one in sent if "skip locked" in one[0]][-1]
    assert values["order"] == order
    with connection.cursor() as cursor:
        cursor.execute("set local enable_sort = off; set local enable_seqscan = off; set local enable_bitmapscan = off")
        cursor.execute(f"explain {claim}", values)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert plan.count("LockRows") == 1
    assert "Sort" not in plan, plan


def save(browser, **fields):
    parts = browser.get(PAGE).context["sections"]
    seen = next(part["seen"] for part in parts if part["name"] == "next")
    return browser.post(f"{PAGE}next/", {"seen": seen, **fields})


def test_the_order_is_chosen_on_the_settings_page_and_told_on_the_queue(office, alice, carol, sign_in):
    assert save(sign_in(carol), next_order="oldest").status_code == 302
    assert "chosen for you: priority, then what came first" in sign_in(alice).get("/queues/loans/").content.decode()
    assert AuditEvent.objects.get(action="queue.settings_changed").data["after"] == {"next_order": "oldest"}
    assert save(sign_in(carol), next_order="alphabet").status_code == 422


@pytest.mark.parametrize("value", ["alphabet", None, 1, ["due"], {}])
def test_an_order_that_there_is_not_is_refused(office, carol, api, value):
    refused = api(carol).patch(API, {"next_order": value})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/next_order")


def test_least_sure_first_and_blind_first_do_not_go_together(office, carol, api, sign_in):
    """The order would tell of a blind case what its reviewer is not to know."""
    lead = api(carol)
    assert lead.patch(API, {"blind_share": 0.1}).status_code == 200
    refused = lead.patch(API, {"next_order": "unsure"}).json()
    assert [(error["pointer"], error["code"]) for error in refused["errors"]] == [("/next_order", "order_tells")]
    page = save(sign_in(carol), next_order="unsure")
    assert (page.status_code, "Choose another order, or no blind first." in page.content.decode()) == (422, True)
    assert lead.patch(API, {"next_order": "unsure", "blind_share": 0}).status_code == 200
    assert lead.patch(API, {"blind_share": 0.1}).json()["errors"][0]["pointer"] == "/blind_share"


def test_a_blind_case_that_came_before_tells_nothing_by_its_place(waiting, alice, api):
    """Among the rest of its priority it comes last, however unsure the model is of it."""
    Case.objects.filter(external_id="doubtful").update(is_blind=True)
    Queue.objects.update(next_order="unsure")
    taken = [api(alice).post(CLAIM).json()["external_id"] for _ in WAITING]
    assert taken == ["late", "urgent", "soon", "old", "doubtful"]


# Who has answered a case before it was reopened


@pytest.fixture
def reopened(office, alice, carol, api):
    """A case that alice has answered and carol has reopened."""
    case = office.send(external_id="APP-9")
    lease = api(alice).post(CLAIM).json()["lease"]["number"]
    assert api(alice).post(f"/api/v1/cases/{case.pk}/review", {"lease": lease, "answer": "agree"}).status_code == 200
    assert api(carol).post(f"/api/v1/cases/{case.pk}/reopen", {"reason": "Wrong payslip."}).status_code == 200
    return case


def take(client, case):
    """(status, code) of picking it."""
    answer = client.post(f"/api/v1/cases/{case.pk}/claim")
    return answer.status_code, answer.json().get("code")


def give(client, case, to):
    order = {"act": "reassign", "cases": [str(case.pk)], "to": to, "reason": "Nobody else is here."}
    (result,) = client.post("/api/v1/cases/bulk", order).json()["results"]
    return result["status"]


def test_whoever_answered_a_reopened_case_does_not_get_it_again(reopened, office, alice, bob, api, sign_in):
    queue, now = Queue.objects.get(slug="loans"), timezone.now()
    assert api(alice).post(CLAIM).status_code == 204
    assert queries.likely_next(queue, factories.actor_of(alice), now=now) is None
    assert take(api(alice), reopened) == (409, "answered-before")
    browser = sign_in(alice)
    assert "Take this case" not in browser.get(f"/cases/{reopened.pk}/").content.decode()
    assert "before it was reopened" in browser.post(f"/cases/{reopened.pk}/claim/", follow=True).content.decode()
    assert queries.likely_next(queue, factories.actor_of(bob), now=now).pk == reopened.pk
    assert api(bob).post(CLAIM).json()["id"] == str(reopened.pk)


def test_with_the_queues_setting_people_answer_again(reopened, alice, carol, api, sign_in):
    assert save(sign_in(carol), next_order="priority", answers_again="on").status_code == 302
    browser = sign_in(alice)
    assert "Take this case" in browser.get(f"/cases/{reopened.pk}/").content.decode()
    assert queries.likely_next(Queue.objects.get(slug="loans"), factories.actor_of(alice), now=timezone.now())
    taken = api(alice).post(CLAIM).json()
    assert taken["id"] == str(reopened.pk)
    assert (
        api(alice).post(f"/api/v1/cases/{reopened.pk}/release", {"lease": taken["lease"]["number"]}).status_code == 200
    )
    assert save(sign_in(carol), next_order="priority").status_code == 302
    assert take(api(alice), reopened) == (409, "answered-before")
    assert api(carol).patch(API, {"answers_again": "yes"}).json()["errors"][0]["pointer"] == "/answers_again"


def test_a_lead_may_give_it_to_them_and_nobody_gets_an_answer_of_this_round_twice(reopened, alice, carol, api):
    assert give(api(carol), reopened, "alice") == 200
    reopened.refresh_from_db()
    answer = {"lease": reopened.lease, "answer": "refer"}
    assert api(alice).post(f"/api/v1/cases/{reopened.pk}/review", answer).status_code == 200
    assert take(api(alice), reopened)[0] == 404, "it went to the lead queue"
    Case.objects.filter(pk=reopened.pk).update(queue=Queue.objects.get(slug="loans"))
    assert take(api(alice), reopened) == (409, "already-reviewed")
    assert give(api(carol), reopened, "alice") == 409


def test_who_took_their_answer_back_is_as_new_to_the_case_as_anybody(office, alice, bob, carol, api, settings):
    settings.UNDO_SECONDS = 60
    case = office.send()
    lease = api(alice).post(CLAIM).json()["lease"]["number"]
    api(alice).post(f"/api/v1/cases/{case.pk}/review", {"lease": lease, "answer": "agree"})
    lease = api(alice).post(f"/api/v1/cases/{case.pk}/undo").json()["lease"]["number"]
    assert api(alice).post(f"/api/v1/cases/{case.pk}/release", {"lease": lease}).status_code == 200
    lease = api(bob).post(CLAIM).json()["lease"]["number"]
    api(bob).post(f"/api/v1/cases/{case.pk}/review", {"lease": lease, "answer": "agree"})
    assert api(carol).post(f"/api/v1/cases/{case.pk}/reopen", {"reason": "Wrong"}).status_code == 200
    assert api(bob).post(CLAIM).status_code == 204
    assert api(alice).post(CLAIM).json()["id"] == str(case.pk)


def test_a_late_case_does_not_go_by_itself_to_whoever_answered_it_before(reopened, office, alice, bob):
    for person, gets in ((alice, None), (bob, bob)):
        Queue.objects.filter(slug="loans").update(late_act="person", late_person=person)
        put(reopened, minutes=-1, watch_at=timezone.now(), sla_stage="running", state="open", queue=office.queue)
        assert watch_sla(at=timezone.now()) == 1
        reopened.refresh_from_db()
        assert (reopened.holder, reopened.queue.is_lead) == (gets, gets is None)


# Who knows the person


OTHER = {"reference": "CUST-99", "name": "Ada Brook", "date_of_birth": "1981-01-01", "contact": "ada@example.org"}


@pytest.fixture
def known(office, alice, api):
    """A case of somebody alice knows, which she has given back, and another of the same person."""
    first, second = office.send(external_id="KNOWN-1"), office.send(external_id="KNOWN-2")
    lease = api(alice).post(f"/api/v1/cases/{first.pk}/claim").json()["lease"]["number"]
    answer = api(alice).post(f"/api/v1/cases/{first.pk}/recuse", {"lease": lease})
    assert (answer.status_code, answer.json()["status"]) == (200, "open")
    return first, second


def test_alice_is_given_no_case_of_a_person_she_knows_and_bob_is(known, office, alice, bob, api):
    queue = Queue.objects.get(slug="loans")
    assert api(alice).post(CLAIM).status_code == 204
    assert queries.likely_next(queue, factories.actor_of(alice), now=timezone.now()) is None
    assert [take(api(alice), case) for case in known] == [(409, "knows-subject")] * 2
    later, stranger = office.send(external_id="KNOWN-3"), office.send(external_id="STRANGER", subject=OTHER)
    assert queries.likely_next(queue, factories.actor_of(alice), now=timezone.now()).pk == stranger.pk
    assert api(alice).post(CLAIM).json()["external_id"] == "STRANGER"
    assert take(api(alice), later) == (409, "knows-subject")
    assert {api(bob).post(CLAIM).json()["external_id"] for _ in range(3)} == {"KNOWN-1", "KNOWN-2", "KNOWN-3"}


def test_a_lead_cannot_give_it_to_her_and_reads_why(known, bob, carol, api):
    order = {"act": "reassign", "cases": [str(known[1].pk)], "to": "alice", "reason": "She has time."}
    (result,) = api(carol).post("/api/v1/cases/bulk", order).json()["results"]
    assert (result["status"], result["problem"]["code"]) == (409, "knows-subject")
    assert give(api(carol), known[1], "bob") == 200


def test_without_a_known_subject_only_this_case_is_kept_from_her(office, alice, api):
    first, _ = office.send(external_id="NOBODY-1", subject=None), office.send(external_id="NOBODY-2", subject=None)
    lease = api(alice).post(f"/api/v1/cases/{first.pk}/claim").json()["lease"]["number"]
    api(alice).post(f"/api/v1/cases/{first.pk}/recuse", {"lease": lease})
    assert api(alice).post(CLAIM).json()["external_id"] == "NOBODY-2"
    assert api(alice).post(CLAIM).status_code == 204


def test_it_is_said_on_the_case_page_and_stands_in_its_timeline(office, alice, bob, sign_in):
    case, browser = office.send(), sign_in(alice)
    browser.post("/queues/loans/next/")
    assert f'action="/cases/{case.pk}/recuse/"' in browser.get(f"/cases/{case.pk}/").content.decode()
    page = browser.post(f"/cases/{case.pk}/recuse/", {"lease": 1}, follow=True).content.decode()
    assert "Somebody else decides" in page
    assert "Take this case" not in browser.get(f"/cases/{case.pk}/").content.decode()
    story = sign_in(bob).get(f"/cases/{case.pk}/").content.decode()
    assert "Alice knows the person and gave the case back." in story
    assert "Take this case" in story
    event = AuditEvent.objects.get(action="case.recused")
    assert event.data == {"lease": 1}, "neither the person nor their mac"
    again = browser.post(f"/cases/{case.pk}/recuse/", {"lease": 1}, follow=True).content.decode()
    assert "had ended already" in again
    assert Recusal.objects.count() == 1


def test_only_who_holds_the_case_steps_back_from_it(office, alice, bob, mallory, api):
    case = office.send()
    lease = api(alice).post(CLAIM).json()["lease"]["number"]
    tried = [
        api(person).post(f"/api/v1/cases/{case.pk}/recuse", {"lease": lease}).status_code for person in (bob, mallory)
    ]
    assert (tried, Recusal.objects.count()) == ([409, 404], 0)


# Who is out of office


def set_away(browser, delta):
    text = f"{timezone.localtime(timezone.now() + delta):%Y-%m-%dT%H:%M}" if delta else ""
    return browser.post("/my-work/away/", {"until": text}, follow=True).content.decode()


def test_nobody_is_given_a_case_while_they_are_away(office, alice, carol, api, sign_in):
    case, browser = office.send(), sign_in(alice)
    assert "nobody gives you a case" in set_away(browser, timedelta(days=2))
    order = {"act": "reassign", "cases": [str(case.pk)], "to": "alice", "reason": "She has time."}
    (result,) = api(carol).post("/api/v1/cases/bulk", order).json()["results"]
    assert (result["status"], result["problem"]["code"]) == (409, "away")
    assert "Alice is away until" in result["problem"]["detail"]
    assert "I am back" in browser.get("/my-work/").content.decode()
    assert "You are back." in set_away(browser, None)
    assert give(api(carol), case, "alice") == 200
    assert AuditEvent.objects.filter(action="user.absence_changed").count() == 2


def test_an_absence_ends_by_itself(office, alice, carol, api, sign_in):
    case = office.send()
    User.objects.filter(pk=alice.pk).update(away_until=timezone.now() - timedelta(seconds=1))
    assert "I am back" not in sign_in(alice).get("/my-work/").content.decode()
    assert give(api(carol), case, "alice") == 200


def test_a_late_case_goes_to_the_queue_while_its_person_is_away(office, alice):
    case = office.send()
    Queue.objects.filter(slug="loans").update(late_act="person", late_person=alice)
    for until, gets in ((timezone.now() + timedelta(days=1), None), (None, alice)):
        User.objects.filter(pk=alice.pk).update(away_until=until)
        put(case, minutes=-1, watch_at=timezone.now(), sla_stage="running", state="open", queue=office.queue)
        assert watch_sla(at=timezone.now()) == 1
        case.refresh_from_db()
        assert (case.holder, case.queue.is_lead) == (gets, gets is None)


@pytest.mark.parametrize("text", ["2020-01-01T09:00", "2999-01-01T09:00", "soon", "2026-13-01T00:00"])
def test_a_time_that_cannot_be_changes_nothing(office, alice, sign_in, text):
    page = sign_in(alice).post("/my-work/away/", {"until": text}, follow=True).content.decode()
    assert "Nothing is changed." in page
    alice.refresh_from_db()
    assert alice.away_until is None
