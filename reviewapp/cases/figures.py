"""How queues stand, in counts that cost the same however long a queue grows."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from reviewapp.access.rules import VIEW_QUEUE
from reviewapp.cases.models import Case, Outbox, Queue
from reviewapp.cases.queries import queues_of
from reviewapp.cases.rules import CaseState
from reviewapp.lib.actor import Actor
from reviewapp.predictions.models import ModelWork

COUNT_LIMIT = 1000  # counts stop here, so that a page costs the same however long a queue grows


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """How one queue stands. Each count stops at COUNT_LIMIT + 1.

    A pended case does not wait, but its due time runs on: it is at risk or breached as any other, and may be the next that is due.
    """

    queue: Queue
    waiting: int
    held: int
    at_risk: int
    breached: int
    pended: int
    to_adjudicate: int  # they wait for a lead, and are not among those that wait for anybody
    next_due: datetime | None
    next_risk: datetime | None  # from when on that case is at risk
    to_reopen: int  # decided ones that somebody asks to reopen


# At risk is what the watch has noted, and what it has not come to yet: few rows of an index each, however many cases wait. Nothing is added to
# due_at there so that a plan made without knowing the time does not read all that is not due yet by the index of due times.
_FIGURES = """
select q.id, waiting.n, held.n, at_risk.n, breached.n, pended.n, differing.n, soonest.due_at, soonest.risk_at, asked.n
from cases_queue q
left join lateral (select c.due_at, c.risk_at from cases_case c where c.queue_id = q.id and c.state <> 'decided'
    order by c.due_at limit 1) soonest on true
cross join lateral (select count(*) n from (select 1 from cases_case c where c.queue_id = q.id and c.state <> 'decided'
    and (c.state = 'open' or c.lease_until < %(now)s) and c.stage <> 'adjudication' limit %(limit)s) x) waiting
cross join lateral (select count(*) n from (select 1 from cases_case c where c.queue_id = q.id and c.state = 'leased'
    and c.lease_until >= %(now)s limit %(limit)s) x) held
cross join lateral (select count(*) n from (
    select 1 from cases_case c where c.queue_id = q.id and c.sla_stage = 'at_risk' and c.state <> 'decided' and c.due_at > %(now)s
    union all select 1 from cases_case c where c.watch_at <= %(now)s and c.queue_id = q.id and c.sla_stage = 'running' and c.state <> 'decided'
    and c.due_at + interval '0' > %(now)s limit %(limit)s) x) at_risk
cross join lateral (select count(*) n from (select 1 from cases_case c where c.queue_id = q.id and c.state <> 'decided'
    and c.due_at <= %(now)s limit %(limit)s) x) breached
cross join lateral (select count(*) n from (select 1 from cases_case c where c.queue_id = q.id and c.state = 'pended'
    limit %(limit)s) x) pended
cross join lateral (select count(*) n from (select 1 from cases_case c where c.queue_id = q.id and c.state <> 'decided'
    and c.stage = 'adjudication' and (c.state = 'open' or c.lease_until < %(now)s) limit %(limit)s) x) differing
cross join lateral (select count(*) n from (select 1 from cases_reopenrequest r join cases_case c on c.id = r.case_id
    where r.state = 'open' and c.queue_id = q.id limit %(limit)s) x) asked
where q.id = any(%(queues)s)
"""


# What the list of one queue says above it.
_COUNTS = """
select
    (select count(*) from (select 1 from cases_case c where c.queue_id = %(queue)s and c.state <> 'decided'
        and (c.state = 'open' or c.lease_until < %(now)s) and c.stage <> 'adjudication' limit %(limit)s) x),
    (select count(*) from (select 1 from cases_case c where c.queue_id = %(queue)s and c.state = 'leased'
        and c.lease_until >= %(now)s limit %(limit)s) x),
    (select count(*) from (select 1 from cases_case c where c.queue_id = %(queue)s and c.state = 'pended' limit %(limit)s) x)
"""


def queue_figures(actor: Actor, *, now: datetime, right: str = VIEW_QUEUE) -> list[QueueFigures]:
    """The queues on which the actor has `right`, by name, with their figures; two statements."""
    queues = {queue.pk: queue for queue in queues_of(actor, right).select_related("use_case").order_by("name")}
    with connection.cursor() as cursor:
        cursor.execute(_FIGURES, {"now": now, "limit": COUNT_LIMIT + 1, "queues": list(queues)})
        found = {row[0]: row[1:] for row in cursor.fetchall()}
    return [QueueFigures(queue, *found[pk]) for pk, queue in queues.items()]


def counts_of(queue: Queue, *, now: datetime) -> tuple[int, int, int]:
    """How many wait, are in hand and are pended, each counted to COUNT_LIMIT + 1, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, {"now": now, "limit": COUNT_LIMIT + 1, "queue": queue.pk})
        waiting, held, pended = cursor.fetchone()
    return waiting, held, pended


def backlog_figures() -> dict[str, tuple[str, int]]:
    """Name -> (meaning, value) for the metrics page; each count stops at COUNT_LIMIT + 1."""
    bounded, arrived = slice(COUNT_LIMIT + 1), Case.objects.filter(prediction__copy_of=None)
    return {
        "cases_open": (
            "Cases not decided, counted to 1,001",
            len(arrived.exclude(state=CaseState.DECIDED).values("pk")[bounded]),
        ),
        "cases_pended": (
            "Cases pended until a follow-up time, counted to 1,001",
            len(arrived.filter(state=CaseState.PENDED).values("pk")[bounded]),
        ),
        "labels_pending": (
            "Decisions that are not labels yet, counted to 1,001",
            len(Outbox.objects.values("pk")[bounded]),
        ),
        "model_work_pending": (
            "Predictions that wait for the model worker, counted to 1,001",
            len(ModelWork.objects.values("pk")[bounded]),
        ),
    }
