"""When a case is due and when it is at risk, and what becomes of one that is late. Plain Python.

    RULES     [{"when": [COMPARISON, ...], "minutes": 30}, ...]
    CALENDAR  {"zone": "Europe/London", "hours": {"monday": ["08:00-12:30", "13:30-18:00"], ...}, "holidays": ["2026-12-25", ...]}

Rules are read in order; the first of which every COMPARISON holds (see catalog.conditions; beside features: outcome, confidence, priority)
says the minutes, and without one the queue's own count. In a queue with blind first they ask about features alone, and of a blind case what is
GIVEN counts as not recorded: everybody sees when a case is due, and what the rules are.

With a calendar only minutes in which the queue is open count: a day that is not named is closed, hours are those of the zone's wall clock, and
24:00 is the end of the day. What the wall clock repeats or skips when clocks are changed is open or closed as its hands say, so that an hour
is sixty minutes on every day.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from reviewapp.cases.rules import QUEUE_BOUNDS
from reviewapp.catalog.conditions import first_match
from reviewapp.catalog.conditions.checking import Check, of_nothing
from reviewapp.catalog.conditions.testing import Facts, MissingCodes, Test
from reviewapp.lib.errors import Problem

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
GIVEN = ("outcome", "confidence", "priority")
MOST_SPANS, MOST_HOLIDAYS = 4, 400
LEAST_WEEK = 60  # minutes open in a week
LONGEST_WAIT = 104  # weeks until due, by opening hours
RISK_BOUNDS = (10, 95)
_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DAY = timedelta(days=1)


class SlaStage(StrEnum):
    """How far the time of a case has come, as far as it is on record."""

    RUNNING = "running"
    AT_RISK = "at_risk"
    HELD_LATE = "held_late"  # over, and still in the hands of somebody who has a lease
    LATE = "late"  # over, and the queue's act is done


class LateAct(StrEnum):
    """What a queue does with a late case. In each, its priority becomes the highest; in none is it decided."""

    ESCALATE = "escalate"  # it goes to another queue
    PERSON = "person"  # somebody named gets it, or else it goes to the other queue
    STAY = "stay"


@dataclass(frozen=True, slots=True)
class Calendar:
    """Opening hours: by weekday, Monday first, the spans of wall-clock time since midnight in which the queue is open."""

    zone: ZoneInfo
    hours: tuple[tuple[tuple[timedelta, timedelta], ...], ...]
    holidays: frozenset[date]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Calendar":
        """:param data: a calendar in which `calendar_faults` finds nothing."""
        hours = tuple(tuple(_read_span(text) for text in data["hours"].get(day, ())) for day in WEEKDAYS)
        return cls(ZoneInfo(data["zone"]), hours, frozenset(map(date.fromisoformat, data.get("holidays", ()))))

    @property
    def week_minutes(self) -> int:
        return sum(int((closes - opens).total_seconds()) for day in self.hours for opens, closes in day) // 60

    def windows(self, since: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The open times from `since` on, in UTC, in order, without end. One that goes on may come in pieces."""
        for start, end, offset in self._steady(since.astimezone(UTC)):
            first, last = (start + offset).replace(tzinfo=None), (end + offset).replace(tzinfo=None)
            day = datetime(first.year, first.month, first.day)  # noqa: DTZ001 -- what the hands of the clock say
            while day < last:
                for opens, closes in () if day.date() in self.holidays else self.hours[day.weekday()]:
                    begin, over = max(day + opens, first), min(day + closes, last)
                    if begin < over:
                        yield (begin - offset).replace(tzinfo=UTC), (over - offset).replace(tzinfo=UTC)
                day += _DAY

    def _steady(self, start: datetime) -> Iterator[tuple[datetime, datetime, timedelta]]:
        """Stretches of at most a day during which the zone keeps one offset from UTC. No zone changes twice within a day."""
        while True:
            end, offset = start + _DAY, self._offset(start)
            if self._offset(end) != offset:
                end = self._change(start, end)
            yield start, end, offset
            start = end

    def _offset(self, moment: datetime) -> timedelta:
        return moment.astimezone(self.zone).utcoffset() or timedelta()

    def _change(self, before: datetime, after: datetime) -> datetime:
        """The second between the two from which on the clock is changed."""
        offset, low, high = self._offset(before), 0, int((after - before).total_seconds())
        start = before.replace(microsecond=0)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._offset(start + timedelta(seconds=middle)) == offset else (low, middle)
        return start + timedelta(seconds=high)


def _read_span(text: str) -> tuple[timedelta, timedelta]:
    opens, closes = (part.split(":") for part in text.split("-"))
    return timedelta(hours=int(opens[0]), minutes=int(opens[1])), timedelta(
        hours=int(closes[0]), minutes=int(closes[1])
    )


def due_at(opened_at: datetime, used: timedelta, calendar: Calendar | None) -> datetime:
    """The moment in UTC at which this much time since `opened_at` is used; open time only, where there is a calendar."""
    if calendar is None:
        return opened_at.astimezone(UTC) + used
    for opens, closes in calendar.windows(opened_at):
        if used <= closes - opens:
            return opens + used
        used -= closes - opens
    raise AssertionError("a calendar has no end")


@dataclass(frozen=True, slots=True)
class Clock:
    """The two moments of a case's time."""

    risk_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """What a queue promises, compiled once for many cases."""

    rules: tuple[tuple[Test, int], ...]
    minutes: int  # where no rule matches
    risk_percent: int
    calendar: Calendar | None

    def minutes_of(self, facts: Facts) -> int:
        return first_match.first_match(self.rules, facts, otherwise=self.minutes)

    def clock(self, opened_at: datetime, minutes: int) -> Clock:
        whole = timedelta(minutes=minutes)
        risk = due_at(opened_at, whole * self.risk_percent / 100, self.calendar)
        return Clock(risk, due_at(opened_at, whole, self.calendar))


def compile_rules(rules: Sequence[Mapping[str, Any]], missing_codes: MissingCodes) -> tuple[tuple[Test, int], ...]:
    """As `first_match` has it."""
    return first_match.compile_rules(rules, missing_codes, says="minutes")


def features_in(rules: Sequence[Mapping[str, Any]]) -> bool:
    """Whether any rule asks about an input."""
    return any(part["field"] not in GIVEN for rule in rules for part in rule["when"])


def telling(rules: Sequence[Mapping[str, Any]]) -> list[int]:
    """Places of the rules that ask about what is GIVEN: by them a due time tells something of it."""
    return [place for place, rule in enumerate(rules) if any(part["field"] in GIVEN for part in rule["when"])]


# What happens when a moment has come


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be recorded and done of one case whose moment has come, and when to look again; None: never."""

    is_threatened: bool
    is_breached: bool
    acts: bool
    stage: SlaStage
    watch_at: datetime | None


def next_step(stage: str, *, due: datetime, lease_until: datetime | None, now: datetime) -> Step:
    """Each event once, in order, however late one looks. :param lease_until: of a lease that still holds: nobody loses a case by this."""
    is_breached = stage in {SlaStage.RUNNING, SlaStage.AT_RISK} and due <= now
    is_threatened = stage == SlaStage.RUNNING
    if now < due:
        return Step(is_threatened, False, False, SlaStage.AT_RISK, due)
    if lease_until is not None:
        return Step(is_threatened, is_breached, False, SlaStage.HELD_LATE, lease_until)
    return Step(is_threatened, is_breached, True, SlaStage.LATE, None)


# What keeps settings from being saved


def rule_faults(rules: object, *, check: Check, at: str) -> list[Problem]:
    """As `first_match` has it. :param check: of the use case, with GIVEN."""
    return first_match.rule_faults(rules, check=check, at=at, says="minutes", fault_of=_minutes_fault)


def _minutes_fault(minutes: object) -> str | None:
    low, high = QUEUE_BOUNDS["sla_minutes"]
    fits = type(minutes) is int and low <= minutes <= high
    return None if fits else f"Send a whole number from {low:,} to {high:,}."


def calendar_faults(data: object, *, at: str) -> list[Problem]:
    """Every fault of a calendar; None, for round the clock, has none."""
    if data is None:
        return []
    check = of_nothing()
    if check.is_object(data, at, required={"zone", "hours"}, optional={"holidays"}) and isinstance(data, Mapping):
        if not isinstance(data["zone"], str) or data["zone"] not in zones():
            check.add(f"{at}/zone", "unknown_value", "Choose a time zone by its name, such as Europe/London.")
        _check_hours(check, data["hours"], f"{at}/hours")
        _check_holidays(check, data.get("holidays", []), f"{at}/holidays")
    return check.found


def _check_hours(check: Check, hours: object, at: str) -> None:
    before = len(check.found)
    if not check.is_object(hours, at, required=(), optional=WEEKDAYS) or not isinstance(hours, Mapping):
        return
    for day in WEEKDAYS:
        _check_day(check, hours.get(day, []), f"{at}/{day}")
    if len(check.found) == before and _week_minutes(hours) < LEAST_WEEK:
        check.add(
            at, "never_open", f"Be open for at least {LEAST_WEEK} minutes of the week, or leave the calendar out."
        )


def _check_day(check: Check, spans: object, at: str) -> None:
    """The spans of one day: real, in order, apart."""
    if not check.is_list(spans, at, most=MOST_SPANS) or not isinstance(spans, list):
        return
    last = timedelta(-1)
    for place, text in enumerate(spans):
        if not isinstance(text, str) or not _SPAN.fullmatch(text):
            check.add(f"{at}/{place}", "wrong_type", "Write hours such as 08:00-18:00; the end of the day is 24:00.")
            return
        opens, closes = _read_span(text)
        if not last < opens < closes:
            check.add(f"{at}/{place}", "out_of_order", "Hours begin before they end, and after the hours before them.")
            return
        last = closes


def _week_minutes(hours: Mapping[str, Any]) -> int:
    return Calendar.of({"zone": "UTC", "hours": hours}).week_minutes


def _check_holidays(check: Check, days: object, at: str) -> None:
    if not check.is_list(days, at, most=MOST_HOLIDAYS) or not isinstance(days, list):
        return
    for place, text in enumerate(days):
        if not _is_date(text):
            check.add(f"{at}/{place}", "bad_date", "Write a date such as 2026-12-25.")
    if not check.found:
        check.no_repeats(days, at)


def _is_date(text: object) -> bool:
    try:
        return isinstance(text, str) and bool(_DATE.fullmatch(text)) and bool(date.fromisoformat(text))
    except ValueError:
        return False


def too_long(minutes: int, data: Mapping[str, Any] | None) -> bool:
    """Whether so many open minutes take longer than anybody means. :param data: a calendar without faults."""
    return data is not None and minutes > LONGEST_WAIT * Calendar.of(data).week_minutes


@cache
def zones() -> frozenset[str]:
    return frozenset(available_timezones())
