"""Which queues somebody may read about, what was worked out, and the answers it is worked out from."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from reviewapp.access.models import User
from reviewapp.access.rules import LEAD_QUEUE, VIEW_QUEUE, Role
from reviewapp.cases.models import Queue
from reviewapp.cases.queries import queues_of
from reviewapp.lib.actor import Actor
from reviewapp.quality.models import QualityReport
from reviewapp.quality.rules import OVERLAP, REFRESH, WINDOW, Kind


def readable_queues(actor: Actor) -> QuerySet[Queue]:
    """The queues whose figures the actor may read, by name: those they lead; of an auditor, those whose cases they may read."""
    right = VIEW_QUEUE if actor.has_role(Role.AUDITOR) else LEAD_QUEUE
    return queues_of(actor, right).select_related("use_case").order_by("name", "slug")


def report_of(queue: Queue, kind: Kind) -> QualityReport | None:
    return QualityReport.objects.filter(queue=queue, kind=kind).first()


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers to one case, each with an outcome, the second given without sight of the first; and why it was asked for."""

    first: str
    second: str
    because: str
    readers: tuple[UUID, UUID]


# Both answers count, and the queue is that of the first, whose policy asked for the second.
_PAIRS = """
select f.outcome, s.outcome, f.second_because, f.reviewer_id, s.reviewer_id
from cases_review s join cases_case c on c.id = s.case_id
join cases_review f on f.case_id = s.case_id and f.stage = 'first' and f.outcome <> '' and f.round >= c.counted_from
where s.stage = 'second' and s.reviewed_at > %(since)s and s.round >= c.counted_from and f.queue_id = %(queue)s
    and not exists (select 1 from cases_reversal v where v.review_id in (s.id, f.id))
"""


def pairs_of(queue: Queue, *, since: datetime) -> tuple[list[Pair], int]:
    """The pairs of a queue, and how many more second answers named no outcome; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_PAIRS, {"queue": queue.pk, "since": since})
        rows = cursor.fetchall()
    found = [Pair(first, second, because, (one, other)) for first, second, because, one, other in rows if second]
    return found, len(rows) - len(found)


_CHANGED = """
select distinct f.queue_id from cases_review s
join cases_review f on f.case_id = s.case_id and f.stage = 'first' and f.outcome <> ''
left join quality_report r on r.queue_id = f.queue_id and r.kind = 'agreement'
where s.stage = 'second' and s.reviewed_at > %(since)s and (r.id is null or s.reviewed_at > r.made_at - %(overlap)s * interval '1 second'
    or exists (select 1 from cases_reversal v where v.case_id = s.case_id and v.made_at > r.made_at - %(overlap)s * interval '1 second'))
"""


def queues_to_work_out(*, at: datetime) -> list[Queue]:
    """The queues whose pairs are not those of their report any more, and those whose report is a day old."""
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED, {"since": at - WINDOW, "overlap": OVERLAP.total_seconds()})
        changed = [row[0] for row in cursor.fetchall()]
    old = QualityReport.objects.filter(kind=Kind.AGREEMENT, made_at__lt=at - REFRESH)
    ids = {*changed, *old.values_list("queue", flat=True)}
    return list(Queue.objects.filter(pk__in=ids).select_related("use_case").order_by("pk"))


def usernames(people: Collection[UUID]) -> dict[str, str]:
    """By id, as text."""
    return {str(pk): name for pk, name in User.objects.filter(pk__in=people).values_list("pk", "username")}
