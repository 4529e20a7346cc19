"""New cases and new queues."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db import connection

from reviewapp.access.idempotency import durable
from reviewapp.audit import actions as audit
from reviewapp.cases import rules
from reviewapp.cases.models import Queue
from reviewapp.cases.rules import BLIND_FIRST, Arm, CaseState
from reviewapp.lib import crypto, draws
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
    policy_version_id: UUID
    policy_number: int


@dataclass(frozen=True, slots=True)
class Draw:
    """Whether the person who answers a case does so before they see what the model says."""

    digest: bytes
    arm: Arm


_OPEN = (
    "copy cases_case (id, prediction_id, queue_id, external_id, advised, confidence, why, summary, state, round, priority,"
    " opened_at, due_at, lease, outcome, is_blind) from stdin"
)
_DRAWN = "copy cases_selection (id, case_id, purpose, probability, stratum, arm, draw, made_at) from stdin"


def open_cases(openings: Iterable[Opening], *, at: datetime) -> dict[UUID, UUID]:
    """Open one case each, in the caller's transaction and under the caller's audit event. Returns case ids by prediction id."""
    ids, drawn = {}, []
    with connection.cursor() as cursor:
        with cursor.copy(_OPEN) as copy:
            for opening in openings:
                ids[opening.prediction_id] = case_id = uuid7()
                draw = _draw(opening) if opening.queue.blind_share else None
                copy.write_row(_case_row(case_id, opening, is_blind=draw is not None and draw.arm == Arm.BLIND, at=at))
                if draw is not None:
                    drawn.append(_selection_row(case_id, opening, draw, at=at))
        if drawn:
            with cursor.copy(_DRAWN) as copy:
                for row in drawn:
                    copy.write_row(row)
    return ids


def _case_row(case_id: UUID, opening: Opening, *, is_blind: bool, at: datetime) -> tuple[Any, ...]:
    due = rules.due_at(at, sla_minutes=opening.queue.sla_minutes)
    return (
        case_id, opening.prediction_id, opening.queue.pk, opening.external_id, opening.advised, opening.confidence, opening.why,
        orjson.dumps(opening.summary).decode(), CaseState.OPEN.value, 1, opening.priority, at, due, 0, "", is_blind,
    )  # fmt: skip


def _draw(opening: Opening) -> Draw:
    """The blind-first draw. The share of the queue holds in every stratum alike (`rules.stratum_of`), and the stratum is kept: so the arms
    can be compared inside each class of risk and added up by its size, whatever the share was then."""
    digest = draws.digest(_draw_key(), opening.policy_version_id, opening.prediction_id, BLIND_FIRST)
    return Draw(digest, Arm.BLIND if draws.number(digest) < opening.queue.blind_share else Arm.SEEN_FIRST)


@cache
def _draw_key() -> bytes:
    return crypto.mac(b"countersign: draws of blind-first", key=settings.AUDIT_KEY)


def _selection_row(case_id: UUID, opening: Opening, draw: Draw, *, at: datetime) -> tuple[Any, ...]:
    stratum = rules.stratum_of(opening.advised, opening.confidence, policy_number=opening.policy_number)
    return uuid7(), case_id, BLIND_FIRST, opening.queue.blind_share, stratum, draw.arm.value, draw.digest, at


@durable
def create_queue(*, use_case_id: UUID, slug: str, name: str, actor: Actor, at: datetime, **settings: Any) -> Queue:
    """A new inbox. `settings`: is_lead, sla_minutes, lease_minutes, most_held, blind_share, density."""
    queue = Queue(use_case_id=use_case_id, slug=slug, name=name, **settings)
    queue.full_clean()
    queue.save()
    audit.record("queue.created", subject=queue, actor=actor, at=at, queue_id=queue.pk, data={"slug": slug})
    return queue
