"""Reads of comments: who may see which of them, and whom one may mention.

A comment is kept from whoever may still answer its case on their own, while it may tell what was answered: it is by somebody who has, or was
written by somebody who could see it. Of a blind case whose model's part is withheld from a reader, so are the comments of those who have seen it.
Both end with the reader's own answer, and with the decision. One rule for pages, API, timeline, mentions and sockets.
"""

from collections.abc import Collection
from typing import cast
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from reviewapp.access.models import User
from reviewapp.access.rules import VIEW_QUEUE, WORK_QUEUE, fold_name, implied
from reviewapp.cases.models import (
    BlindAnswer,
    Case,
    Queue,
    QueueGroupPermission,
    QueueUserPermission,
    Review,
)
from reviewapp.cases.models.discussion import Comment, Mention
from reviewapp.cases.queries import MOST_WORKERS, queue_readers, queues_of, visible_cases
from reviewapp.cases.rules import CaseState, Stage
from reviewapp.lib.actor import HUMAN, Actor
from reviewapp.lib.prepared import prepared

NEWEST_FIRST = ("-id",)  # ids are in order of time


def shown_to(actor: Actor) -> QuerySet[Comment]:
    """The comments that are not kept from the actor; whether they may see the cases is not asked here."""
    undecided = ~Q(case__state=CaseState.DECIDED)
    return Comment.objects.filter(
        Q(author_id=actor.user_id) | ~(undecided & _tells_answers(actor)) & ~(undecided & _tells_advice(actor))
    )


def _tells_answers(actor: Actor) -> Q:
    """As `queries.hidden_answerers` has it, for many cases."""
    given = Review.objects.filter(case=OuterRef("case"), reversal__isnull=True)
    counted = given.filter(round__gte=OuterRef("case__counted_from"))
    works_here = Q(case__queue__in=queues_of(actor, WORK_QUEUE).values("pk"))
    has_answered = Exists(counted.filter(reviewer_id=actor.user_id))
    by_author = {"reviewer": OuterRef("author")}
    tells = Q(knew_answers=True, round__gte=F("case__counted_from")) | Exists(counted.filter(**by_author))
    # Once inputs were corrected, those about the inputs before tell as well, whatever the stage
    tells_old = Q(knew_answers=True) | Exists(given.filter(**by_author).exclude(outcome=""))
    corrected = Q(case__prediction__corrects__isnull=False)
    return works_here & ~has_answered & (~corrected & ~Q(case__stage=Stage.FIRST) & tells | corrected & tells_old)


def _tells_advice(actor: Actor) -> Q:
    """As `withholding` has it, for many cases."""
    views = BlindAnswer.objects.filter(case=OuterRef("case"))
    works = Q(case__queue__use_case__in=queues_of(actor, WORK_QUEUE).values("use_case"))
    has_answered = Exists(views.filter(reviewer_id=actor.user_id))
    tells = Q(knew_model=True) | Exists(views.filter(reviewer=OuterRef("author")))
    return Q(case__is_blind=True) & works & ~has_answered & tells


def of_case(case: Case, actor: Actor) -> QuerySet[Comment]:
    """What the actor may see of a case they may see, with authors; `is_news`: it mentions them, and they have not seen it."""
    mine = Mention.objects.filter(comment=OuterRef("pk"), person_id=_id(actor), seen_at=None)
    return shown_to(actor).filter(case=case).select_related("author").annotate(is_news=Exists(mine))


def listed(case: Case, actor: Actor) -> list[Comment]:
    """All of them, oldest first; a case has no more than a page can show."""
    return list(of_case(case, actor).order_by("pk"))


def are_there() -> Exists:
    """Of cases: that somebody wrote about them. Most have none, and then nobody need be asked what they may see of them."""
    return Exists(Comment.objects.filter(case=OuterRef("pk")))


def mentions_of(actor: Actor) -> QuerySet[Mention]:
    """Where the actor is mentioned, on cases and in comments that they may see now and that were not withdrawn."""
    shown = shown_to(actor).filter(case__in=visible_cases(actor).values("pk"), withdrawn_at=None)
    rows = Mention.objects.filter(person_id=_id(actor), comment__in=shown.values("pk"))
    return rows.select_related("comment__author", "comment__case__queue")


def may_see(person: User, comment: Comment) -> bool:
    return shown_to(Actor(kind=HUMAN, user_id=person.pk, name=person.username)).filter(pk=comment.pk).exists()


def offered(queue: Queue, actor: Actor) -> list[User]:
    """Whom one may mention on every case of the queue, by name: those who may read it, but oneself; at most MOST_WORKERS."""
    return _offered(queue.pk, _id(actor))


@prepared
def _offered(queue_id: UUID, user_id: UUID) -> QuerySet[User]:
    rights = {"content_object": queue_id, "permission__codename__in": implied(VIEW_QUEUE)}
    own = QueueUserPermission.objects.filter(**rights).values("user")
    by_role = QueueGroupPermission.objects.filter(**rights).values("group")
    people = User.objects.filter(Q(pk__in=own) | Q(groups__in=by_role), is_active=True, is_service=False)
    people = people.exclude(pk=user_id).only("username", "display_name", "is_service").distinct()
    return people.order_by("display_name", "pk")[:MOST_WORKERS]


def named(names: Collection[str], case: Case, *, hidden: Collection[UUID]) -> dict[str, User]:
    """Those of the names, as typed, that belong to somebody who can read the case.

    :param hidden: who has answered it and whom the writer must not find out by that.
    """
    folded = {fold_name(name): name for name in names}
    people = {user.pk: user for user in User.objects.filter(username__in=folded, is_active=True, is_service=False)}
    readers = {user for user, queue in queue_readers(people.keys()) if queue == case.queue_id} if people else set()
    by_answer = Review.objects.filter(case=case, reviewer__in=people.keys() - readers).exclude(reviewer__in=hidden)
    readers |= set(by_answer.values_list("reviewer", flat=True)) if people.keys() - readers else set()
    return {folded[people[pk].username]: people[pk] for pk in readers}


def _id(actor: Actor) -> UUID:
    return cast("UUID", actor.user_id)  # without an id there is nothing to find
