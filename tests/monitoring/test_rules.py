"""Which days are like today, and when a shift ends."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from reviewapp.cases.sla import Calendar
from reviewapp.monitoring.rules import comparable_starts, next_at, next_full_hour

WEDNESDAY, SATURDAY = datetime(2026, 11, 25, 14, 20, tzinfo=UTC), datetime(2026, 11, 28, 14, 20, tzinfo=UTC)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
OFFICE = Calendar.of(
    {"zone": "Europe/London", "hours": {"monday": ["08:00-18:00"], "wednesday": ["08:00-18:00"]}, "holidays": ["2026-11-23"]}
)  # fmt: skip


def days(now, calendar=None, since=LONG_AGO):
    return [start.date().isoformat() for start in comparable_starts(now, zone=UTC, calendar=calendar, since=since)]


def test_a_working_day_is_like_working_days_and_a_weekend_day_like_weekend_days():
    assert days(WEDNESDAY)[:4] == ["2026-11-24", "2026-11-23", "2026-11-20", "2026-11-19"]
    assert days(SATURDAY)[:3] == ["2026-11-22", "2026-11-21", "2026-11-15"]
    assert len(days(WEDNESDAY)) == 20
    assert len(days(SATURDAY)) == 20


def test_with_opening_hours_an_open_day_is_like_open_days():
    assert days(WEDNESDAY, OFFICE)[:2] == ["2026-11-18", "2026-11-16"]  # Monday the 23rd was a holiday
    assert days(SATURDAY, OFFICE)[:3] == ["2026-11-27", "2026-11-26", "2026-11-24"]


def test_days_before_the_queue_was_there_are_none():
    assert days(WEDNESDAY, since=WEDNESDAY - timedelta(days=2)) == ["2026-11-24", "2026-11-23"]
    assert days(WEDNESDAY, since=WEDNESDAY - timedelta(days=1, hours=23)) == ["2026-11-24"]


def test_the_same_time_of_day_is_that_of_the_wall_clock():
    london = ZoneInfo("Europe/London")
    monday = datetime(2026, 10, 26, 12, 0, tzinfo=UTC)  # the day after the clocks went back
    starts = comparable_starts(monday, zone=london, calendar=None, since=LONG_AGO)
    assert starts[0].astimezone(UTC) == datetime(2026, 10, 23, 11, 0, tzinfo=UTC)


@pytest.mark.parametrize(("hour", "minute", "until"), [(17, 30, "25 17:30"), (14, 20, "26 14:20"), (2, 0, "26 02:00")])
def test_a_time_that_is_over_is_tomorrows(hour, minute, until):
    assert f"{next_at(hour, minute, now=WEDNESDAY):%d %H:%M}" == until


def test_help_comes_at_a_full_hour():
    assert next_full_hour(WEDNESDAY).isoformat() == "2026-11-25T15:00:00+00:00"
