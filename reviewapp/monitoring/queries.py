"""What a forecast is worked out from, and what was worked out of the queues that somebody leads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce

from reviewapp.access.rules import LEAD_QUEUE
from reviewapp.cases.models import Case, Queue, Review
from reviewapp.cases.queries import queues_of, workers_of
from reviewapp.cases.rules import CaseState
from reviewapp.lib.actor import Actor
from reviewapp.lib.ids import first_id_of
from reviewapp.monitoring.models import Forecast, Shift
from reviewapp.monitoring.rules import LATELY, MOST_CASES, SEEN, TIMES_WANTED, WINDOW_HOURS


@dataclass(frozen=True, slots=True)
class Standing:
    """One queue with what is expected of it; None where nothing is, or nothing was entered that still holds."""

    queue: Queue
    forecast: Forecast | None
    shift: Shift | None


def standing(actor: Actor, *, now: datetime) -> list[Standing]:
    """Of the queues that the actor leads, by name; three statements."""
    queues = list(queues_of(actor, LEAD_QUEUE).order_by("name", "slug"))
    forecasts = {row.queue_id: row for row in Forecast.objects.filter(queue__in=queues)}
    shifts = {row.queue_id: row for row in Shift.objects.filter(queue__in=queues, until__gt=now)}
    return [Standing(queue, forecasts.get(queue.pk), shifts.get(queue.pk)) for queue in queues]


# What is worked out


def queues_to_forecast(*, at: datetime) -> list[Queue]:
    """Those with a case that is not decided, and those to which one came lately."""
    own = Case.objects.filter(queue=OuterRef("pk"))
    open_now, came = own.filter(~Q(state=CaseState.DECIDED)), own.filter(pk__gt=first_id_of(at - LATELY))
    return list(Queue.objects.filter(Exists(open_now) | Exists(came)).select_related("use_case").order_by("pk"))


@dataclass(frozen=True, slots=True)
class Waiting:
    """A case that is not decided: when it is due, and from when on somebody may take it; None: somebody has it."""

    due_at: datetime
    ready_at: datetime | None


def waiting_in(queue: Queue, *, at: datetime) -> list[Waiting]:
    """The soonest due first, at most one more than are forecast."""
    rows = Case.objects.filter(~Q(state=CaseState.DECIDED), queue=queue).order_by("due_at", "pk")
    values = rows.values_list("state", "due_at", "lease_until", "follow_up_at")[: MOST_CASES + 1]
    return [Waiting(due, _ready(state, lease, follow_up, at)) for state, due, lease, follow_up in values]


def _ready(state: str, lease_until: datetime | None, follow_up_at: datetime | None, at: datetime) -> datetime | None:
    if state == CaseState.LEASED and lease_until and lease_until >= at:
        return None
    return follow_up_at if state == CaseState.PENDED else at


# What the policy sent to the queue, or somebody brought to it since. Copies are seeded by us and no arrivals.
_ARRIVALS = """
select w.place, count(*)
from unnest(%(firsts)s::uuid[], %(lasts)s::uuid[]) with ordinality w(first_id, last_id, place)
join cases_case c on c.id >= w.first_id and c.id < w.last_id
join predictions_prediction p on p.id = c.prediction_id and p.copy_of_id is null
left join predictions_routingresult r on r.prediction_id = p.id
where c.queue_id = %(queue)s or r.queue_slug = %(slug)s
group by w.place
"""


def arrivals_in(queue: Queue, starts: Sequence[datetime]) -> list[list[int]]:
    """For each of the starts how many cases came in each hour from then on; one statement."""
    hours = [start + timedelta(hours=hour) for start in starts for hour in range(WINDOW_HOURS)]
    values: dict[str, Any] = {
        "firsts": [first_id_of(hour) for hour in hours],
        "lasts": [first_id_of(hour + timedelta(hours=1)) for hour in hours],
        "queue": queue.pk,
        "slug": queue.slug,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ARRIVALS, values)
        counted = dict(cursor.fetchall())
    return [
        [counted.get(day * WINDOW_HOURS + hour + 1, 0) for hour in range(WINDOW_HOURS)] for day in range(len(starts))
    ]


def handle_seconds_in(queue: Queue) -> list[float]:
    """Of the last answers, newest first: active time, or from taking to answering where that is not known."""
    rows = Review.objects.filter(queue=queue).order_by("-pk")
    return list(rows.values_list(Coalesce("active_seconds", "handle_seconds"), flat=True)[:TIMES_WANTED])


def people_seen(queue: Queue, *, at: datetime) -> int:
    """How many of those who may work on the queue took or answered a case of it of late, or have one in hand."""
    since = at - SEEN
    held = Case.objects.filter(queue=queue, state=CaseState.LEASED).filter(
        Q(lease_until__gte=at) | Q(leased_at__gt=since)
    )
    answered = Review.objects.filter(queue=queue, pk__gt=first_id_of(since))
    seen: set[UUID | None] = {*held.values_list("holder", flat=True), *answered.values_list("reviewer", flat=True)}
    return sum(person.pk in seen for person, _ in workers_of(Queue.objects.filter(pk=queue.pk)))


def shift_on(queue: Queue, *, at: datetime) -> Shift | None:
    return Shift.objects.filter(queue=queue, until__gt=at).first()
