"""What somebody has in hand, has begun and has answered."""

from datetime import datetime

from django.db.models import QuerySet

from reviewapp.access.rules import WORK_QUEUE
from reviewapp.cases.models import BlindAnswer, Case, Draft, Review
from reviewapp.cases.queries import in_hand, visible_cases
from reviewapp.cases.rules import CaseState
from reviewapp.lib.actor import Actor


def own_view_of(case: Case, actor: Actor) -> BlindAnswer | None:
    """What the actor answered before they saw the model's part; no statement for a case that is not blind."""
    return BlindAnswer.objects.filter(case=case, reviewer_id=actor.user_id).first() if case.is_blind else None


def draft_of(case: Case, actor: Actor) -> Draft | None:
    return Draft.objects.filter(case=case, author_id=actor.user_id).first()


def reviews_of(actor: Actor, *, since: datetime | None = None) -> QuerySet[Review]:
    """The actor's own answers, newest first."""
    rows = Review.objects.filter(reviewer_id=actor.user_id).select_related("case__queue__use_case", "reversal")
    rows = rows.order_by("-id")
    return rows.filter(reviewed_at__gte=since) if since else rows


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
    """The actor's drafts on cases that are not decided, newest first."""
    return (
        Draft.objects.filter(author_id=actor.user_id)
        .exclude(case__state=CaseState.DECIDED)
        .select_related("case__queue")
        .order_by("-saved_at")
    )
