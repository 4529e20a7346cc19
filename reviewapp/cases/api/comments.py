"""The API of comments and mentions."""

from functools import partial
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviewapp.access.idempotency import once_of
from reviewapp.access.replies import answered
from reviewapp.access.rules import Scope
from reviewapp.cases import actions, comments, discussion_shapes
from reviewapp.cases.comments_panel import comment_answer, comment_line, mention_line
from reviewapp.cases.mentions import COMMENT_LENGTH
from reviewapp.lib import paging, query
from reviewapp.lib.api import require_scope
from reviewapp.lib.fields import Fields

_PAGES = [OpenApiParameter("cursor", str), OpenApiParameter("page_size", int)]
_PAGE = ("cursor", "page_size")


class CommentsView(APIView):
    """What people wrote to each other about a case, newest first. Reading it is on record."""

    @extend_schema(operation_id="list_comments", parameters=_PAGES, responses={200: discussion_shapes.CommentList})
    def get(self, request: Request, case_id: UUID) -> Response:
        actor = require_scope(request, Scope.CASES_READ)
        values = query.read(request.query_params, allowed=_PAGE)
        page = actions.view_comments(
            case_id=case_id,
            cursor=values.get("cursor"),
            size=query.size(values),
            actor=actor,
            at=timezone.now(),
        )
        results = [comment_line(comment) for comment in page.rows]
        return Response({"results": results, "next": page.next, "previous": page.previous})

    @extend_schema(
        operation_id="write_comment",
        request=discussion_shapes.CommentBody,
        responses={201: discussion_shapes.WrittenShape},
    )
    def post(self, request: Request, case_id: UUID) -> Response:
        actor = require_scope(request, Scope.CASES_REVIEW)
        fields = Fields(request.data)
        text = fields.text("text", most=COMMENT_LENGTH)
        fields.done()
        once = once_of(request, render=comment_answer, says=lambda _: 201)
        written = actions.write_comment(case_id=case_id, text=text, actor=actor, at=timezone.now(), once=once)
        return answered(written, once, comment_answer, status=201)


class WithdrawView(APIView):
    """Withdraw one's own comment: its text is gone, that there was one stays."""

    @extend_schema(operation_id="withdraw_comment", request=None, responses={200: discussion_shapes.WrittenShape})
    def post(self, request: Request, case_id: UUID, comment_id: UUID) -> Response:
        actor = require_scope(request, Scope.CASES_REVIEW)
        Fields(request.data).done()
        once = once_of(request, render=comment_answer)
        withdraw = partial(actions.withdraw_comment, case_id=case_id, comment_id=comment_id)
        done = withdraw(actor=actor, at=timezone.now(), once=once)
        return answered(done, once, comment_answer)


class MentionsView(APIView):
    """Where one is mentioned, newest first; `seen_at` is null until one has read the comments of the case."""

    @extend_schema(operation_id="list_mentions", parameters=_PAGES, responses={200: discussion_shapes.MentionList})
    def get(self, request: Request) -> Response:
        actor = require_scope(request, Scope.CASES_READ)
        values = query.read(request.query_params, allowed=_PAGE)
        page = paging.paginate(
            comments.mentions_of(actor),
            order=comments.NEWEST_FIRST,
            cursor=values.get("cursor"),
            size=query.size(values),
            purpose=f"mentions {actor.user_id}",
        )
        results = [mention_line(mention) for mention in page.rows]
        return Response({"results": results, "next": page.next, "previous": page.previous})
