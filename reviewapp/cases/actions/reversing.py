"""Taking an answer back within the window, and reopening a decided case. Nothing is erased: the round ends, and the next one begins."""

from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from reviewapp.access.idempotency import durable
from reviewapp.access.rules import LEAD_QUEUE, WORK_QUEUE
from reviewapp.audit import actions as audit
from reviewapp.cases import precedents, rules
from reviewapp.cases.actions.drafts import choice_again
from reviewapp.cases.actions.opening import Clocks, facts_of
from reviewapp.cases.actions.refusals import AnswerStands, KnowsSubject, NotDecided, TooLate
from reviewapp.cases.models import Case, Decision, Draft, Outbox, Reversal, Review
from reviewapp.cases.models.discussion import ReopenRequest
from reviewapp.cases.queries import counted_reviews, is_recused, opened_by_answering, queues_of, visible_cases
from reviewapp.cases.rules import CaseState, Stage
from reviewapp.cases.sla import SlaStage
from reviewapp.cases.withholding import reveal
from reviewapp.lib.actor import Actor
from reviewapp.lib.errors import Invalid, NotAllowed, NotFound
from reviewapp.lib.fields import why_faults
from reviewapp.predictions.actions import supersede_label

_KNOWS = "You know the person this case is about, as you said or a lead recorded: you do not answer it anew. A lead can reopen it."


@durable
def undo_review(*, case_id: UUID, actor: Actor, at: datetime) -> Case:
    """Take the actor's own last answer back: the case is theirs again, under a new lease, with the answer as their draft.

    :raises NotFound: if the actor may not see the case, or may work on its queue no more. :raises KnowsSubject: if they are linked to the person.
    :raises TooLate: once the window is over, the label is written, or somebody else has taken the case that was passed on.
    :raises AnswerStands: if the answer opened to them what others had answered, as a second one does.
    """
    case = locked(case_id, actor)
    review = counted_reviews(case).select_related("queue__use_case").last()
    if review is None or review.reviewer_id != actor.user_id or not _in_window(review):
        raise TooLate
    if not queues_of(actor, WORK_QUEUE).filter(pk=review.queue_id).exists():
        raise NotFound
    if is_recused(case, actor):
        raise KnowsSubject(_KNOWS)
    if opened_by_answering(case, review.stage, actor):
        raise AnswerStands
    if case.state in {CaseState.LEASED, CaseState.PENDED} or (case.state == CaseState.DECIDED and not _withhold(case)):
        raise TooLate
    ended = _end_round(case, rules.Reversal.UNDO, review=review, actor=actor)
    _lease_again(case, review, actor)
    _draft_again(case, review)
    reveal([case], actor)
    data = {"review": str(review.pk), "round": ended, "lease": case.lease}
    audit.record("case.undone", subject=case, actor=actor, at=at, queue_id=case.queue_id, data=data)
    return case


@durable
def reopen_case(*, case_id: UUID, reason: str, actor: Actor, at: datetime) -> Case:
    """Let a decided case be reviewed anew: a new round, a new due time, and its label superseded, not erased.

    :raises NotFound: if the actor may not see the case. :raises NotAllowed: if they do not lead its queue.
    :raises Invalid: without a reason. :raises NotDecided:
    """
    case = locked(case_id, actor)
    if not leads(actor, case):
        raise NotAllowed("Only a lead of its queue reopens a case.")
    reopen(case, sentence(reason, "Say why the case is reopened"), actor=actor, at=at)
    return case


def reopen(case: Case, reason: str, *, actor: Actor, at: datetime, **data: str) -> None:
    """Begin a new round of a locked case, and put it on record with `data`. :raises NotDecided:"""
    if case.state != CaseState.DECIDED:
        raise NotDecided
    if not _withhold(case):
        supersede_label(decision_id=Decision.objects.get(case=case, round=case.round).pk, at=at)
        precedents.forget(case)
    ended = _end_round(case, rules.Reversal.REOPEN, actor=actor, reason=reason)
    anew = {"stage": Stage.FIRST, "round": F("round") + 1, "counted_from": F("round") + 1}
    _change(case, state=CaseState.OPEN, outcome="", decided_at=None, **anew, **_new_time(case, at=at))
    reveal([case], actor)
    told = {"round": ended, **data}
    audit.record("case.reopened", subject=case, actor=actor, at=at, queue_id=case.queue_id, data=told, reason=reason)


def leads(actor: Actor, case: Case) -> bool:
    return queues_of(actor, LEAD_QUEUE).filter(pk=case.queue_id).exists()


def _new_time(case: Case, *, at: datetime) -> dict[str, Any]:
    """As of a case that arrives now."""
    facts = facts_of(
        case.prediction.features,
        advised=case.advised,
        confidence=case.confidence,
        priority=case.priority,
        is_blind=case.is_blind,
    )
    clock = Clocks(at).of(case.queue, facts)
    return {"due_at": clock.due_at, "risk_at": clock.risk_at, "watch_at": clock.risk_at, "sla_stage": SlaStage.RUNNING}


def locked(case_id: UUID, actor: Actor) -> Case:
    rows = (
        visible_cases(actor)
        .select_related("queue__use_case", "prediction")
        .select_for_update(of=("self",), no_key=True)
    )
    found = rows.filter(pk=case_id)
    case = found.first() or found.first()  # as in `leasing.lock`
    if case is None:
        raise NotFound
    return case


def _in_window(review: Review) -> bool:
    """By the database's clock, as the answer's own time is."""
    with connection.cursor() as cursor:
        cursor.execute("select clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now < review.reviewed_at + timedelta(seconds=settings.UNDO_SECONDS)


def _withhold(case: Case) -> bool:
    """Keep the decision of this round from becoming a label, as that of a copy never does; False if it is one already.

    A relay at work on it is waited for.
    """
    deleted, _ = Outbox.objects.filter(decision__case=case, decision__round=case.round).delete()
    return deleted > 0 or Case.objects.filter(pk=case.pk, prediction__copy_of__isnull=False).exists()


def sentence(typed: str, wanted: str) -> str:
    """:raises Invalid: without a text, or with one that is too long. :param wanted: begins the sentence that says so."""
    text = typed.strip()
    if faults := why_faults(text, most=rules.REASON_LENGTH, wanted=wanted):
        raise Invalid(faults[0].detail, errors=faults)
    return text


def _end_round(
    case: Case, kind: rules.Reversal, *, actor: Actor, review: Review | None = None, reason: str = ""
) -> int:
    """What was asked of the leads lapses with the round."""
    asked = ReopenRequest.objects.filter(case=case, state=rules.RequestState.OPEN)
    asked.update(state=rules.RequestState.LAPSED, answered_at=Now())
    made_by = cast("UUID", actor.user_id)
    Reversal.objects.create(
        case=case, round=case.round, kind=kind, review=review, reason=reason, made_by_id=made_by, made_at=Now()
    )
    return case.round


def _lease_again(case: Case, review: Review, actor: Actor) -> None:
    """The case waits again for the very answer that was taken back, in its giver's hands; answers before it count on."""
    until = Now() + timedelta(minutes=review.queue.lease_minutes)
    held = {
        "state": CaseState.LEASED,
        "holder_id": actor.user_id,
        "lease": F("lease") + 1,
        "leased_at": Now(),
        "lease_until": until,
    }
    back = {"queue": review.queue, "stage": review.stage, "round": F("round") + 1}
    _change(case, outcome="", decided_at=None, **back, **held)


def _change(case: Case, **values: Any) -> None:
    for name, value in values.items():
        setattr(case, name, value)
    case.save(update_fields=[name.removesuffix("_id") for name in values])
    case.refresh_from_db(fields=["round", "counted_from", "lease", "leased_at", "lease_until"])


def _draft_again(case: Case, review: Review) -> None:
    values = {
        "choice": choice_again(case, review.answer, review.outcome),
        "reason_codes": review.reason_codes,
        "note": review.note,
        "saved_at": review.reviewed_at,
    }
    Draft.objects.update_or_create(case_id=review.case_id, author_id=review.reviewer_id, defaults=values)
