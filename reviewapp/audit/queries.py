"""Reads of the trail."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from reviewapp.audit.models import AuditEvent
from reviewapp.audit.rules import LOOKS
from reviewapp.lib.actor import Actor

NEWEST_FIRST = ("-id",)
_BATCH = 2_000
_TRIGGERS = """
select t.tgname from pg_trigger t join pg_proc p on p.oid = t.tgfoid
where t.tgrelid = 'audit_auditevent'::regclass and t.tgenabled in ('O', 'A')
    and p.proname = 'countersign_refuse' and p.prosrc like '%raise exception%'
"""


@dataclass(frozen=True, slots=True)
class Filters:
    """What to show of the trail; empty means all. `until` is exclusive. `changes_only` leaves out events that were only a look."""

    action: str = ""
    actor_name: str = ""
    object_type: str = ""
    object_id: str = ""
    queue_id: UUID | None = None
    request_id: str = ""
    since: datetime | None = None
    until: datetime | None = None
    changes_only: bool = False


def events(filters: Filters) -> QuerySet[AuditEvent]:
    """The events that match all of `filters`, in no order."""
    named = {
        "action": filters.action,
        "actor_name": filters.actor_name,
        "object_type": filters.object_type,
        "object_id": filters.object_id,
        "queue_id": filters.queue_id,
        "request_id": filters.request_id,
        "at__gte": filters.since,
        "at__lt": filters.until,
    }
    rows = AuditEvent.objects.filter(**{name: value for name, value in named.items() if value})
    return rows.exclude(_looks()) if filters.changes_only else rows


def _looks() -> Q:
    looks = Q()
    for ending in LOOKS:
        looks |= Q(action__endswith=ending)
    return looks


def event(event_uuid: UUID) -> AuditEvent | None:
    return AuditEvent.objects.filter(event_uuid=event_uuid).first()


def of_object(object_type: str, object_ids: Iterable[str]) -> QuerySet[AuditEvent]:
    """The events about these objects (`cases.case` and the like), oldest first; the index serves it."""
    return AuditEvent.objects.filter(object_type=object_type, object_id__in=[str(pk) for pk in object_ids]).order_by(
        "id"
    )


def every_event() -> Iterator[AuditEvent]:
    """The whole trail in batches, in the order it was written, without holding it or a long transaction."""
    last = 0
    while batch := list(AuditEvent.objects.filter(id__gt=last).order_by("id")[:_BATCH]):
        yield from batch
        last = batch[-1].pk


def enabled_triggers() -> list[str]:
    """Names of the triggers on the trail that are in force and still refuse."""
    with connection.cursor() as cursor:
        cursor.execute(_TRIGGERS)
        return [row[0] for row in cursor.fetchall()]


# Queues and accounts belong to rooms above this one. They say at start how their ids are told as names: the record itself holds ids alone.
Names = Callable[[Iterable[str]], dict[str, str]]
QueueNames = Callable[[], Iterable[tuple[UUID, str]]]
_names: dict[str, Names] = {}
_queue_names: list[QueueNames] = []


def register_names(object_type: str, names: Names) -> None:
    """`names` takes ids as text and returns today's name of each that it finds, in one statement."""
    _names[object_type] = names


def names_of(rows: Iterable[AuditEvent]) -> dict[tuple[str, str], str]:
    """(object type, id) -> name, for the types that have registered."""
    ids = _ids_by_type(rows)
    return {
        (kind, pk): name for kind, found in ids.items() if kind in _names for pk, name in _names[kind](found).items()
    }


def _ids_by_type(rows: Iterable[AuditEvent]) -> dict[str, set[str]]:
    ids: dict[str, set[str]] = {}
    for row in rows:
        ids.setdefault(row.object_type, set()).add(row.object_id)
    return ids


# Where what an event is about can be opened: address and name of those of these ids, as text, that `actor` may open. Of others nothing is told.
Places = Callable[[Iterable[str], Actor], dict[str, tuple[str, str]]]
_places: dict[str, Places] = {}


def register_places(object_type: str, places: Places) -> None:
    """`places` asks in one statement."""
    _places[object_type] = places


def places_of(rows: Iterable[AuditEvent], actor: Actor) -> dict[tuple[str, str], tuple[str, str]]:
    """(object type, id) -> (address, name), for what `actor` may open."""
    ids = _ids_by_type(rows)
    return {
        (kind, pk): place
        for kind, found in ids.items()
        if kind in _places
        for pk, place in _places[kind](found, actor).items()
    }


# What an event's data would tell somebody too early is known by a room above this one: keys of the events of which `actor` may not see it.
Withheld = Callable[[Iterable[AuditEvent], Actor], set[int]]
_withheld: list[Withheld] = []


def register_withheld(withheld: Withheld) -> None:
    _withheld[:] = [withheld]


def withhold(rows: Collection[AuditEvent], actor: Actor) -> None:
    """Take the data, and the bytes that hold it, out of those of `rows` of which the actor may not see them yet; the rest of a row stays."""
    closed = {pk for withheld in _withheld for pk in withheld(rows, actor)}
    for row in rows:
        if row.pk in closed:
            row.data, row.canon = {"withheld": "until the case is decided"}, b""


def register_queue_names(names: QueueNames) -> None:
    _queue_names[:] = [names]


def queue_names() -> list[tuple[str, str]]:
    """(id, name) of every queue, for readers of the trail."""
    return [(str(pk), name) for names in _queue_names for pk, name in names()]
