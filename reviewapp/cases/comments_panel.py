"""What people wrote to each other about a case, as the page and the API tell it, and where one is mentioned."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse

from reviewapp.audit.models import AuditEvent
from reviewapp.cases import comments
from reviewapp.cases.mentions import COMMENT_LENGTH, named_in
from reviewapp.cases.models import Case
from reviewapp.cases.models.discussion import Comment, Mention
from reviewapp.cases.queries import is_recused
from reviewapp.cases.wording import clock
from reviewapp.lib.actor import Actor


def comments_context(
    case: Case, shown: Sequence[Comment], actor: Actor, *, typed: str = "", error: str = ""
) -> dict[str, Any]:
    """The context of cases/_comments.html. :param typed: what was posted and refused for `error`."""
    return {
        "rows": [_row(comment, actor) for comment in shown],
        "people": [
            {"username": user.username, "name": user.display_name} for user in comments.offered(case.queue, actor)
        ],
        "knows_person": is_recused(case, actor),  # then a comment is refused, so that none is asked for
        "url": reverse("cases:comment", args=[case.pk]),
        "typed": typed,
        "most": COMMENT_LENGTH,
        "error": error,
        "error_list": [{"text": error, "target": "comment"}] if error else [],
    }


def _row(comment: Comment, actor: Actor) -> dict[str, Any]:
    mine = comment.author_id == actor.user_id
    withdraw = reverse("cases:withdraw", args=[comment.case_id, comment.pk])
    return {
        "id": str(comment.pk),
        "name": comment.author.display_name,
        "username": comment.author.username,
        "at": comment.written_at,
        "text": comment.text,
        "is_withdrawn": comment.withdrawn_at is not None,
        "is_news": vars(comment)["is_news"],
        "withdraw_url": withdraw if mine and comment.withdrawn_at is None else None,
    }


def told_to(events: Sequence[AuditEvent], shown: Collection[Comment]) -> list[AuditEvent]:
    """The events without those of comments that are kept from the reader."""
    ids = {str(comment.pk) for comment in shown}
    return [event for event in events if event.data.get("comment") in {None, *ids}]


def mention_rows(rows: Sequence[Mention], *, now: datetime) -> list[dict[str, Any]]:
    """The context of cases/_mentions.html."""
    return [
        {
            "external_id": mention.comment.case.external_id,
            "url": f"{reverse('cases:case', args=[mention.comment.case_id])}#comment-{mention.comment_id}",
            "queue_name": mention.comment.case.queue.name,
            "name": mention.comment.author.display_name,
            "at": mention.comment.written_at,
            "at_text": clock(mention.comment.written_at, now=now),
            "excerpt": mention.comment.text,
            "is_news": mention.seen_at is None,
        }
        for mention in rows
    ]


def comment_line(comment: Comment) -> dict[str, Any]:
    """Of a withdrawn one the text is None. `author` is loaded."""
    return comment_answer(comment) | {
        "author": comment.author.username,
        "text": comment.text if comment.withdrawn_at is None else None,
        "mentions": named_in(comment.text),
    }


def comment_answer(comment: Comment) -> dict[str, Any]:
    """What is kept with an Idempotency-Key: never the text, which its author may withdraw."""
    return {
        "id": str(comment.pk),
        "case": str(comment.case_id),
        "round": comment.round,
        "written_at": comment.written_at,
        "withdrawn_at": comment.withdrawn_at,
    }


def mention_line(mention: Mention) -> dict[str, Any]:
    """`comment__author` and `comment__case__queue` are loaded."""
    return {
        "id": str(mention.pk),
        "comment": comment_line(mention.comment),
        "external_id": mention.comment.case.external_id,
        "queue": mention.comment.case.queue.slug,
        "url": reverse("cases:case", args=[mention.comment.case_id]),
        "seen_at": mention.seen_at,
    }
