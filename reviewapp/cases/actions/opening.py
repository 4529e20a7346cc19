"""New cases and new queues."""

from collections.abc import Iterable, Mapping, Sequence
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
from reviewapp.cases.queries import service_level, skill_rules
from reviewapp.cases.rules import BLIND_FIRST, Arm, CaseState
from reviewapp.cases.skills import NO_SKILL, SkillRules, needed
from reviewapp.cases.sla import Clock, ServiceLevel
from reviewapp.catalog.conditions.testing import Facts
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
    features: Mapping[str, Any]
    must_be_blind: bool = False  # answered blind first without a draw, so that it is in neither arm


@dataclass(frozen=True, slots=True)
class Draw:
    """Whether the person who answers a case does so before they see what the model says."""

    digest: bytes
    arm: Arm


_OPEN = (
    "copy cases_case (id, prediction_id, queue_id, external_id, advised, confidence, why, summary, state, round, priority,"
    " opened_at, due_at, risk_at, watch_at, lease, outcome, is_blind, skill) from stdin"
)
_DRAWN = "copy cases_selection (id, case_id, purpose, probability, stratum, arm, draw, made_at) from stdin"


def open_cases(openings: Iterable[Opening], *, at: datetime) -> dict[UUID, UUID]:
    """Open one case each, in the caller's transaction and under the caller's audit event. Returns case ids by prediction id."""
    clocks, ids = Clocks(at), {}
    drawn = [
        (opening, _draw(opening) if opening.queue.blind_share and not opening.must_be_blind else None)
        for opening in openings
    ]
    with connection.cursor() as cursor:
        # Before the COPY, which no statement may interrupt
        rows = [_case_row(opening, draw, clocks, at=at) for opening, draw in drawn]
        with cursor.copy(_OPEN) as copy:
            for row in rows:
                ids[row[1]] = row[0]
                copy.write_row(row)
        _keep_draws(cursor, [(ids[opening.prediction_id], opening, draw) for opening, draw in drawn if draw], at=at)
    return ids


def _keep_draws(cursor: Any, drawn: Sequence[tuple[UUID, Opening, Draw]], *, at: datetime) -> None:
    if drawn:
        with cursor.copy(_DRAWN) as copy:
            for case_id, opening, draw in drawn:
                copy.write_row(_selection_row(case_id, opening, draw, at=at))


class Clocks:
    """When cases that are opened at one moment are due, and which skill they need: what a queue says is compiled once, and each time
    reckoned once."""

    def __init__(self, at: datetime) -> None:
        self._at = at
        self._levels: dict[UUID, ServiceLevel] = {}
        self._clocks: dict[tuple[UUID, int], Clock] = {}
        self._skills: dict[UUID, SkillRules] = {}

    def of(self, queue: Queue, facts: Facts) -> Clock:
        """:param facts: as `facts_of` gives them."""
        level = self._levels.get(queue.pk)
        if level is None:
            level = self._levels[queue.pk] = service_level(queue)
        minutes = level.minutes_of(facts)
        clock = self._clocks.get((queue.pk, minutes))
        if clock is None:
            clock = self._clocks[queue.pk, minutes] = level.clock(self._at, minutes)
        return clock

    def skill_of(self, queue: Queue, facts: Facts) -> str:
        if not queue.skill_rules:
            return NO_SKILL
        if queue.pk not in self._skills:
            self._skills[queue.pk] = skill_rules(queue)
        return needed(self._skills[queue.pk], facts)


def facts_of(features: Mapping[str, Any], *, advised: str, confidence: float, priority: int, is_blind: bool) -> Facts:
    """What a queue's rules may ask about; of a blind case its inputs alone, whatever the rules were made for."""
    return features, {} if is_blind else {"outcome": advised, "confidence": confidence, "priority": priority}


def _case_row(opening: Opening, draw: Draw | None, clocks: Clocks, *, at: datetime) -> tuple[Any, ...]:
    is_blind = opening.must_be_blind or (draw is not None and draw.arm == Arm.BLIND)
    facts = facts_of(
        opening.features,
        advised=opening.advised,
        confidence=opening.confidence,
        priority=opening.priority,
        is_blind=is_blind,
    )
    clock = clocks.of(opening.queue, facts)
    return (
        uuid7(), opening.prediction_id, opening.queue.pk, opening.external_id, opening.advised, opening.confidence, opening.why,
        orjson.dumps(opening.summary).decode(), CaseState.OPEN.value, 1, opening.priority, at, clock.due_at, clock.risk_at, clock.risk_at, 0, "",
        is_blind, clocks.skill_of(opening.queue, facts),
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
    """A new inbox. `settings`: is_lead, density, and those of `actions.settings` by column."""
    queue = Queue(use_case_id=use_case_id, slug=slug, name=name, **settings)
    queue.full_clean()
    queue.save()
    audit.record("queue.created", subject=queue, actor=actor, at=at, queue_id=queue.pk, data={"slug": slug})
    return queue
