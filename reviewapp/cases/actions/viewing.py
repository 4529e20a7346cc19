"""Looking at a case, which is on record."""

from datetime import datetime
from typing import cast
from uuid import UUID

from django.db.models import QuerySet

from reviewapp.access.idempotency import durable
from reviewapp.audit import actions as audit
from reviewapp.cases import comments
from reviewapp.cases.actions.commenting import see
from reviewapp.cases.models import Case
from reviewapp.cases.queries import recused, visible_cases, whole_cases
from reviewapp.cases.withholding import reveal
from reviewapp.lib.actor import HUMAN, Actor
from reviewapp.lib.errors import NotFound
from reviewapp.lib.prepared import prepared


@durable
def record_view(*, case_id: UUID, actor: Actor, at: datetime) -> Case:
    """The case without anything around it, for a door that reads the rest by itself; the view is on record. :raises NotFound:"""
    case = visible_cases(actor).only("queue", "stage").filter(pk=case_id).first()
    if case is None:
        raise NotFound
    audit.record("case.viewed", subject=case, actor=actor, at=at, queue_id=case.queue_id)
    return case


@durable
def view_case(*, case_id: UUID, actor: Actor, at: datetime, with_comments: bool = False) -> Case:
    """The whole case, for a reader; the view is on record before a byte of it is sent. The model's part may be withheld: `Case.is_withheld`.
    Whether the reader is linked to the person is loaded with it, as `is_recused` tells.

    :param with_comments: with what they may see of what people wrote to each other, as `Case.shown_comments`; what mentions them is seen then.
    :raises NotFound:
    """
    found = _whole_case(case_id, cast("UUID", actor.user_id))  # who has no id sees none
    if not found:
        raise NotFound
    case = found[0]
    reveal([case], actor)
    if with_comments:
        case.shown_comments = comments.listed(case, actor) if vars(case)["has_comments"] else []
        see(case.shown_comments, actor, at)
    audit.record("case.viewed", subject=case, actor=actor, at=at, queue_id=case.queue_id)
    return case


@prepared
def _whole_case(case_id: UUID, user_id: UUID) -> QuerySet[Case]:
    cases = visible_cases(Actor(kind=HUMAN, user_id=user_id)).filter(pk=case_id)
    return whole_cases(cases.annotate(knows_person=recused(user_id), has_comments=comments.are_there()))
