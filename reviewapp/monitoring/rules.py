"""Over which time a forecast goes, which days are like today, and who is on shift. Plain Python."""

from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum

from reviewapp.cases.sla import Calendar

WINDOW_HOURS = 8
WINDOW = timedelta(hours=WINDOW_HOURS)
SEEN = timedelta(minutes=30)  # whoever took or answered a case since then is at work
LATELY = timedelta(
    days=4
)  # a queue to which something came since then is forecast also while nothing waits: a long weekend
LOOK_BACK_DAYS = 70  # twenty weekend days
DAYS_WANTED = 20
DAYS_NEEDED = 5
TIMES_WANTED = 400
TIMES_NEEDED = 50
MOST_CASES = 5_000
MOST_PEOPLE = 200
LONGEST_SHIFT = timedelta(hours=24)
STALE = timedelta(minutes=5)


class StaffSource(StrEnum):
    ENTERED = "entered"  # by a lead
    SEEN = "seen"  # at work of late, and taken to stay


def comparable_starts(now: datetime, *, zone: tzinfo, calendar: Calendar | None, since: datetime) -> list[datetime]:
    """This time of day on the last days that are like today, newest first: open or closed as today where there is a calendar,
    else of the working week or of the weekend. By the hands of the clock in `zone`, or in the calendar's.

    :param since: days that begin before are none: the queue was not there.
    """
    local = now.astimezone(calendar.zone if calendar else zone)
    kind = _kind(local.date(), calendar)
    found: list[datetime] = []
    for back in range(1, LOOK_BACK_DAYS + 1):
        start = local - timedelta(days=back)
        if start < since or len(found) == DAYS_WANTED:
            break
        if _kind(start.date(), calendar) == kind:
            found.append(start)
    return found


def _kind(day: date, calendar: Calendar | None) -> bool:
    if calendar is None:
        return day.weekday() < 5
    return bool(calendar.hours[day.weekday()]) and day not in calendar.holidays


def next_full_hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def next_at(hour: int, minute: int, *, now: datetime) -> datetime:
    """The next moment at which the clock of `now` shows this."""
    today = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return today if today > now else today + timedelta(days=1)
