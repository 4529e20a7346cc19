"""What is expected of the next hours, as leads read it; what it is worked out from; and who is on shift."""

import re
from datetime import timedelta

import pytest
from django.db import DataError, IntegrityError
from django.utils import timezone

from reviewapp.access.rules import WORK_QUEUE, Scope
from reviewapp.audit.models import AuditEvent
from reviewapp.cases.actions import Opening, open_cases
from reviewapp.cases.models import Case, QueueUserPermission
from reviewapp.cases.rules import CaseState
from reviewapp.lib.errors import Invalid, NotFound
from reviewapp.monitoring import forecasting, queries
from reviewapp.monitoring.actions import clear_shift, enter_shift
from reviewapp.monitoring.forecasting import work_out
from reviewapp.monitoring.models import Forecast, Shift
from reviewapp.monitoring.tasks import work_out as task
from reviewapp.predictions.actions import copy
from tests import factories

PAGE, LINES, ENTER = "/board/forecast/", "/board/forecast/lines/", "/board/forecast/loans/shift/"


def body(slug="loans") -> dict:
    return Forecast.objects.get(queue__slug=slug).body


def text_of(client, path=PAGE) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def in_two_hours() -> str:
    return f"{timezone.localtime(factories.now() + timedelta(hours=2)):%H:%M}"


@pytest.fixture
def six_wait(past, office, api, alice):
    """Six cases due in an hour, the first in alice's hands: at twenty minutes each she can answer three."""
    for _ in range(6):
        office.send()
    assert api(alice).post("/api/v1/queues/loans/claim").status_code == 200


def test_carol_reads_how_many_will_breach_and_how_one_more_reviewer_would_help(six_wait, sign_in, carol):
    task()
    found = body()
    assert (found["status"], found["days"], found["handle_times"], found["runs"]) == ("ok", 8, 54, 200)
    assert (found["people"], found["people_from"]) == (1, "seen")
    late, helped = found["breaches"], found["one_more"]
    assert 3 <= late["low"] <= late["value"] <= late["high"]
    assert helped["value"] <= late["value"] <= found["due"]
    lead = sign_in(carol)
    for path in (PAGE, LINES):
        page = text_of(lead, path)
        assert f"About {late['value']} ({late['low']} to {late['high']}) of {found['due']} will breach before" in page
        assert f": about {helped['value']} ({helped['low']} to {helped['high']})." in page
        assert "Counted: 1 reviewer, seen at work in the last 30 minutes and taken to stay." in page
        assert "Rests on 8 comparable days and 54 handle times." in page
        assert f"as of {timezone.localtime(Forecast.objects.get(queue__slug='loans').made_at):%H:%M}" in page
    assert "How this is worked out" in text_of(lead)


def test_the_board_shows_it_as_a_live_fragment_and_as_a_link(office, sign_in, carol):
    page = text_of(sign_in(carol), "/board/")
    assert f'data-live-now data-live-url="{LINES}"' in page
    assert f'<a href="{PAGE}">Forecast and who is on shift</a>' in page


def test_who_is_on_shift_is_what_a_lead_entered_until_then(six_wait, sign_in, carol):
    lead = sign_in(carol)
    until = in_two_hours()
    sent = {"loans-people": "9", "loans-until": until}
    assert lead.post(ENTER, sent).status_code == 302
    work_out(at=factories.now())
    assert (body()["people"], body()["people_from"], body()["breaches"]["low"]) == (9, "entered", 0)
    assert re.search(rf": 9 reviewers until (\d+ \w+, )?{until}, and nobody after that\.", text_of(lead))
    later = Shift.objects.get().until + timedelta(seconds=1)
    work_out(at=later)
    assert body()["people_from"] == "seen"
    assert lead.post(ENTER, {"clear": "1"}).status_code == 302
    assert lead.post(ENTER, {"clear": "1"}).status_code == 302  # nothing is left to clear
    assert not Shift.objects.exists()
    events = AuditEvent.objects.filter(action__startswith="queue.shift").order_by("pk")
    assert [event.action for event in events] == ["queue.shift_entered", "queue.shift_cleared"]
    assert events[0].data["people"] == 9


@pytest.mark.parametrize(
    ("people", "until"),
    [("", "17:00"), ("-1", "17:00"), ("201", "17:00"), ("1.5", "17:00"), ("many", "17:00"), ("9" * 400, "17:00"),
     ("3", ""), ("3", "25:00"), ("3", "17:00:00"), ("3", "tomorrow"), ("3\0", "17:00"), ("3", "17:00\0")],
)  # fmt: skip
def test_a_shift_that_cannot_be_is_refused_as_typed(office, sign_in, carol, people, until):
    answer = sign_in(carol).post(ENTER, {"loans-people": people, "loans-until": until})
    assert answer.status_code in {400, 422}
    assert "Traceback" not in answer.content.decode()
    assert not Shift.objects.exists()


def test_nobody_else_enters_a_shift_or_reads_a_forecast(office, sign_in, api, alice, carol, mallory):
    stranger = factories.make_lead("olga", factories.make_office("ward"))
    sent = {"loans-people": "3", "loans-until": "17:00"}
    for person in (alice, mallory, stranger):
        assert sign_in(person).post(ENTER, sent).status_code == 404
    assert sign_in(alice).get(PAGE).status_code == 404
    assert sign_in(alice).get(LINES).status_code == 404
    assert "Loans" not in text_of(sign_in(stranger))
    assert api(alice, Scope.CASES_LEAD).get("/api/v1/forecasts").status_code == 404
    assert api(carol, Scope.CASES_READ).get("/api/v1/forecasts").status_code == 403
    assert sign_in(carol).get(f"{PAGE}?queue=loans").status_code == 400
    assert not Shift.objects.exists()


def test_the_acts_themselves_refuse_whoever_does_not_lead_and_times_nobody_means(office, alice, carol):
    now, lead = factories.now(), factories.actor_of(carol)
    given = {"slug": "loans", "people": 3, "until": now + timedelta(hours=1), "at": now}
    with pytest.raises(NotFound):
        enter_shift(**given, actor=factories.actor_of(alice))
    with pytest.raises(NotFound):
        clear_shift(slug="loans", actor=factories.actor_of(alice), at=now)
    for wrong in ({"people": -1}, {"people": 201}, {"until": now}, {"until": now + timedelta(hours=25)}):
        with pytest.raises(Invalid):
            enter_shift(**(given | wrong), actor=lead)
    assert not Shift.objects.exists()
    assert enter_shift(**given, actor=lead).people == 3


def test_the_database_refuses_more_people_than_anybody_means(office, carol):
    values = {"queue": office.queue, "until": factories.now(), "entered_by": carol, "entered_at": factories.now()}
    with pytest.raises((IntegrityError, DataError)):
        Shift.objects.create(people=201, **values)


def test_too_little_history_is_said_in_words_and_never_a_number(db, sign_in, api):
    ward = factories.make_office("ward")
    charge = factories.make_lead("charge", ward)
    assert "No forecast: nothing is open and nothing came" in text_of(sign_in(charge))
    ward.send()
    work_out(at=factories.now())
    page = text_of(sign_in(charge), LINES)
    assert "Not enough history: 0 of 5 comparable days." in page
    assert "will breach" not in page
    rows = api(charge, Scope.CASES_LEAD).get("/api/v1/forecasts").json()["results"]
    assert [row["queue"] for row in rows] == ["ward", "ward-lead"]
    told = rows[0]["forecast"]
    assert (told["status"], told["lack"], told["breaches"], told["due"]) == ("too_few", "few_days", None, None)
    assert (rows[1]["made_at"], rows[1]["forecast"]) == (None, None)


def test_too_few_answers_are_counted_too(past, office, sign_in, carol):
    from reviewapp.cases.models import Review

    assert len(queries.handle_seconds_in(office.queue)) == 54
    assert set(queries.handle_seconds_in(office.queue)) == {1_200.0}  # active time, where it is known
    work_out(at=factories.now())
    row = Forecast.objects.get(queue=office.queue)
    row.body |= {"status": "too_few", "lack": "few_handle_times", "handle_times": 31}
    row.save()
    assert "Not enough history: 31 of 50 answers with a handle time." in text_of(sign_in(carol))
    assert Review.objects.count() == 54


def test_with_nobody_at_work_everything_that_comes_due_breaches(past, office, sign_in, carol):
    office.send()
    work_out(at=factories.now())
    found = body()
    assert found["people"] == 0
    assert found["breaches"]["value"] == found["due"]
    assert "nobody, since nobody took or answered a case in the last 30 minutes" in text_of(sign_in(carol))


def test_who_is_seen_may_work_on_the_queue_and_was_there_of_late(office, api, alice, bob):
    def seen(**later):
        return queries.people_seen(office.queue, at=factories.now() + timedelta(**later))

    for _ in range(2):
        office.send()
    lease = api(alice).post("/api/v1/queues/loans/claim").json()
    answer = {"lease": lease["lease"]["number"], "answer": "agree"}
    assert api(alice).post(f"/api/v1/cases/{lease['id']}/review", answer).status_code == 200
    assert seen() == 1
    assert api(bob).post("/api/v1/queues/loans/claim").status_code == 200
    assert (seen(), seen(minutes=29), seen(minutes=31)) == (2, 2, 0)
    QueueUserPermission.objects.filter(user=bob, permission__codename=WORK_QUEUE).delete()
    assert seen() == 1


def test_arrivals_are_counted_by_day_and_hour_without_seeded_copies(past, office):
    now = factories.now()
    starts = [now - timedelta(days=back) for back in (1, 2)]
    assert queries.arrivals_in(office.queue, starts) == [[0, 3, 0, 0, 0, 0, 0, 0]] * 2
    assert queries.arrivals_in(office.lead_queue, starts) == [[0] * 8] * 2
    original = past[0].prediction
    made = copy(original, external_id="APP-COPY", at=now)
    opening = Opening(
        prediction_id=made, queue=office.queue, external_id="APP-COPY", advised="deny", confidence=0.7, why="", priority=0, summary={},
        policy_version_id=original.routing.policy_version_id, policy_number=1, features=original.features,
    )  # fmt: skip
    open_cases([opening], at=now)
    office.send()
    assert queries.arrivals_in(office.queue, [now - timedelta(minutes=5)])[0][0] == 1
    assert len(queries.waiting_in(office.queue, at=now)) == 2  # it is work all the same


def test_a_case_that_moved_on_arrived_in_both_queues(past, office):
    Case.objects.filter(pk=past[-1].pk).update(queue=office.lead_queue)
    starts = [factories.now() - timedelta(days=1)]
    assert queries.arrivals_in(office.queue, starts)[0][1] == 3
    assert queries.arrivals_in(office.lead_queue, starts)[0][1] == 1


def test_what_is_pended_waits_for_its_follow_up_and_what_is_in_hand_comes_first(office, api, alice):
    for _ in range(3):
        office.send()
    now = factories.now()
    held, pended = (api(alice).post("/api/v1/queues/loans/claim").json() for _ in range(2))
    follow_up = (now + timedelta(hours=2)).isoformat()
    wait = {"lease": pended["lease"]["number"], "follow_up_at": follow_up, "awaited": "payslip"}
    assert api(alice).post(f"/api/v1/cases/{pended['id']}/pend", wait).status_code == 200
    ready = [case.ready_at for case in queries.waiting_in(office.queue, at=now)]
    assert sorted(ready, key=str) == sorted([None, now + timedelta(hours=2), now], key=str)
    after = now + timedelta(minutes=20)  # the lease is over: it waits again
    assert None not in [case.ready_at for case in queries.waiting_in(office.queue, at=after)]
    assert held["lease"]["number"] == 1


def test_only_queues_with_work_have_a_forecast_and_a_quiet_one_loses_it(office):
    case, now = office.send(), factories.now()
    assert work_out(at=now) == 1
    assert [row.queue.slug for row in Forecast.objects.all()] == ["loans"]
    Case.objects.filter(pk=case.pk).update(state=CaseState.DECIDED, outcome="deny", decided_at=now)
    assert work_out(at=now) == 1  # something came lately
    assert work_out(at=now + timedelta(days=5)) == 0
    assert not Forecast.objects.exists()


def test_one_queue_that_cannot_be_forecast_holds_up_no_other(office, monkeypatch):
    other = factories.make_office("ward")
    office.send()
    other.send()
    sound = forecasting.expected
    monkeypatch.setattr(
        forecasting, "expected", lambda queue, *, at: 1 / 0 if queue == office.queue else sound(queue, at=at)
    )
    assert work_out(at=factories.now()) == 1
    assert [row.queue.slug for row in Forecast.objects.all()] == ["ward"]


def test_a_forecast_that_is_not_renewed_says_so(office, sign_in, carol):
    office.send()
    work_out(at=factories.now() - timedelta(minutes=4))
    assert "not renewed" not in text_of(sign_in(carol), LINES)
    Forecast.objects.update(made_at=factories.now() - timedelta(minutes=12))
    assert "12 min ago and not renewed" in text_of(sign_in(carol), LINES)


def test_the_fragment_costs_three_statements_more_than_knowing_who_asks(
    office, sign_in, carol, django_assert_max_num_queries
):
    lead = sign_in(carol)
    lead.get(LINES)
    with django_assert_max_num_queries(8):
        lead.get(LINES)
