"""The first answer to a blind case: one's own view, before the model's part is sent. It is kept as it was given and decides nothing."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from reviewapp.access.idempotency import Once, durable
from reviewapp.audit import actions as audit
from reviewapp.cases import rules
from reviewapp.cases.actions.drafts import save_draft
from reviewapp.cases.actions.leasing import Held, lock_leased
from reviewapp.cases.actions.refusals import AnswerKept, LeaseLost, NotBlind, StaleView
from reviewapp.cases.actions.reviewing import Given
from reviewapp.cases.models import Case
from reviewapp.lib.actor import Actor
from reviewapp.lib.errors import Invalid, Problem
from reviewapp.lib.ids import uuid7


def answer_blind(
    *, case_id: UUID, lease: int, given: Given, actor: Actor, at: datetime, once: Once | None = None
) -> Case:
    """Record the actor's own view; the case stays leased to them, and what the model says of it is open to them from now on.

    :raises LeaseLost, StaleView: as `review_case` does; the text is kept as a draft.
    :raises NotBlind: if the model's part is not withheld from the actor.
    :raises Invalid: with a problem for each fault of the answer.
    :raises NotFound: if the actor may not work on the case.
    """
    try:
        return _answer_blind(case_id=case_id, lease=lease, given=given, actor=actor, at=at, once=once)
    except (LeaseLost, StaleView) as error:
        choice = rules.choice_of(given.answer, given.outcome, level=given.outcome)
        save_draft(case_id=case_id, choice=choice, reason_codes=given.reason_codes, note=given.note, actor=actor, at=at)
        raise (AnswerKept() if isinstance(error, LeaseLost) else error) from None


@durable
def _answer_blind(*, case_id: UUID, lease: int, given: Given, actor: Actor, at: datetime) -> Case:
    held = lock_leased(case_id, lease=lease, actor=actor)
    case = held.case
    if given.shown is not None and given.shown != held.shown:
        raise StaleView
    if not case.is_withheld:
        raise NotBlind
    _refuse_faults(held, given)
    answer_id = _append(case, given, actor=actor)
    case.is_revealed = True
    data = {"blind_answer": str(answer_id), "outcome": given.outcome, "round": case.round, "lease": lease}
    audit.record("case.blind_answered", subject=case, actor=actor, at=at, queue_id=case.queue_id, data=data)
    return case


def _refuse_faults(held: Held, given: Given) -> None:
    found = rules.blind_faults(
        given.outcome,
        given.sure,
        outcomes=held.case.queue.use_case.outcome_values,
        reason_codes=given.reason_codes,
        known_codes=held.known_codes,
    )
    if found:
        problems = [Problem(f"/{fault.field}", fault.code, fault.detail) for fault in found]
        raise Invalid("Your view is not recorded yet: " + " ".join(fault.detail for fault in found), errors=problems)


# As with a review, the draft goes with the same statement.
_ANSWER = """
with sent as (delete from cases_draft where case_id = %(case)s and author_id = %(me)s)
insert into cases_blindanswer (id, case_id, round, reviewer_id, queue_id, outcome, sure, reason_codes, note, lease, answered_at,
    active_seconds, shown_digest)
values (%(id)s, %(case)s, %(round)s, %(me)s, %(queue)s, %(outcome)s, %(sure)s, %(reasons)s, %(note)s, %(lease)s, clock_timestamp(),
    %(active)s, %(shown)s)
on conflict on constraint nobody_answers_a_case_blind_twice do nothing
"""


def _append(case: Case, given: Given, *, actor: Actor) -> UUID:
    """:raises NotBlind: if their answer is there already, by a request that was a moment sooner."""
    answer_id = uuid7()
    values: dict[str, Any] = {
        "id": answer_id, "case": case.pk, "round": case.round, "me": actor.user_id, "queue": case.queue_id, "outcome": given.outcome,
        "sure": given.sure, "reasons": list(given.reason_codes), "note": given.note, "lease": case.lease, "active": given.active_seconds,
        "shown": given.shown or "",
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_ANSWER, values)
        if cursor.rowcount == 0:  # whoever waited for the lock was told of the case as it was before the other answer
            raise NotBlind
    return answer_id
