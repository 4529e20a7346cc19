"""The API of asked reopenings."""

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviewapp.access.idempotency import once_of
from reviewapp.access.replies import answered
from reviewapp.access.rules import Scope
from reviewapp.cases import actions, discussion_shapes, reopenings, serializers
from reviewapp.cases.reopenings_panel import request_answer, request_line
from reviewapp.cases.rules import REASON_LENGTH, RequestState
from reviewapp.cases.withholding import reveal
from reviewapp.lib import paging, query
from reviewapp.lib.api import require_scope
from reviewapp.lib.errors import Malformed
from reviewapp.lib.fields import Fields


class AskView(APIView):
    """Ask the leads to reopen a decided case. One question per case and person is open at a time."""

    @extend_schema(
        operation_id="ask_reopening",
        request=serializers.ReopenBody,
        responses={201: discussion_shapes.ReopenRequestShape},
    )
    def post(self, request: Request, case_id: UUID) -> Response:
        actor = require_scope(request, Scope.CASES_REVIEW)
        reason = _reason(request)
        once = once_of(request, render=request_answer, says=lambda _: 201)
        asked = actions.ask_reopening(case_id=case_id, reason=reason, actor=actor, at=timezone.now(), once=once)
        return answered(asked, once, request_answer, status=201)


class RequestsView(APIView):
    """What one asked, and what was asked of the leads of queues that one leads, newest first."""

    @extend_schema(
        operation_id="list_reopen_requests",
        parameters=[
            OpenApiParameter("state", str, enum=[state.value for state in RequestState]),
            OpenApiParameter("cursor", str),
            OpenApiParameter("page_size", int),
        ],
        responses={200: discussion_shapes.ReopenRequestList},
    )
    def get(self, request: Request) -> Response:
        actor = require_scope(request, Scope.CASES_READ)
        values = query.read(request.query_params, allowed=("state", "cursor", "page_size"))
        rows = reopenings.known_to(actor)
        if "state" in values:
            if values["state"] not in list(RequestState):
                raise Malformed(f"state is one of {', '.join(RequestState)}.", code="bad-param")
            rows = rows.filter(state=values["state"])
        page = paging.paginate(
            rows,
            order=reopenings.NEWEST_FIRST,
            cursor=values.get("cursor"),
            size=query.size(values),
            purpose=f"reopen-requests {values.get('state')}",
        )
        reveal((asked.case for asked in page.rows), actor)
        results = [request_line(asked) for asked in page.rows]
        return Response({"results": results, "next": page.next, "previous": page.previous})


class GrantView(APIView):
    """Reopen the case, with the reason of who asked. For leads of its queue."""

    @extend_schema(operation_id="grant_reopening", request=None, responses={200: discussion_shapes.ReopenRequestShape})
    def post(self, request: Request, request_id: UUID) -> Response:
        actor = require_scope(request, Scope.CASES_LEAD)
        Fields(request.data).done()
        once = once_of(request, render=request_answer)
        asked = actions.grant_reopening(request_id=request_id, actor=actor, at=timezone.now(), once=once)
        return answered(asked, once, request_answer)


class DeclineView(APIView):
    """Leave the case decided, and tell who asked why. For leads of its queue."""

    @extend_schema(
        operation_id="decline_reopening",
        request=serializers.ReopenBody,
        responses={200: discussion_shapes.ReopenRequestShape},
    )
    def post(self, request: Request, request_id: UUID) -> Response:
        actor = require_scope(request, Scope.CASES_LEAD)
        reason = _reason(request)
        once = once_of(request, render=request_answer)
        asked = actions.decline_reopening(
            request_id=request_id, reason=reason, actor=actor, at=timezone.now(), once=once
        )
        return answered(asked, once, request_answer)


def _reason(request: Request) -> str:
    fields = Fields(request.data)
    reason = fields.text("reason", most=REASON_LENGTH)
    fields.done()
    return reason
