"""Answering a case, and what the answer decides."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.db import connection

from reviewapp.access.idempotency import Once, durable
from reviewapp.audit import actions as audit
from reviewapp.cases import rules
from reviewapp.cases.actions.drafts import choice_again, save_draft
from reviewapp.cases.actions.leasing import Held, lock_leased, reopen, set_free
from reviewapp.cases.actions.refusals import AnswerBlindFirst, AnswerKept, LeadDecides, LeaseLost, StaleView
from reviewapp.cases.models import Case, Queue, Review
from reviewapp.cases.queries import counted_reviews, may_adjudicate
from reviewapp.cases.rules import Answer, CaseState, Stage, Verdict
from reviewapp.cases.second_review import Because, ReviewPolicy, needed
from reviewapp.cases.withholding import reveal
from reviewapp.catalog.rules import override_direction
from reviewapp.lib import bell, crypto
from reviewapp.lib.actor import Actor
from reviewapp.lib.draws import draw
from reviewapp.lib.errors import Conflict, Invalid, Problem
from reviewapp.lib.ids import uuid7


@dataclass(frozen=True, slots=True)
class Given:
    """What a reviewer answered. `shown` is the digest of what they saw; None skips that check."""

    answer: str
    outcome: str = ""
    reason_codes: Sequence[str] = ()
    note: str = ""
    shown: str | None = None
    active_seconds: float | None = None
    sure: int | None = None  # of a blind answer: 1 not very, 2 fairly, 3 very


def review_case(
    *, case_id: UUID, lease: int, given: Given, actor: Actor, at: datetime, once: Once | None = None
) -> Case:
    """Record one reviewer's answer and move the case on.

    :raises LeaseLost: the lease ran out and passed on, or was another's; the text is kept as a draft.
    :raises StaleView: the case changed since it was shown; the text is kept as a draft.
    :raises AnswerBlindFirst: for a decision while the model's part is withheld from the actor.
    :raises Invalid: with a problem for each fault of the answer.
    :raises NotFound: if the actor may not work on the case. :raises LeadDecides: if two answers differ, and they do not lead its queue.
    """
    try:
        return _review(case_id=case_id, lease=lease, given=given, actor=actor, at=at, once=once)
    except (LeaseLost, StaleView) as error:
        case = Case.objects.select_related("queue__use_case").get(pk=case_id)
        reveal([case], actor)
        choice = choice_again(case, given.answer, given.outcome)
        save_draft(case_id=case_id, choice=choice, reason_codes=given.reason_codes, note=given.note, actor=actor, at=at)
        raise (AnswerKept() if isinstance(error, LeaseLost) else error) from None


@durable
def _review(*, case_id: UUID, lease: int, given: Given, actor: Actor, at: datetime) -> Case:
    held = lock_leased(case_id, lease=lease, actor=actor)
    if given.shown is not None and given.shown != held.shown:
        raise StaleView
    case, stage = held.case, held.case.stage
    adjudicates = stage == Stage.ADJUDICATION
    if adjudicates and not may_adjudicate(case, actor):  # the right may be gone since the case was taken
        raise LeadDecides
    names_outcome = adjudicates and given.answer == Answer.CORRECT and given.outcome
    if case.is_withheld and given.answer not in rules.PASSES_ON and not names_outcome:
        raise AnswerBlindFirst  # before anything is held against the advice: what is refused would tell it
    if adjudicates and given.answer == Answer.CORRECT and given.outcome == case.advised:
        given = replace(given, answer=Answer.AGREE)  # a lead names an outcome; what the model says is no matter
    _refuse_faults(held, given)
    outcome = rules.said(given.answer, outcome=given.outcome, predicted=case.advised)
    second = _second(case, outcome)
    verdict = rules.resolve(outcome, stage=stage, first=_first(case), needs_second=second.because is not None)
    review = _append_review(case, given, outcome=outcome, second=second, arm=held.arm, actor=actor)
    _move_on(case, review, verdict)
    data = {
        "answer": given.answer,
        "outcome": outcome,
        "review": str(review.pk),
        "lease": lease,
        "reasons": list(given.reason_codes),
        "stage": stage,
    }
    if second.because:
        data["second_because"] = second.because
    if case.queue_id != review.queue_id:
        data["passed_to"] = str(case.queue_id)
    audit.record("case.reviewed", subject=case, actor=actor, at=at, queue_id=review.queue_id, data=data)
    return case


def _first(case: Case) -> str:
    """What the first answer said; empty where this one is the first."""
    if case.stage != Stage.SECOND:
        return ""
    return counted_reviews(case).filter(stage=Stage.FIRST).exclude(outcome="").latest("round", "slot").outcome


@dataclass(frozen=True, slots=True)
class _Second:
    """Whether the first answer needs a second one and why; `share` is the chance it had, where it was drawn or passed over by a draw."""

    because: Because | None = None
    share: float | None = None


def _second(case: Case, outcome: str) -> _Second:
    policy = ReviewPolicy.of(case.queue.review_policy)
    if case.stage != Stage.FIRST or not outcome or policy == ReviewPolicy():
        return _Second()
    because = needed(
        policy,
        outcome=outcome,
        direction=_direction(case, outcome),
        confidence=case.confidence,
        features=case.prediction.features if policy.amounts else {},
        draw=draw(_draw_key(), case.pk, case.counted_from),
    )
    return _Second(because, policy.share if because in {None, Because.SHARE} and policy.share else None)


@cache
def _draw_key() -> bytes:
    """A key of its own, as every kind of draw has, so that one draw tells nothing of another."""
    return crypto.mac(b"countersign: draws of second reviews", key=settings.AUDIT_KEY)


def _direction(case: Case, outcome: str) -> str:
    use_case = case.queue.use_case
    return override_direction(
        case.advised,
        outcome,
        kind=use_case.outcome_kind,
        values=use_case.outcome_values,
        adverse=use_case.adverse_outcomes,
    )


def _move_on(case: Case, review: Review, verdict: Verdict) -> None:
    if verdict.is_final:
        _decide(case, review, outcome=verdict.outcome)
    elif verdict.stage == Stage.FIRST:
        _pass_on(case)
    else:
        case.stage = str(verdict.stage)
        reopen(case)


def _refuse_faults(held: Held, given: Given) -> None:
    case, use_case = held.case, held.case.queue.use_case
    found = rules.faults(
        given.answer,
        outcome=given.outcome,
        predicted=case.advised,
        outcomes=use_case.outcome_values,
        reason_codes=given.reason_codes,
        known_codes=held.known_codes,
        note=given.note,
        correction_needs_note=use_case.correction_needs_note,
        is_lead_queue=case.queue.is_lead,
        stage=case.stage,
    )
    if found:
        problems = [Problem(f"/{fault.field}", fault.code, fault.detail) for fault in found]
        raise Invalid("The answer is not recorded yet: " + " ".join(fault.detail for fault in found), errors=problems)


# The draft has done its service: it goes with the same statement.
_REVIEW = """
with sent as (delete from cases_draft where case_id = %(case)s and author_id = %(me)s)
insert into cases_review (id, case_id, round, slot, stage, second_because, second_share, reviewer_id, queue_id,
    answer, outcome, reason_codes, note, lease, leased_at, reviewed_at, handle_seconds, active_seconds, shown_digest, arm)
select %(id)s, c.id, c.round, 1 + (select count(*) from cases_review r where r.case_id = c.id and r.round = c.round), c.stage,
    %(because)s, %(share)s, %(me)s, c.queue_id,
    %(answer)s, %(outcome)s, %(reasons)s, %(note)s, c.lease, c.leased_at, moment.t, extract(epoch from moment.t - c.leased_at),
    %(active)s, %(shown)s, %(arm)s
from cases_case c, (select clock_timestamp() t) moment where c.id = %(case)s
returning reviewed_at
"""


def _append_review(case: Case, given: Given, *, outcome: str, second: _Second, arm: rules.Arm, actor: Actor) -> Review:
    reviewer = cast("UUID", actor.user_id)  # who holds a lease has an id
    review = Review(
        pk=uuid7(), case=case, queue_id=case.queue_id, round=case.round, reviewer_id=reviewer, outcome=outcome
    )
    values: dict[str, Any] = {
        "id": review.pk, "case": case.pk, "me": actor.user_id, "answer": given.answer, "outcome": outcome, "reasons": list(given.reason_codes),
        "note": given.note, "active": given.active_seconds, "shown": given.shown or "", "because": second.because or "", "share": second.share,
        "arm": arm.value,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_REVIEW, values)
        review.reviewed_at = cursor.fetchone()[0]
    return review


# The decision, the row that will make it a label, and the end of the case are one statement: there is no moment with one and without the others.
# What a copy is decided is nobody's label.
_DECIDE = """
with decided as (
    insert into cases_decision (id, case_id, round, review_id, outcome, predicted_outcome, direction, decided_by_id, decided_at)
    values (%(id)s, %(case)s, %(round)s, %(review)s, %(outcome)s, %(predicted)s, %(direction)s, %(me)s, %(at)s) returning id, decided_at
), waiting as (
    insert into cases_outbox (decision_id, created_at, tries, next_try_at, failure)
    select id, decided_at, 0, decided_at + %(undo)s * interval '1 second', '' from decided
    where not exists (select from predictions_prediction p where p.id = %(prediction)s and p.copy_of_id is not null)
)
update cases_case set state = 'decided', outcome = %(outcome)s, decided_at = %(at)s, holder_id = null, lease_until = null, leased_at = null
where id = %(case)s
"""


def _decide(case: Case, review: Review, *, outcome: str) -> None:
    values: dict[str, Any] = {
        "id": uuid7(), "case": case.pk, "round": case.round, "review": review.pk, "outcome": outcome, "predicted": case.advised,
        "direction": _direction(case, outcome), "me": review.reviewer_id, "at": review.reviewed_at, "undo": settings.UNDO_SECONDS,
        "prediction": case.prediction_id,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_DECIDE, values)
    set_free(case, CaseState.DECIDED)
    case.outcome, case.decided_at = outcome, review.reviewed_at
    if (
        not settings.UNDO_SECONDS
    ):  # else it becomes a label only after the window, with the others of that second, by the sweep
        bell.ring("cases.label_decisions", queue="default")


def _pass_on(case: Case) -> None:
    """To the use case's lead queue; from there, back to it, for another lead."""
    if not case.queue.is_lead:
        lead_queue = Queue.objects.filter(use_case_id=case.queue.use_case_id, is_lead=True).first()
        if lead_queue is None:
            raise Conflict("This use case has no lead queue to pass the case on to.", code="no-lead-queue")
        case.queue = lead_queue
    reopen(case)
