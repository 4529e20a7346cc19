"""How many cases of each queue will breach in the next hours. Imports numpy: for the Celery worker alone."""

import logging
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from inference.evaluation.forecast import Range, forecast
from reviewapp.cases.models import Queue
from reviewapp.cases.queries import service_level
from reviewapp.lib.ids import moment_of
from reviewapp.monitoring import queries
from reviewapp.monitoring.models import Forecast
from reviewapp.monitoring.rules import WINDOW, WINDOW_HOURS, StaffSource, comparable_starts, next_full_hour

log = logging.getLogger(__name__)
SHORTEST_HELP = timedelta(minutes=30)


def work_out(*, at: datetime) -> int:
    """Replace the forecasts of all queues that have work; returns how many. One that fails holds up no other; a queue without work has none."""
    queues = queries.queues_to_forecast(at=at)
    Forecast.objects.exclude(queue__in=queues).delete()
    return sum(_replace(queue, at=at) for queue in queues)


def _replace(queue: Queue, *, at: datetime) -> bool:
    try:
        body = expected(queue, at=at)
    except Exception:
        log.exception("a queue could not be forecast", extra={"queue": str(queue.pk)})
        return False
    Forecast.objects.update_or_create(queue=queue, defaults={"made_at": at, "body": body})
    return True


def expected(queue: Queue, *, at: datetime) -> dict[str, Any]:
    """The body of the forecast. One more reviewer would come at the next full hour and stay."""
    level = service_level(queue)
    starts = comparable_starts(
        at, zone=timezone.get_default_timezone(), calendar=level.calendar, since=moment_of(queue.pk)
    )
    waiting = queries.waiting_in(queue, at=at)
    helps_from = next_full_hour(timezone.localtime(at + SHORTEST_HELP))
    people, until, source = _staff(queue, at=at)
    found = forecast(
        due=[_minutes(case.due_at - at) for case in waiting],
        ready=[-1.0 if case.ready_at is None else max(0.0, _minutes(case.ready_at - at)) for case in waiting],
        arrivals=queries.arrivals_in(queue, starts),
        due_of_arrival=[
            _minutes(level.clock(at + timedelta(minutes=minute + 0.5), level.minutes).due_at - at)
            for minute in range(60 * WINDOW_HOURS)
        ],
        handle_minutes=[seconds / 60 for seconds in queries.handle_seconds_in(queue)],
        shifts=[(0.0, _minutes(until - at))] * people,
        one_more=(_minutes(helps_from - at), _minutes(WINDOW)),
    )
    return {
        "until": (at + WINDOW).isoformat(),
        "status": found.status,
        "lack": found.lack,
        "days": found.n,
        "handle_times": found.times,
        "runs": found.runs,
        "due": found.due,
        "breaches": _plain(found.breaches),
        "one_more": _plain(found.one_more),
        "one_more_from": helps_from.isoformat(),
        "people": people,
        "people_until": until.isoformat(),
        "people_from": source,
    }


def _staff(queue: Queue, *, at: datetime) -> tuple[int, datetime, StaffSource]:
    """How many people, until when, and how that is known."""
    shift = queries.shift_on(queue, at=at)
    if shift:
        return shift.people, shift.until, StaffSource.ENTERED
    return queries.people_seen(queue, at=at), at + WINDOW, StaffSource.SEEN


def _minutes(span: timedelta) -> float:
    return span.total_seconds() / 60


def _plain(found: Range | None) -> dict[str, int] | None:
    return asdict(found) if found else None
