"""Adding to the trail, and reading it, which adds to it as well. There is no other write."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import psycopg
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import Model

from reviewapp.audit.models import AuditEvent
from reviewapp.audit.queries import NEWEST_FIRST, Filters, event, events
from reviewapp.audit.rules import READERS, Check, differences
from reviewapp.audit.signals import recorded
from reviewapp.lib import crypto
from reviewapp.lib.actor import Actor
from reviewapp.lib.canonical import canonical_json
from reviewapp.lib.errors import NotAllowed, NotFound, Unavailable
from reviewapp.lib.ids import uuid7
from reviewapp.lib.paging import Page, paginate

SCHEMA_VERSION = 1
_COLUMNS = (
    "event_uuid", "at", "actor_kind", "actor_id", "actor_name", "actor_role", "on_behalf_of", "action", "outcome",
    "object_type", "object_id", "queue_id", "request_id", "reason", "data", "schema_version", "canon", "mac",
)  # fmt: skip
_INSERT = f"insert into audit_auditevent ({', '.join(_COLUMNS)}) values ({', '.join(['%s'] * len(_COLUMNS))})"  # noqa: S608 -- constants
_COPY = f"copy audit_auditevent ({', '.join(_COLUMNS)}) from stdin"


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened to one object. `data` holds ids, codes and figures; never identity, never free text of a person.

    `reason` is the one place for that: a short sentence by which somebody answers for an act, such as reopening a case. It is kept as typed and
    for ever, so the form that asks for it says to name nobody. Notes, comments and search texts do not belong here.
    """

    action: str
    object_type: str
    object_id: str
    queue_id: UUID | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    outcome: str = "done"
    reason: str = ""


def record(
    action: str,
    *,
    subject: Model,
    actor: Actor,
    at: datetime,
    queue_id: UUID | None = None,
    data: Mapping[str, Any] | None = None,
    outcome: str = "done",
    reason: str = "",
) -> None:
    """Add one event about `subject`, in the caller's transaction."""
    entry = Entry(action, subject._meta.label_lower, str(subject.pk), queue_id, data or {}, outcome, reason)
    with _or_nothing(), connection.cursor() as cursor:
        cursor.execute(_INSERT, _row(entry, actor=actor, at=at))
    _announce([entry])


def record_many(entries: Iterable[Entry], *, actor: Actor, at: datetime) -> None:
    """Add one event per entry by COPY, in the caller's transaction."""
    entries = list(entries)
    with _or_nothing(), connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for entry in entries:
            copy.write_row(_row(entry, actor=actor, at=at))
    _announce(entries)


class NotRecorded(Unavailable):
    """The audit trail takes no entries now, so nothing was done. Try again later."""

    code = "not-recorded"


@contextmanager
def _or_nothing() -> Iterator[None]:
    """No audit, no act: whatever keeps an entry from being written undoes what it was about."""
    try:
        yield
    except (DatabaseError, psycopg.Error) as error:
        raise NotRecorded from error


def _announce(entries: list[Entry]) -> None:
    """Once committed; what a listener does or fails to do changes nothing any more."""
    transaction.on_commit(lambda: recorded.send(AuditEvent, entries=entries), robust=True)


@transaction.atomic(durable=True)
def view_trail(*, filters: Filters, cursor: str | None, size: int, actor: Actor, at: datetime) -> Page[AuditEvent]:
    """One page of the trail for a reader, newest first. The look is on record before a byte of it is sent.

    :raises NotAllowed: for anyone but auditors and admins.
    """
    _refuse_strangers(actor)
    page = paginate(events(filters), order=NEWEST_FIRST, cursor=cursor, size=size, purpose="audit-events")
    asked = sorted(
        name for name, value in asdict(filters).items() if value
    )  # what was searched for may be a person's name
    record_many([Entry("trail.viewed", "audit.auditevent", "trail", data={"filters": asked})], actor=actor, at=at)
    return page


@transaction.atomic(durable=True)
def view_event(*, event_uuid: UUID, actor: Actor, at: datetime) -> AuditEvent:
    """One event for a reader; the look is on record. :raises NotAllowed: as above. :raises NotFound:"""
    _refuse_strangers(actor)
    found = event(event_uuid)
    if found is None:
        raise NotFound
    record_many([Entry("trail.event_viewed", "audit.auditevent", str(event_uuid))], actor=actor, at=at)
    return found


def _refuse_strangers(actor: Actor) -> None:
    if not actor.has_role(*READERS):
        raise NotAllowed("Only auditors and administrators read the audit trail.")


def check(row: AuditEvent) -> Check:
    """Holds the row against its MAC, and its columns against the authenticated bytes. Never raises, whatever somebody wrote into the row."""
    canon = bytes(row.canon)
    if not crypto.same(bytes(row.mac), crypto.mac(canon, key=settings.AUDIT_KEY)):
        return Check(mac_holds=False)
    try:
        if canon == canonical_json(_statement(row)):
            return Check(mac_holds=True)
    except ValueError:  # a number that canonical JSON does not know was put into `data`
        return Check(mac_holds=True, differing=("data",))
    return Check(mac_holds=True, differing=differences(orjson.loads(canon), _statement(row)) or ("data",))


def _row(entry: Entry, *, actor: Actor, at: datetime) -> tuple[Any, ...]:
    statement = {
        "event_uuid": str(uuid7()),
        "at": at.astimezone(UTC).isoformat(),
        "actor_kind": actor.kind,
        "actor_id": str(actor.user_id) if actor.user_id else None,
        "actor_name": actor.name,
        "actor_role": ",".join(sorted(actor.roles)),
        "on_behalf_of": None,
        "action": entry.action,
        "outcome": entry.outcome,
        "object_type": entry.object_type,
        "object_id": entry.object_id,
        "queue_id": str(entry.queue_id) if entry.queue_id else None,
        "request_id": actor.request_id,
        "reason": entry.reason,
        "data": dict(entry.data),
        "schema_version": SCHEMA_VERSION,
    }
    canon = canonical_json(statement)
    values = {**statement, "data": canonical_json(statement["data"]).decode()}
    return (*values.values(), canon, crypto.mac(canon, key=settings.AUDIT_KEY))


def _statement(event: AuditEvent) -> dict[str, Any]:
    """The columns as they were hashed; the time in UTC, as written."""
    return {
        "event_uuid": str(event.event_uuid),
        "at": event.at.isoformat(),
        "actor_kind": event.actor_kind,
        "actor_id": str(event.actor_id) if event.actor_id else None,
        "actor_name": event.actor_name,
        "actor_role": event.actor_role,
        "on_behalf_of": str(event.on_behalf_of) if event.on_behalf_of else None,
        "action": event.action,
        "outcome": event.outcome,
        "object_type": event.object_type,
        "object_id": event.object_id,
        "queue_id": str(event.queue_id) if event.queue_id else None,
        "request_id": event.request_id,
        "reason": event.reason,
        "data": event.data,
        "schema_version": event.schema_version,
    }
