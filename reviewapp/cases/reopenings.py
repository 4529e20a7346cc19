"""Reads of what people asked: to reopen a decided case."""

from typing import cast
from uuid import UUID

from django.db.models import Q, QuerySet

from reviewapp.access.rules import LEAD_QUEUE
from reviewapp.cases.models import Case
from reviewapp.cases.models.discussion import ReopenRequest
from reviewapp.cases.queries import queues_of, visible_cases
from reviewapp.cases.rules import RequestState
from reviewapp.lib.actor import Actor

NEWEST_FIRST = ("-id",)
OLDEST_FIRST = ("id",)  # ids are in order of time


def known_to(actor: Actor) -> QuerySet[ReopenRequest]:
    """What the actor asked, on cases they may see, and what was asked of the leads of queues they lead."""
    led = queues_of(actor, LEAD_QUEUE).values("pk")
    mine = Q(asked_by_id=_id(actor), case__in=visible_cases(actor).values("pk"))
    rows = ReopenRequest.objects.filter(mine | Q(case__queue__in=led))
    return rows.select_related("case__queue__use_case", "asked_by", "answered_by")


def to_answer(actor: Actor) -> QuerySet[ReopenRequest]:
    """What is open in the queues that the actor leads."""
    led = queues_of(actor, LEAD_QUEUE).values("pk")
    return known_to(actor).filter(case__queue__in=led, state=RequestState.OPEN)


def asked_by(actor: Actor) -> QuerySet[ReopenRequest]:
    return known_to(actor).filter(asked_by_id=_id(actor))


def open_of(case: Case, actor: Actor) -> ReopenRequest | None:
    return ReopenRequest.objects.filter(case=case, asked_by_id=_id(actor), state=RequestState.OPEN).first()


def _id(actor: Actor) -> UUID:
    return cast("UUID", actor.user_id)  # without an id there is nothing to find
