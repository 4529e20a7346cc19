"""What somebody has in hand, has begun and has answered."""

from datetime import datetime
from typing import cast
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from reviewapp.access.rules import WORK_QUEUE
from reviewapp.audit.queries import of_object
from reviewapp.cases import rules
from reviewapp.cases.models import BlindAnswer, Case, Correction, Draft, Reversal, Review
from reviewapp.cases.models.evidence import APPLIED
from reviewapp.cases.queries import in_hand, visible_cases
from reviewapp.cases.rules import CaseState
from reviewapp.lib.actor import HUMAN, Actor
from reviewapp.lib.prepared import prepared


def own_view_of(case: Case, actor: Actor) -> BlindAnswer | None:
    """What the actor answered before they saw the model's part; no statement for a case that is not blind."""
    return BlindAnswer.objects.filter(case=case, reviewer_id=actor.user_id).first() if case.is_blind else None


def draft_of(case: Case, actor: Actor) -> Draft | None:
    return next(iter(_draft(case.pk, cast("UUID", actor.user_id))), None)


@prepared
def _draft(case_id: UUID, user_id: UUID) -> QuerySet[Draft]:
    return Draft.objects.filter(case=case_id, author=user_id)


def reviews_of(actor: Actor, *, since: datetime | None = None) -> QuerySet[Review]:
    """The actor's own answers, newest first. `corrected_in` and `reopened_in`: the rounds, if any, in which the case's inputs were first corrected
    and it was first reopened since; the sooner of them is why an answer counts no more that was not taken back."""
    since_then = {"case": OuterRef("case"), "round__gte": OuterRef("round")}
    corrected = Correction.objects.filter(state=APPLIED, **since_then).order_by("round").values("round")[:1]
    reopened = Reversal.objects.filter(kind=rules.Reversal.REOPEN, **since_then).order_by("round").values("round")[:1]
    rows = Review.objects.filter(reviewer_id=actor.user_id).select_related("case__queue__use_case", "reversal")
    rows = rows.annotate(corrected_in=Subquery(corrected), reopened_in=Subquery(reopened))
    rows = rows.order_by("-id")
    return rows.filter(reviewed_at__gte=since) if since else rows


# The acts that give a case a lease number: those of its holder, and those of others, which name them.
_TAKEN, _GIVEN = ("case.claimed", "case.undone"), ("case.reassigned", "case.escalated")


def passed_on(case_id: UUID, actor: Actor, *, lease: int | None = None) -> Case | None:
    """The case, with its queue and use case, if the actor had it in hand, under this number if one is given, and it is in another queue now.

    The trail has who had it. Whether they may see it there is another question: show them no more of it than that it is gone.
    """
    by_whom = Q(action__in=_TAKEN, actor_id=actor.user_id)
    by_whom |= Q(action__in=_GIVEN, data__assigned_to=str(actor.user_id))
    had = of_object("cases.case", [str(case_id)]).filter(by_whom, **({} if lease is None else {"data__lease": lease}))
    before = set(had.values_list("queue_id", flat=True))
    rows = Case.objects.select_related("queue__use_case").filter(pk=case_id).exclude(queue__in=before)
    return rows.first() if before else None


def case_to_answer(case_id: UUID, actor: Actor, *, lease: int) -> Case | None:
    """One that the actor may work on, or that was `passed_on` from under this lease number, when their answer is kept and not recorded."""
    found = _to_answer(case_id, cast("UUID", actor.user_id))
    return found[0] if found else passed_on(case_id, actor, lease=lease)


@prepared
def _to_answer(case_id: UUID, user_id: UUID) -> QuerySet[Case]:
    rows = visible_cases(Actor(kind=HUMAN, user_id=user_id), WORK_QUEUE).select_related("queue__use_case")
    return rows.filter(pk=case_id)


def held_by(actor: Actor, *, now: datetime) -> QuerySet[Case]:
    """What the actor has in hand, soonest due first."""
    return (
        Case.objects.filter(in_hand(now), holder_id=actor.user_id).select_related("queue__use_case").order_by("due_at")
    )


def pended_by(actor: Actor) -> QuerySet[Case]:
    """What the actor pended and may still work on, first back first."""
    mine = visible_cases(actor, WORK_QUEUE).filter(state=CaseState.PENDED, pended_by=actor.user_id)
    return mine.select_related("queue").order_by("follow_up_at", "id")


def open_drafts(actor: Actor) -> QuerySet[Draft]:
    """The actor's drafts on cases that are not decided, newest first. `is_readable`: whether they may still see the case."""
    readable = Exists(visible_cases(actor).filter(pk=OuterRef("case")))
    return (
        Draft.objects.filter(author_id=actor.user_id)
        .annotate(is_readable=readable)
        .exclude(case__state=CaseState.DECIDED)
        .select_related("case__queue")
        .order_by("-saved_at")
    )
