"""Asking a lead to reopen a decided case, and the lead's answer."""

from datetime import datetime
from typing import cast
from uuid import UUID

from reviewapp.access.idempotency import durable
from reviewapp.access.rules import WORK_QUEUE
from reviewapp.audit import actions as audit
from reviewapp.cases import reopenings
from reviewapp.cases.actions.refusals import AlreadyAsked, NotDecided, RequestClosed
from reviewapp.cases.actions.reversing import leads, locked, reopen, sentence
from reviewapp.cases.models import Case
from reviewapp.cases.models.discussion import ReopenRequest
from reviewapp.cases.queries import queues_of
from reviewapp.cases.rules import CaseState, RequestState
from reviewapp.lib.actor import Actor
from reviewapp.lib.errors import NotAllowed, NotFound


@durable
def ask_reopening(*, case_id: UUID, reason: str, actor: Actor, at: datetime) -> ReopenRequest:
    """Ask the leads of a decided case's queue to reopen it. Nothing changes until one of them grants it.

    :raises NotFound: if the actor may not see the case. :raises NotAllowed: if they do not work on its queue.
    :raises Invalid: without a reason. :raises NotDecided: :raises AlreadyAsked: while a question of theirs is open.
    """
    case = locked(case_id, actor)
    if not queues_of(actor, WORK_QUEUE).filter(pk=case.queue_id).exists():
        raise NotAllowed("Only who works on its queue asks to reopen a case.")
    reason = sentence(reason, "Say why the case should be reopened")
    if case.state != CaseState.DECIDED:
        raise NotDecided
    asker = cast("UUID", actor.user_id)
    if ReopenRequest.objects.filter(case=case, asked_by_id=asker, state=RequestState.OPEN).exists():
        raise AlreadyAsked
    asked = ReopenRequest.objects.create(case=case, round=case.round, asked_by_id=asker, asked_at=at, reason=reason)
    _record("case.reopening_asked", case, asked, actor=actor, at=at, reason=reason)
    return asked


@durable
def grant_reopening(*, request_id: UUID, actor: Actor, at: datetime) -> ReopenRequest:
    """Reopen the case, with the reason of who asked. What others asked of it lapses: they have it, too.

    :raises NotFound: :raises NotAllowed: if the actor does not lead its queue. :raises RequestClosed:
    """
    case, asked = _open(request_id, actor)
    _close(asked, RequestState.GRANTED, actor=actor, at=at)
    reopen(case, asked.reason, actor=actor, at=at, request=str(asked.pk))
    return asked


@durable
def decline_reopening(*, request_id: UUID, reason: str, actor: Actor, at: datetime) -> ReopenRequest:
    """Leave the case decided, and tell who asked why.

    :raises NotFound: :raises NotAllowed: if the actor does not lead its queue. :raises Invalid: without a reason. :raises RequestClosed:
    """
    case, asked = _open(request_id, actor)
    reason = sentence(reason, "Say why the case stays decided")
    _close(asked, RequestState.DECLINED, actor=actor, at=at, answer=reason)
    _record("case.reopening_declined", case, asked, actor=actor, at=at, reason=reason)
    return asked


def _open(request_id: UUID, actor: Actor) -> tuple[Case, ReopenRequest]:
    """The case is locked first, as by every act on it."""
    found = reopenings.known_to(actor).filter(pk=request_id).first()
    if found is None:
        raise NotFound
    case = locked(found.case_id, actor)
    if not leads(actor, case):
        raise NotAllowed("Only a lead of its queue answers this.")
    found.refresh_from_db(fields=["state"])
    if found.state != RequestState.OPEN:
        raise RequestClosed
    return case, found


def _close(asked: ReopenRequest, state: RequestState, *, actor: Actor, at: datetime, answer: str = "") -> None:
    asked.state, asked.answered_by_id = state, cast("UUID", actor.user_id)
    asked.answered_at, asked.answer = at, answer
    asked.save(update_fields=["state", "answered_by", "answered_at", "answer"])


def _record(action: str, case: Case, asked: ReopenRequest, *, actor: Actor, at: datetime, reason: str) -> None:
    data = {"request": str(asked.pk)}
    audit.record(action, subject=case, actor=actor, at=at, queue_id=case.queue_id, data=data, reason=reason)
