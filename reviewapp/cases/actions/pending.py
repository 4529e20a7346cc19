"""Pending: a case waits for documents or vitals, held by nobody, and comes back at its follow-up time."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from django.db import connection

from reviewapp.access.idempotency import durable
from reviewapp.audit import actions as audit
from reviewapp.audit.actions import Entry
from reviewapp.cases import rules
from reviewapp.cases.actions.leasing import WATCH_AGAIN, lock_leased, set_free
from reviewapp.cases.models import Case
from reviewapp.cases.rules import CaseState, Fault
from reviewapp.lib.actor import Actor, system
from reviewapp.lib.errors import Invalid, Problem

BATCH = 200
SWEEP = system("follow-up")


@durable
def pend_case(*, case_id: UUID, lease: int, follow_up_at: datetime, awaited: str, actor: Actor, at: datetime) -> Case:
    """Let the case wait for what is `awaited` until `follow_up_at`; the lease ends, a draft stays, and the due time is not moved.

    At that time `return_due` opens it again, with its priority raised by one. `awaited` is text of a person: it is in a column of
    the case only, and stays there when the case is back.

    :raises LeaseLost: if the actor does not hold the case under this lease number.
    :raises Invalid: for a follow-up time that is past or more than 30 days ahead, and without a short text of what is awaited.
    :raises NotFound: if the actor may not work on the case.
    """
    case = lock_leased(case_id, lease=lease, actor=actor).case
    awaited = " ".join(awaited.split())
    if found := rules.pending_faults(follow_up_at, awaited, now=at):
        raise not_pended(found)
    _pend(case, follow_up_at=follow_up_at, awaited=awaited, actor=actor)
    data = {"lease": lease, "follow_up_at": follow_up_at.astimezone(UTC).isoformat()}
    audit.record("case.pended", subject=case, actor=actor, at=at, queue_id=case.queue_id, data=data)
    return case


def not_pended(faults: Sequence[Fault]) -> Invalid:
    """The refusal, with a problem for each fault."""
    problems = [Problem(f"/{fault.field}", fault.code, fault.detail) for fault in faults]
    return Invalid("The case is not pended: " + " ".join(fault.detail for fault in faults), errors=problems)


_PEND = f"""
update cases_case set state = 'pended', follow_up_at = %s, awaited = %s, pended_by_id = %s,
    holder_id = null, lease_until = null, leased_at = null, {WATCH_AGAIN} where id = %s
"""  # noqa: S608 -- constants


def _pend(case: Case, *, follow_up_at: datetime, awaited: str, actor: Actor) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_PEND, [follow_up_at, awaited, actor.user_id, case.pk])
    set_free(case, CaseState.PENDED)
    case.follow_up_at, case.awaited, case.pended_by_id = follow_up_at, awaited, actor.user_id
    case.is_awaited_told = True  # to whoever wrote it


# Whoever takes a case up in this moment has its row locked: it is theirs, and not due any more when the lock is gone.
_RETURN = """
with due as (
    select id from cases_case where state = 'pended' and follow_up_at <= clock_timestamp()
    order by follow_up_at for no key update skip locked limit %s
)
update cases_case c set state = 'open', follow_up_at = null, pended_by_id = null, priority = least(c.priority + 1, 32767)
from due where c.id = due.id
returning c.id, c.queue_id, c.priority
"""


def return_due(*, at: datetime) -> int:
    """Open every pended case whose follow-up time has come, by the database's clock; returns how many.

    The rule: each return raises the priority by one, so that a case that has waited comes before its like. The due time stays.
    """
    returned = 0
    while count := _return_batch(actor=SWEEP, at=at):
        returned += count
    return returned


@durable
def _return_batch(*, actor: Actor, at: datetime) -> int:
    """The cases and their events are one transaction: killed before its commit, nothing happened; after it, all did."""
    with connection.cursor() as cursor:
        cursor.execute(_RETURN, [BATCH])
        rows = cursor.fetchall()
    entries = [
        Entry("case.returned", "cases.case", str(pk), queue, {"priority": priority}) for pk, queue, priority in rows
    ]
    if entries:
        audit.record_many(entries, actor=actor, at=at)
    return len(entries)
