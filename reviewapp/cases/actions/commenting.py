"""Writing to each other about a case. The trail says who wrote when and how much, never what."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from reviewapp.access.idempotency import durable
from reviewapp.access.models import User
from reviewapp.audit import actions as audit
from reviewapp.cases import comments
from reviewapp.cases.actions.refusals import AlreadyWithdrawn, CommentsFull, KnowsSubject, TooManyComments
from reviewapp.cases.mentions import COMMENT_LENGTH, MOST_MENTIONS, named_in, plain_text
from reviewapp.cases.models import Case, Decision
from reviewapp.cases.models.discussion import Comment, Mention
from reviewapp.cases.queries import hidden_answerers, recused, telling_reviews, visible_cases
from reviewapp.cases.withholding import reveal
from reviewapp.lib.actor import Actor
from reviewapp.lib.errors import Invalid, NotAllowed, NotFound, Problem
from reviewapp.lib.paging import Page, paginate

MOST_OF_CASE = 200
_KNOWS = "You know the person this case is about, as you said or a lead recorded: you write no comments on it."
MOST_AT_ONCE, AT_ONCE = 30, timedelta(minutes=10)  # of one person


@durable
def write_comment(*, case_id: UUID, text: str, actor: Actor, at: datetime) -> Comment:
    """Add a comment to a case the actor may see, decided or not, and tell those it mentions, unless it is kept from them for now.

    :raises NotFound: if they may not see the case. :raises Invalid: without a text, or where it names somebody who cannot read the case.
    :raises KnowsSubject: if they are linked to the person. :raises TooManyComments: :raises CommentsFull:
    """
    case = _seen(case_id, actor)
    if vars(case)["knows_person"]:
        raise KnowsSubject(_KNOWS)
    text = _text(text)
    _refuse_floods(case, actor, at)
    reveal([case], actor)
    hidden = hidden_answerers(case, actor)
    people = _mentioned(text, case, hidden)
    told_answers, told_model = _decided_before(case)
    comment = Comment.objects.create(
        case=case,
        author_id=cast("UUID", actor.user_id),
        text=text,
        round=case.round,
        knew_answers=(told_answers or not hidden) and telling_reviews(case).exists(),
        knew_model=told_model or not case.is_withheld,
        written_at=at,
    )
    named = [person for person in people if person.pk != actor.user_id]
    Mention.objects.bulk_create(Mention(comment=comment, person=person) for person in named)
    told = [str(person.pk) for person in named if comments.may_see(person, comment)]
    data = {"comment": str(comment.pk), "length": len(text), "mentions": len(named), "told": told}
    audit.record("case.commented", subject=case, actor=actor, at=at, queue_id=case.queue_id, data=data)
    return comment


@durable
def withdraw_comment(*, case_id: UUID, comment_id: UUID, actor: Actor, at: datetime) -> Comment:
    """Take the text of the actor's own comment out of the table; that there was one stays.

    :raises NotFound: if they may not see the case or the comment. :raises NotAllowed: if somebody else wrote it. :raises AlreadyWithdrawn:
    """
    case = _seen(case_id, actor)
    rows = comments.shown_to(actor).filter(case=case).select_for_update(of=("self",), no_key=True)
    comment = rows.filter(pk=comment_id).first()
    if comment is None:
        raise NotFound
    if comment.author_id != actor.user_id:
        raise NotAllowed("Only who wrote a comment withdraws it.")
    if comment.withdrawn_at is not None:
        raise AlreadyWithdrawn
    comment.text, comment.withdrawn_at = "", at
    comment.save(update_fields=["text", "withdrawn_at"])
    data = {"comment": str(comment.pk)}
    audit.record("case.comment_withdrawn", subject=case, actor=actor, at=at, queue_id=case.queue_id, data=data)
    return comment


@durable
def view_comments(*, case_id: UUID, cursor: str | None, size: int, actor: Actor, at: datetime) -> Page[Comment]:
    """A page of the comments that the actor may see, newest first. Like any look at the case it is on record, and what mentions them is seen.

    :raises NotFound:
    """
    case = _seen(case_id, actor)
    rows = comments.of_case(case, actor)
    page = paginate(rows, order=comments.NEWEST_FIRST, cursor=cursor, size=size, purpose=f"comments {case.pk}")
    see(page.rows, actor, at)
    audit.record("case.viewed", subject=case, actor=actor, at=at, queue_id=case.queue_id)
    return page


def see(rows: Sequence[Comment], actor: Actor, at: datetime) -> None:
    """Note that the actor was shown these comments; a statement only where one of them mentions them anew."""
    news = [comment.pk for comment in rows if vars(comment)["is_news"]]
    if news:
        person = cast("UUID", actor.user_id)
        Mention.objects.filter(comment__in=news, person_id=person, seen_at=None).update(seen_at=at)


def _seen(case_id: UUID, actor: Actor) -> Case:
    rows = visible_cases(actor).annotate(knows_person=recused(actor.user_id))
    case = rows.select_related("queue", "prediction").filter(pk=case_id).first()
    if case is None:
        raise NotFound
    return case


def _decided_before(case: Case) -> tuple[bool, bool]:
    """Whether everybody could read the answers that count, and the model's part, while the case was decided: what was seen stays seen."""
    rounds = list(Decision.objects.filter(case=case).values_list("round", flat=True))
    since = case.counted_from if case.prediction.corrects_id is None else 1  # as `telling_reviews` has it
    return any(number >= since for number in rounds), bool(rounds)


def _text(typed: str) -> str:
    text = plain_text(typed)
    if not 0 < len(text) <= COMMENT_LENGTH or "\0" in text:
        raise _invalid("text_needed", f"Write a comment of at most {COMMENT_LENGTH:,} characters.")
    return text


def _mentioned(text: str, case: Case, hidden: Collection[UUID]) -> list[User]:
    names = named_in(text)
    if len(names) > MOST_MENTIONS:
        raise _invalid("too_many_mentions", f"Mention at most {MOST_MENTIONS} people in one comment.")
    people = comments.named(names, case, hidden=hidden) if names else {}
    strangers = [f"@{name}" for name in names if name not in people]
    if strangers:
        detail = f"{', '.join(strangers)}: nobody of that name can read this case. Choose a name from the list, or leave the @ out."
        raise _invalid("unknown_mention", detail)
    return list(people.values())


def _invalid(code: str, detail: str) -> Invalid:
    return Invalid(detail, errors=[Problem("/text", code, detail)])


def _refuse_floods(case: Case, actor: Actor, at: datetime) -> None:
    recent = Comment.objects.filter(author_id=cast("UUID", actor.user_id), written_at__gt=at - AT_ONCE)
    if recent.count() >= MOST_AT_ONCE:
        raise TooManyComments(retry_after=int(AT_ONCE.total_seconds()))
    if Comment.objects.filter(case=case).count() >= MOST_OF_CASE:
        raise CommentsFull
