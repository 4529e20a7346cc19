"""When a case is due: over midnight, weekends, holidays, time zones and the nights on which clocks are changed."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inference.schema import FeatureSchema
from reviewapp.cases.sla import (
    GIVEN,
    WEEKDAYS,
    Calendar,
    ServiceLevel,
    SlaStage,
    calendar_faults,
    compile_rules,
    due_at,
    next_step,
    rule_faults,
    too_long,
)
from reviewapp.catalog.conditions.checking import Check
from tests.factories import LOAN_SCHEMA

OFFICE = {day: ["09:00-17:00"] for day in WEEKDAYS[:5]}
ROUND = {day: ["00:00-24:00"] for day in WEEKDAYS}
SCHEMA = FeatureSchema.from_json(LOAN_SCHEMA)


def calendar(zone="Europe/London", hours=OFFICE, holidays=()):
    data = {"zone": zone, "hours": hours, "holidays": list(holidays)}
    assert calendar_faults(data, at="") == []
    return Calendar.of(data)


def due(zone, start, minutes, **more):
    """When a case that came at this wall-clock time is due by the same wall clock."""
    opened = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone))
    return due_at(opened, timedelta(minutes=minutes), calendar(zone, **more)).astimezone(ZoneInfo(zone))


NIGHT = {day: ["00:00-06:00", "22:00-24:00"] for day in WEEKDAYS}
LONDON, YORK = "Europe/London", "America/New_York"


@pytest.mark.parametrize(
    ("zone", "start", "minutes", "more", "expected"),
    [
        (LONDON, "2026-11-25T10:00", 60, {}, "2026-11-25T11:00+00:00"),
        (LONDON, "2026-11-25T16:30", 60, {}, "2026-11-26T09:30+00:00"),
        (LONDON, "2026-11-25T16:00", 60, {}, "2026-11-25T17:00+00:00"),  # on the stroke, not the next morning
        (LONDON, "2026-11-27T16:30", 60, {}, "2026-11-30T09:30+00:00"),  # over a weekend
        (LONDON, "2026-11-28T03:00", 1, {}, "2026-11-30T09:01+00:00"),  # came while closed
        (LONDON, "2026-11-27T16:30", 60, {"holidays": ["2026-11-30"]}, "2026-12-01T09:30+00:00"),  # a holiday on Monday
        (LONDON, "2026-11-27T16:30", 60, {"hours": NIGHT}, "2026-11-27T23:00+00:00"),
        (LONDON, "2026-11-27T23:30", 60, {"hours": NIGHT}, "2026-11-28T00:30+00:00"),  # over midnight
        (LONDON, "2026-11-27T23:30", 420, {"hours": NIGHT}, "2026-11-28T22:30+00:00"),
        (LONDON, "2026-03-28T23:30", 120, {"hours": ROUND}, "2026-03-29T02:30+01:00"),  # an hour is skipped
        (LONDON, "2026-03-28T23:30", 120, {"hours": NIGHT}, "2026-03-29T02:30+01:00"),
        (
            LONDON,
            "2026-10-24T23:30",
            120,
            {"hours": ROUND},
            "2026-10-25T01:30+01:00",
        ),  # the first time it is half past one
        (LONDON, "2026-10-24T23:30", 180, {"hours": ROUND}, "2026-10-25T01:30+00:00"),  # the second time
        (LONDON, "2026-10-23T16:30", 60, {}, "2026-10-26T09:30+00:00"),  # summer ends while closed
        (LONDON, "2026-03-27T16:30", 60, {}, "2026-03-30T09:30+01:00"),
        (YORK, "2026-03-08T01:30", 60, {"hours": ROUND}, "2026-03-08T03:30-04:00"),
        (YORK, "2026-11-01T00:30", 120, {"hours": ROUND}, "2026-11-01T01:30-05:00"),
        (YORK, "2026-03-06T16:30", 60, {}, "2026-03-09T09:30-04:00"),
        ("Asia/Kolkata", "2026-11-27T16:45", 30, {}, "2026-11-30T09:15+05:30"),  # half an hour beside the others
        ("Asia/Kathmandu", "2026-11-27T16:45", 30, {}, "2026-11-30T09:15+05:45"),
        (
            "Australia/Lord_Howe",
            "2026-04-04T23:00",
            240,
            {"hours": ROUND},
            "2026-04-05T02:30+10:30",
        ),  # half an hour twice
        ("Pacific/Apia", "2011-12-29T16:30", 60, {}, "2012-01-02T09:30+14:00"),  # a Friday that never was
        (
            "America/Sao_Paulo",
            "2018-11-03T23:30",
            60,
            {"hours": ROUND},
            "2018-11-04T01:30-02:00",
        ),  # midnight is skipped
    ],
)
def test_due(zone, start, minutes, more, expected):
    assert due(zone, start, minutes, **more).isoformat(timespec="minutes") == expected


def test_hours_that_the_clock_skips_are_not_open_and_hours_it_repeats_are_open_twice():
    hours = {"sunday": ["01:00-02:00"]}
    assert due(LONDON, "2026-03-29T00:00", 30, hours=hours).isoformat() == "2026-04-05T01:30:00+01:00"
    assert due(LONDON, "2026-10-25T00:00", 120, hours=hours).isoformat() == "2026-10-25T02:00:00+00:00"


def test_without_a_calendar_every_minute_counts():
    opened = datetime(2026, 10, 25, 0, 30, tzinfo=ZoneInfo(LONDON))
    assert due_at(opened, timedelta(minutes=90), None) == datetime(2026, 10, 25, 1, 0, tzinfo=UTC)


SPANS = [
    [],
    ["09:00-17:00"],
    ["00:00-24:00"],
    ["00:00-06:00", "22:00-24:00"],
    ["01:30-02:15"],
    ["08:30-12:00", "13:00-18:45"],
]
ZONES = [LONDON, YORK, "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia", "UTC"]
CALENDARS = st.builds(
    lambda zone, days, holidays: Calendar.of(
        {
            "zone": zone,
            "hours": dict(zip(WEEKDAYS, days, strict=True)),
            "holidays": sorted({day.isoformat() for day in holidays}),
        }
    ),
    st.sampled_from(ZONES),
    st.lists(st.sampled_from(SPANS), min_size=7, max_size=7).filter(any),
    st.lists(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=10),
)


def between(first, last):
    start = datetime.fromisoformat(f"{first}T00:00+00:00")
    seconds = (datetime.fromisoformat(f"{last}T00:00+00:00") - start) // timedelta(seconds=1)
    return st.integers(0, seconds).map(lambda passed: start + timedelta(seconds=passed))


# At any time, and around the changes of clocks in spring and in autumn
MOMENTS = st.one_of(
    between("2026-01-01", "2026-12-31"),
    between("2026-03-07", "2026-03-09"),
    between("2026-03-28", "2026-03-30"),
    between("2026-04-04", "2026-04-05"),
    between("2026-10-24", "2026-10-26"),
    between("2026-10-31", "2026-11-02"),
)
MINUTES = st.integers(1, 5_000)


def is_open(found: Calendar, moment: datetime) -> bool:
    """By the hands of the clock alone."""
    local = moment.astimezone(found.zone)
    hand = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    spans = () if local.date() in found.holidays else found.hours[local.weekday()]
    return any(opens <= hand < closes for opens, closes in spans)


@settings(max_examples=300, deadline=None)
@given(CALENDARS, MOMENTS, MINUTES)
def test_nothing_is_due_while_closed_and_the_minute_before_is_open(found, opened, minutes):
    moment = due_at(opened, timedelta(minutes=minutes), found)
    assert moment > opened
    assert is_open(found, moment - timedelta(seconds=1))


@settings(max_examples=100, deadline=None)
@given(CALENDARS, MOMENTS, st.integers(1, 900))
def test_exactly_so_many_open_minutes_lie_between(found, opened, minutes):
    opened = opened.replace(second=0, microsecond=0)
    moment, counted = due_at(opened, timedelta(minutes=minutes), found), 0
    at = opened
    while at < moment and (moment - opened) < timedelta(days=20):
        counted += is_open(found, at)
        at += timedelta(minutes=1)
    assert counted == minutes or (moment - opened) >= timedelta(days=20)


@settings(max_examples=200, deadline=None)
@given(CALENDARS, MOMENTS, MINUTES, MINUTES)
@example(Calendar.of({"zone": LONDON, "hours": ROUND}), datetime(2026, 10, 24, 23, tzinfo=UTC), 90, 90)
def test_it_adds_up_and_more_time_is_later(found, opened, first, second):
    half = due_at(opened, timedelta(minutes=first), found)
    assert due_at(half, timedelta(minutes=second), found) == due_at(opened, timedelta(minutes=first + second), found)
    assert half < due_at(opened, timedelta(minutes=first + 1), found)


@settings(max_examples=100, deadline=None)
@given(CALENDARS, MOMENTS, MINUTES, st.integers(1, 100_000))
def test_who_comes_later_is_due_no_sooner(found, opened, minutes, seconds):
    later = opened + timedelta(seconds=seconds)
    used = timedelta(minutes=minutes)
    assert due_at(opened, used, found) <= due_at(later, used, found)


# Rules


def check():
    return Check(SCHEMA, ("approve", "deny"), GIVEN)


def level(rules, **more):
    assert rule_faults(rules, check=check(), at="") == []
    return ServiceLevel(
        compile_rules(rules, {}), more.get("minutes", 60), more.get("percent", 75), more.get("calendar")
    )


URGENT = [
    {
        "when": [{"field": "outcome", "op": "eq", "value": "deny"}, {"field": "priority", "op": "ge", "value": 5}],
        "minutes": 30,
    },
    {"when": [{"field": "features.loan_amount", "op": "gt", "value": 100_000}], "minutes": 45},
]


@pytest.mark.parametrize(
    ("features", "outcome", "priority", "minutes"),
    [
        ({"loan_amount": 200_000}, "deny", 5, 30),  # the first that matches, though both do
        ({"loan_amount": 200_000}, "deny", 4, 45),
        ({"loan_amount": 200_000}, "approve", 9, 45),
        ({"loan_amount": 1}, "approve", 9, 60),
        ({"loan_amount": None}, "approve", 9, 60),  # not recorded
    ],
)
def test_the_first_rule_that_matches_says_the_minutes(features, outcome, priority, minutes):
    facts = (features, {"outcome": outcome, "confidence": 0.7, "priority": priority})
    assert level(URGENT).minutes_of(facts) == minutes


def test_at_risk_is_told_by_open_time():
    clock = level([], percent=75, calendar=calendar()).clock(datetime(2026, 11, 27, 16, 30, tzinfo=UTC), 60)
    assert clock.risk_at == datetime(2026, 11, 30, 9, 15, tzinfo=UTC)
    assert clock.due_at == datetime(2026, 11, 30, 9, 30, tzinfo=UTC)


NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
SOON, PAST = NOW + timedelta(minutes=5), NOW - timedelta(minutes=5)


@pytest.mark.parametrize(
    ("stage", "due", "lease_until", "expected"),
    [
        ("running", SOON, None, (True, False, False, SlaStage.AT_RISK, SOON)),
        ("running", SOON, SOON, (True, False, False, SlaStage.AT_RISK, SOON)),
        ("at_risk", PAST, None, (False, True, True, SlaStage.LATE, None)),
        ("at_risk", NOW, None, (False, True, True, SlaStage.LATE, None)),
        ("running", PAST, None, (True, True, True, SlaStage.LATE, None)),  # nobody looked for long
        ("at_risk", PAST, SOON, (False, True, False, SlaStage.HELD_LATE, SOON)),
        ("held_late", PAST, SOON, (False, False, False, SlaStage.HELD_LATE, SOON)),  # the lease was kept
        ("held_late", PAST, None, (False, False, True, SlaStage.LATE, None)),
    ],
)
def test_next_step(stage, due, lease_until, expected):
    step = next_step(stage, due=due, lease_until=lease_until, now=NOW)
    assert (step.is_threatened, step.is_breached, step.acts, step.stage, step.watch_at) == expected


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        ([], "/c"),
        ({"zone": "UTC"}, "/c/hours"),
        ({"zone": "Mars/Olympus", "hours": OFFICE}, "/c/zone"),
        ({"zone": "../../etc/passwd", "hours": OFFICE}, "/c/zone"),
        ({"zone": 1, "hours": OFFICE}, "/c/zone"),
        ({"zone": "UTC", "hours": {}}, "/c/hours"),
        ({"zone": "UTC", "hours": {"monday": []}}, "/c/hours"),
        ({"zone": "UTC", "hours": {"monday": ["09:00-09:30"]}}, "/c/hours"),
        ({"zone": "UTC", "hours": {"Monday": ["09:00-17:00"]}}, "/c/hours/Monday"),
        ({"zone": "UTC", "hours": {"monday": ["17:00-09:00"]}}, "/c/hours/monday/0"),
        ({"zone": "UTC", "hours": {"monday": ["09:00-25:00"]}}, "/c/hours/monday/0"),
        ({"zone": "UTC", "hours": {"monday": ["9-17"]}}, "/c/hours/monday/0"),
        ({"zone": "UTC", "hours": {"monday": ["٠٩:00-17:00"]}}, "/c/hours/monday/0"),
        ({"zone": "UTC", "hours": {"monday": ["09:00-13:00", "12:00-17:00"]}}, "/c/hours/monday/1"),
        ({"zone": "UTC", "hours": {"monday": "09:00-17:00"}}, "/c/hours/monday"),
        ({"zone": "UTC", "hours": OFFICE, "holidays": ["2026-02-30"]}, "/c/holidays/0"),
        ({"zone": "UTC", "hours": OFFICE, "holidays": ["2026-W01-1"]}, "/c/holidays/0"),
        ({"zone": "UTC", "hours": OFFICE, "holidays": ["2026-12-25"] * 2}, "/c/holidays"),
        ({"zone": "UTC", "hours": OFFICE, "holidays": "2026-12-25"}, "/c/holidays"),
        ({"zone": "UTC", "hours": OFFICE, "more": 1}, "/c/more"),
    ],
)
def test_a_calendar_that_cannot_be_is_refused(data, pointer):
    assert [fault.pointer for fault in calendar_faults(data, at="/c")] == [pointer]


@pytest.mark.parametrize(
    ("rule", "pointer"),
    [
        (7, "/r/0"),
        ({"when": []}, "/r/0/minutes"),
        ({"when": [], "minutes": 5}, "/r/0/when"),
        ({"when": [{"field": "outcome", "op": "eq", "value": "deny"}], "minutes": 0}, "/r/0/minutes"),
        ({"when": [{"field": "outcome", "op": "eq", "value": "deny"}], "minutes": True}, "/r/0/minutes"),
        ({"when": [{"field": "outcome", "op": "eq", "value": "maybe"}], "minutes": 5}, "/r/0/when/0/value"),
        ({"when": [{"field": "margin", "op": "ge", "value": 1}], "minutes": 5}, "/r/0/when/0/field"),
        ({"when": [{"field": "features.shoe", "op": "ge", "value": 1}], "minutes": 5}, "/r/0/when/0/field"),
        ({"when": [{"field": "priority", "op": "ge", "value": "5"}], "minutes": 5}, "/r/0/when/0/value"),
        ({"when": [{"field": "priority", "op": "like", "value": 5}], "minutes": 5}, "/r/0/when/0/op"),
        ({"when": [{"all": []}], "minutes": 5}, "/r/0/when/0/all"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(rule, pointer):
    found = rule_faults([rule], check=check(), at="/r")
    assert found[0].pointer == pointer


def test_more_time_than_two_years_of_opening_hours_is_too_long():
    short = {"zone": "UTC", "hours": {"monday": ["09:00-10:00"]}}
    assert too_long(104 * 60 + 1, short)
    assert not too_long(104 * 60, short)
    assert not too_long(525_600, None)
