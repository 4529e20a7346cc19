"""The clock of a case: what is told when, and what becomes of a late one. Nobody loses a case to it, and it decides none."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db.models import F
from django.utils import timezone

from reviewapp.audit.models import AuditEvent
from reviewapp.cases.actions import watch_sla
from reviewapp.cases.models import Case, Queue
from reviewapp.cases.sla import WEEKDAYS
from reviewapp.cases.tasks import watch_sla as watch_task
from reviewapp.catalog.queries import bundles_for
from reviewapp.intake.actions import receive
from reviewapp.intake.reading import read_item
from tests import factories
from tests.cases.pending import body

pytestmark = pytest.mark.django_db
DENY_FAST = {"when": [{"field": "outcome", "op": "eq", "value": "deny"}], "minutes": 30}
RICH = {"when": [{"field": "features.loan_amount", "op": "ge", "value": 100_000}], "minutes": 20}


def age(case, minutes):
    """Let the case be as old as this: all its moments are so much sooner."""
    earlier = timedelta(minutes=minutes)
    moments = ("opened_at", "due_at", "risk_at")
    Case.objects.filter(pk=case.pk).update(**{name: F(name) - earlier for name in moments})
    Case.objects.filter(pk=case.pk, watch_at__isnull=False).update(watch_at=F("watch_at") - earlier)


def watch():
    return watch_sla(at=timezone.now())


def told(case):
    names = ("case.sla_threatened", "case.sla_breached", "case.escalated")
    events = AuditEvent.objects.filter(object_id=str(case.pk), action__in=names).order_by("pk")
    return [event.action.removeprefix("case.") for event in events]


def fresh(case):
    return Case.objects.select_related("queue", "holder").get(pk=case.pk)


def claim(api, user):
    answer = api(user).post("/api/v1/queues/loans/claim")
    assert answer.status_code == 200
    return answer.json()["lease"]["number"]


# When a case is due


def minutes_of(case):
    return (case.due_at - case.opened_at).total_seconds() / 60, (case.risk_at - case.opened_at).total_seconds() / 60


def test_the_first_rule_that_matches_says_when_a_case_is_due(office):
    assert minutes_of(office.send()) == (60, 45)
    Queue.objects.filter(pk=office.queue.pk).update(sla_rules=[DENY_FAST, RICH], risk_percent=50)
    assert minutes_of(office.send()) == (30, 15)
    unsure = {"outcome": "approve", "probabilities": {"approve": 0.6, "deny": 0.4}}
    assert minutes_of(office.send(prediction=unsure, explanation=None)) == (20, 10)
    small = {**factories.FEATURES, "loan_amount": 1}
    assert minutes_of(office.send(prediction=unsure, explanation=None, features=small)) == (60, 30)


def test_closed_hours_do_not_count(office):
    hours = {"zone": "Asia/Kolkata", "hours": {"monday": ["10:00-11:00"]}}
    Queue.objects.filter(pk=office.queue.pk).update(opening_hours=hours, sla_minutes=90)
    case = office.send()
    due = case.due_at.astimezone(ZoneInfo("Asia/Kolkata"))
    assert (due.weekday(), due.hour) == (0, 10)
    assert timedelta(days=7) < case.due_at - case.opened_at < timedelta(days=15)


@pytest.mark.parametrize(
    ("came", "risk", "due"),
    [
        ("2026-10-25T00:30+00:00", "2026-10-25T01:15+00:00", "2026-10-25T01:30+00:00"),  # half past one, twice
        (
            "2026-03-29T00:30+00:00",
            "2026-03-29T01:15+00:00",
            "2026-03-29T01:30+00:00",
        ),  # from half past twelve to half past two
        ("2026-12-24T23:30+00:00", "2026-12-26T00:15+00:00", "2026-12-26T00:30+00:00"),  # over a holiday, at midnight
        ("2026-11-27T05:45+00:00", "2026-11-27T22:30+00:00", "2026-11-27T22:45+00:00"),  # over a day
    ],
)
def test_a_case_that_came_on_a_night_shift_is_due_in_open_minutes(office, came, risk, due):
    hours = {day: ["00:00-06:00", "22:00-24:00"] for day in WEEKDAYS}
    calendar = {"zone": "Europe/London", "hours": hours, "holidays": ["2026-12-25"]}
    Queue.objects.filter(pk=office.queue.pk).update(opening_hours=calendar, sla_minutes=60)
    at = datetime.fromisoformat(came)
    actor = factories.actor_of(office.sender)
    bundle = bundles_for(actor, ["loans"])["loans"]
    receipt = receive(item=read_item(factories.prediction_body(), bundle), actor=actor, at=at)
    case = Case.objects.get(pk=receipt.case_id)
    assert (case.risk_at.isoformat(), case.due_at.isoformat()) == tuple(
        datetime.fromisoformat(moment).isoformat() for moment in (risk, due)
    )


def test_a_reopened_case_gets_a_new_time_by_the_rules_of_today(office, alice, carol, api):
    case = office.send()
    lease = claim(api, alice)
    answer = {"lease": lease, "answer": "agree"}
    assert api(alice).post(f"/api/v1/cases/{case.pk}/review", answer).status_code == 200
    age(case, 600)
    Queue.objects.filter(pk=office.queue.pk).update(sla_rules=[DENY_FAST])
    assert api(carol).post(f"/api/v1/cases/{case.pk}/reopen", {"reason": "Wrong"}).status_code == 200
    again = fresh(case)
    assert (again.sla_stage, again.watch_at) == ("running", again.risk_at)
    assert timedelta(minutes=29) < again.due_at - timezone.now() <= timedelta(minutes=30)


@pytest.mark.parametrize(("is_blind", "due"), [(True, 20), (False, 30)])
def test_a_blind_case_is_due_by_its_inputs_alone_also_when_it_is_reopened(office, alice, carol, api, is_blind, due):
    case = office.send()
    lease = claim(api, alice)
    answer = {"lease": lease, "answer": "agree"}
    assert api(alice).post(f"/api/v1/cases/{case.pk}/review", answer).status_code == 200
    Case.objects.update(is_blind=is_blind)
    Queue.objects.filter(pk=office.queue.pk).update(sla_rules=[DENY_FAST, RICH])
    assert api(carol).post(f"/api/v1/cases/{case.pk}/reopen", {"reason": "Wrong"}).status_code == 200
    assert timedelta(minutes=due - 1) < fresh(case).due_at - timezone.now() <= timedelta(minutes=due)


# What is told, and when


def test_each_moment_is_told_once(office):
    case = office.send()
    assert (watch(), told(case)) == (0, [])
    age(case, 46)
    assert (watch(), told(case)) == (1, ["sla_threatened"])
    assert (fresh(case).sla_stage, fresh(case).queue) == ("at_risk", office.queue)
    assert (watch(), told(case)) == (0, ["sla_threatened"])
    age(case, 15)
    watch_task()
    assert told(case) == ["sla_threatened", "sla_breached", "escalated"]
    assert (watch(), len(told(case))) == (0, 3)


def test_after_a_long_sleep_both_moments_are_told_in_order(office):
    case = office.send()
    age(case, 6_000)
    watch()
    assert told(case) == ["sla_threatened", "sla_breached", "escalated"]


def test_a_late_case_goes_to_the_lead_queue_with_the_highest_priority_and_is_not_decided(office):
    case = office.send()
    age(case, 61)
    watch()
    late = fresh(case)
    assert (late.queue, late.priority, late.state, late.outcome) == (office.lead_queue, 100, "open", "")
    assert late.due_at == fresh(case).due_at, "it stays late: nothing moves its time"
    breached, escalated = AuditEvent.objects.filter(action__in=["case.sla_breached", "case.escalated"]).order_by("pk")
    assert (breached.actor_kind, breached.queue_id) == ("system", office.queue.pk)
    assert (breached.data["before"], breached.data["priority"]) == (0, 100)
    assert escalated.data == {"passed_to": str(office.lead_queue.pk), "moved_to": "Loans lead"}


def test_a_late_case_of_the_lead_queue_has_nowhere_to_go_and_stays_first(office):
    case = office.send()
    Case.objects.filter(pk=case.pk).update(queue=office.lead_queue)
    age(case, 61)
    watch()
    assert (fresh(case).queue, fresh(case).priority) == (office.lead_queue, 100)
    assert told(case) == ["sla_threatened", "sla_breached"]


def test_a_queue_may_name_another_queue_or_let_late_cases_stay(office):
    other = factories.make_queue(office.use_case, "night")
    Queue.objects.filter(pk=office.queue.pk).update(late_queue=other)
    first, second = office.send(), office.send()
    age(first, 61)
    watch()
    Queue.objects.filter(pk=office.queue.pk).update(late_act="stay")
    age(second, 61)
    watch()
    assert fresh(first).queue == other
    assert (fresh(second).queue, fresh(second).priority, told(second)[-1]) == (office.queue, 100, "sla_breached")


def test_a_decided_case_is_watched_no_more(office, alice, api):
    case = office.send()
    lease = claim(api, alice)
    assert api(alice).post(f"/api/v1/cases/{case.pk}/review", {"lease": lease, "answer": "agree"}).status_code == 200
    age(case, 61)
    assert (watch(), told(case)) == (0, [])


# Who holds a late case


def test_who_holds_a_case_keeps_it_and_it_is_passed_on_once_they_give_it_back(office, alice, api):
    case = office.send()
    lease = claim(api, alice)
    age(case, 61)
    watch()
    held = fresh(case)
    assert (held.holder, held.queue, held.priority, held.sla_stage) == (alice, office.queue, 100, "held_late")
    assert told(case) == ["sla_threatened", "sla_breached"]
    assert api(alice).post(f"/api/v1/cases/{case.pk}/heartbeat", {"lease": lease}).status_code == 200
    assert (watch(), fresh(case).holder) == (0, alice)
    assert api(alice).post(f"/api/v1/cases/{case.pk}/release", {"lease": lease}).status_code == 200
    watch()
    assert (fresh(case).queue, told(case)[2:]) == (office.lead_queue, ["escalated"])


def test_a_holder_may_still_answer_a_late_case(office, alice, api):
    case = office.send()
    lease = claim(api, alice)
    age(case, 61)
    watch()
    assert api(alice).post(f"/api/v1/cases/{case.pk}/review", {"lease": lease, "answer": "agree"}).status_code == 200
    Case.objects.filter(pk=case.pk).update(watch_at=timezone.now() - timedelta(minutes=1))
    assert (watch(), fresh(case).state, told(case)) == (0, "decided", ["sla_threatened", "sla_breached"])


def test_a_lease_that_runs_out_frees_a_late_case_for_its_next_place(office, alice, api):
    case = office.send()
    claim(api, alice)
    age(case, 61)
    watch()
    over = timezone.now() - timedelta(seconds=1)
    Case.objects.filter(pk=case.pk).update(lease_until=over, watch_at=over)
    watch()
    late = fresh(case)
    assert (late.queue, late.state, late.holder) == (office.lead_queue, "open", None)


def test_while_somebody_keeps_the_lease_the_watch_waits_with_them(office, alice, api):
    case = office.send()
    claim(api, alice)
    age(case, 61)
    watch()
    Case.objects.filter(pk=case.pk).update(watch_at=timezone.now())
    watch()
    assert (fresh(case).watch_at, fresh(case).holder) == (fresh(case).lease_until, alice)
    assert told(case) == ["sla_threatened", "sla_breached"]


def test_a_pended_case_comes_back_when_it_is_late(office, alice, api):
    case = office.send()
    assert api(alice).post(f"/api/v1/cases/{case.pk}/pend", {**body(), "lease": claim(api, alice)}).status_code == 200
    age(case, 61)
    watch()
    late = fresh(case)
    assert (late.state, late.queue, late.follow_up_at, late.pended_by) == ("open", office.lead_queue, None, None)
    Queue.objects.filter(pk=office.queue.pk).update(late_act="stay")
    other = office.send()
    assert api(alice).post(f"/api/v1/cases/{other.pk}/pend", {**body(), "lease": claim(api, alice)}).status_code == 200
    age(other, 61)
    watch()
    assert (fresh(other).state, fresh(other).queue) == ("open", office.queue)


# A named person


@pytest.fixture
def to_bob(office, bob):
    Queue.objects.filter(pk=office.queue.pk).update(late_act="person", late_person=bob, most_held=2)
    return bob


def test_late_cases_go_to_the_person_named_until_they_hold_enough_and_then_to_the_lead_queue(office, to_bob):
    cases = [office.send() for _ in range(3)]
    for case in cases:
        age(case, 61)
    watch()
    held = Case.objects.filter(holder=to_bob, state="leased")
    assert held.count() == 2
    assert set(held.values_list("lease", flat=True)) == {1}
    (other,) = Case.objects.exclude(holder=to_bob)
    assert (other.queue, other.state) == (office.lead_queue, "open")
    given = AuditEvent.objects.filter(action="case.escalated", data__assigned_to=str(to_bob.pk))
    assert given.count() == 2


@pytest.mark.parametrize("why", ["left", "no right"])
def test_who_may_not_work_there_any_more_gets_nothing(office, to_bob, why):
    if why == "left":
        type(to_bob).objects.filter(pk=to_bob.pk).update(is_active=False)
    else:
        office.queue.queueuserpermission_set.filter(user=to_bob).delete()
    case = office.send()
    age(case, 61)
    watch()
    assert (fresh(case).holder, fresh(case).queue) == (None, office.lead_queue)


# Pages agree with the rule


def test_lists_figures_and_board_tell_at_risk_by_the_same_moment(office, carol, alice, api, sign_in):
    Queue.objects.filter(pk=office.queue.pk).update(sla_rules=[DENY_FAST], risk_percent=50)
    case = office.send(external_id="APP-RISK")
    age(case, 16)
    browser = sign_in(alice)

    def at_risk():
        board = api(carol).get("/api/v1/board").json()
        row = browser.get("/queues/loans/?time=risk")
        return (
            board["queues"][0]["at_risk"],
            [one["external_id"] for one in board["results"]],
            row.context["rows"][0]["sla_state"],
        )

    assert at_risk() == (1, ["APP-RISK"], "risk"), "before the watch has come by"
    watch()
    assert at_risk() == (1, ["APP-RISK"], "risk"), "and after"
    assert browser.get("/queues/loans/").context["rows"][0]["risk_at"] == fresh(case).risk_at
    assert api(alice).get(f"/api/v1/cases/{case.pk}").json()["risk_at"]


def test_the_timeline_tells_it_in_sentences(office, carol, to_bob, sign_in):
    case = office.send()
    age(case, 61)
    watch()
    page = sign_in(carol).get(f"/cases/{case.pk}/").content.decode()
    for sentence in ("Time runs short", "the case is late. Its priority became 100", "The late case went to Bob."):
        assert sentence in page
