"""Holding a case: the lease is looked at under the row's lock, kept by a heartbeat, and given back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from reviewapp.access.grants import granted_sql
from reviewapp.access.idempotency import durable
from reviewapp.access.rules import WORK_QUEUE
from reviewapp.audit import actions as audit
from reviewapp.cases import rules
from reviewapp.cases.actions.refusals import LeaseLost
from reviewapp.cases.models import Case, Queue
from reviewapp.cases.own_work import passed_on
from reviewapp.cases.rules import Arm, CaseState
from reviewapp.catalog.models import UseCase
from reviewapp.lib.actor import Actor
from reviewapp.lib.errors import NotFound


@durable
def heartbeat(*, case_id: UUID, lease: int, actor: Actor, at: datetime) -> Case:
    """Extend the lease by its full length from now. Not an act of its own: the audit trail has the claim and what ended it.

    :raises LeaseLost: if it passed to someone else, was released, or the case is decided.
    """
    case = lock_leased(case_id, lease=lease, actor=actor).case
    with connection.cursor() as cursor:
        cursor.execute(
            "update cases_case set lease_until = clock_timestamp() + %s * interval '1 minute' where id = %s returning lease_until",
            [case.queue.lease_minutes, case.pk],
        )
        case.lease_until = cursor.fetchone()[0]
    return case


@durable
def release(*, case_id: UUID, lease: int, actor: Actor, at: datetime) -> Case:
    """Give the case back to its queue. :raises LeaseLost:"""
    case = lock_leased(case_id, lease=lease, actor=actor).case
    reopen(case)
    audit.record("case.released", subject=case, actor=actor, at=at, queue_id=case.queue_id, data={"lease": lease})
    return case


@dataclass(frozen=True, slots=True)
class Held:
    """A locked case, with its queue and use case, and what an answer to it is held against."""

    case: Case
    shown: str  # the digest of what is to be seen of it now
    arm: Arm  # of an answer to it now
    known_codes: frozenset[str]


# By hand, as it comes with every answer and every heartbeat: compiling the same from models costs three times what all else does.
_LOCK = """
select c.id, c.prediction_id, c.queue_id, c.external_id, c.advised, c.confidence, c.why, c.state, c.stage, c.round, c.counted_from,
    c.priority, c.opened_at, c.due_at, c.risk_at, c.lease, c.holder_id, c.lease_until, c.leased_at, c.outcome, c.decided_at, c.is_blind,
    c.is_correcting,
    case when c.is_blind then (select b.round from cases_blindanswer b where b.case_id = c.id and b.reviewer_id = %(grantee)s) end,
    q.slug, q.name, q.is_lead, q.lease_minutes, q.review_policy, q.use_case_id, u.outcome_kind, u.outcomes, u.correction_needs_note,
    p.snapshot_digest, exists(select from predictions_explanation e where e.prediction_id = p.id),
    array(select r.code from catalog_reasoncode r where r.use_case_id = u.id and r.retired_at is null)
from cases_case c
join cases_queue q on q.id = c.queue_id
join catalog_usecase u on u.id = q.use_case_id
join predictions_prediction p on p.id = c.prediction_id
where c.id = %(case)s and c.queue_id in ({granted})
for no key update of c
"""
_CASE = (
    "id", "prediction_id", "queue_id", "external_id", "advised", "confidence", "why", "state", "stage", "round", "counted_from", "priority",
    "opened_at", "due_at", "risk_at", "lease", "holder_id", "lease_until", "leased_at", "outcome", "decided_at", "is_blind", "is_correcting",
)  # fmt: skip


def lock_leased(case_id: UUID, *, lease: int, actor: Actor) -> Held:
    """The case, locked, if the actor holds it under this lease number; an over-run lease that nobody took is still good.

    :raises LeaseLost: also of a case that went on where they may not work. :raises NotFound: of any other on which they may not.
    """
    try:
        held = lock(case_id, actor=actor)
    except NotFound:
        if passed_on(case_id, actor, lease=lease) is not None:
            raise LeaseLost from None
        raise
    if held.case.state != CaseState.LEASED or held.case.holder_id != actor.user_id or held.case.lease != lease:
        raise LeaseLost
    return held


def lock(case_id: UUID, *, actor: Actor) -> Held:
    """:raises NotFound: if the actor may not work on it."""
    # Where the row was waited for, PostgreSQL joins it as it is now with the other tables as they were: of a case that went on with corrected
    # inputs meanwhile nothing is left. It is locked all the same, so that a second look finds it as it stays.
    row = _locked_row(case_id, actor) or _locked_row(case_id, actor)
    if row is None:
        raise NotFound
    case = Case(**dict(zip(_CASE, row, strict=False)))
    (
        answered_blind,
        slug,
        name,
        is_lead,
        lease_minutes,
        policy,
        use_case_id,
        kind,
        outcomes,
        needs_note,
        digest,
        is_explained,
        codes,
    ) = row[len(_CASE) :]
    use_case = UseCase(
        pk=use_case_id, outcome_kind=kind, outcomes=orjson.loads(outcomes), correction_needs_note=needs_note
    )
    case.queue = Queue(
        pk=case.queue_id,
        slug=slug,
        name=name,
        is_lead=is_lead,
        lease_minutes=lease_minutes,
        review_policy=orjson.loads(policy),
        use_case=use_case,
    )
    case.is_revealed = answered_blind is not None
    withheld = case.is_withheld
    shown = rules.digest_of(
        case.round, bytes(digest), is_explained=is_explained, is_withheld=withheld, is_correcting=case.is_correcting
    )
    arm = Arm.BLIND if withheld or answered_blind == case.round else Arm.SEEN_FIRST
    return Held(case, shown, arm, frozenset(codes))


def _locked_row(case_id: UUID, actor: Actor) -> Any:
    granted, values = granted_sql(Queue, actor, WORK_QUEUE)
    with connection.cursor() as cursor:
        cursor.execute(_LOCK.format(granted=granted), {"case": case_id, **values})
        return cursor.fetchone()


# Who held a late case was left in peace; now that nobody does, the queue's act is due at once.
WATCH_AGAIN = "watch_at = case when sla_stage = 'held_late' then clock_timestamp() else watch_at end"
_REOPEN = f"""
update cases_case set state = 'open', queue_id = %s, stage = %s, holder_id = null, lease_until = null, leased_at = null, {WATCH_AGAIN} where id = %s
"""  # noqa: S608 -- constants


def reopen(case: Case) -> None:
    """Let the case wait in `case.queue` for the answer of `case.stage`, held by nobody."""
    with connection.cursor() as cursor:
        cursor.execute(_REOPEN, [case.queue_id, case.stage, case.pk])
    set_free(case, CaseState.OPEN)


def set_free(case: Case, state: CaseState) -> None:
    """In memory, what the statement has written."""
    case.state, case.holder, case.lease_until, case.leased_at = state, None, None, None
