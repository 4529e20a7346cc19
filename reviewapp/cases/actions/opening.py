"""New cases and new queues."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from reviewapp.access.idempotency import durable
from reviewapp.audit import actions as audit
from reviewapp.cases import rules
from reviewapp.cases.models import Queue
from reviewapp.cases.rules import CaseState
from reviewapp.lib.actor import Actor
from reviewapp.lib.ids import uuid7


@dataclass(frozen=True, slots=True)
class Opening:
    """A case to open for one routed prediction."""

    prediction_id: UUID
    queue: Queue
    external_id: str
    advised: str
    confidence: float
    why: str
    priority: int
    summary: Mapping[str, Any]


_OPEN = (
    "copy cases_case (id, prediction_id, queue_id, external_id, advised, confidence, why, summary, state, round, priority,"
    " opened_at, due_at, lease, outcome) from stdin"
)


def open_cases(openings: Iterable[Opening], *, at: datetime) -> dict[UUID, UUID]:
    """Open one case each, in the caller's transaction and under the caller's audit event. Returns case ids by prediction id."""
    ids = {}
    with connection.cursor() as cursor, cursor.copy(_OPEN) as copy:
        for opening in openings:
            ids[opening.prediction_id] = case_id = uuid7()
            copy.write_row(_case_row(case_id, opening, at=at))
    return ids


def _case_row(case_id: UUID, opening: Opening, *, at: datetime) -> tuple[Any, ...]:
    due = rules.due_at(at, sla_minutes=opening.queue.sla_minutes)
    return (
        case_id, opening.prediction_id, opening.queue.pk, opening.external_id, opening.advised, opening.confidence, opening.why,
        orjson.dumps(opening.summary).decode(), CaseState.OPEN.value, 1, opening.priority, at, due, 0, "",
    )  # fmt: skip


@durable
def create_queue(*, use_case_id: UUID, slug: str, name: str, actor: Actor, at: datetime, **settings: Any) -> Queue:
    """A new inbox. `settings`: is_lead, sla_minutes, lease_minutes, most_held, density."""
    queue = Queue(use_case_id=use_case_id, slug=slug, name=name, **settings)
    queue.full_clean()
    queue.save()
    audit.record("queue.created", subject=queue, actor=actor, at=at, queue_id=queue.pk, data={"slug": slug})
    return queue
