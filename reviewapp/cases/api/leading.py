"""The API of leads: how queues stand, their settings, cases on which answers differ, and acts on many cases at once."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviewapp.access.idempotency import once_of
from reviewapp.access.replies import answered
from reviewapp.access.rules import LEAD_QUEUE, Scope
from reviewapp.cases import actions, board, queries, serializers, settings_serializers
from reviewapp.cases.actions.leading import MOST_CASES
from reviewapp.cases.actions.settings import SETTINGS
from reviewapp.cases.figures import queue_figures
from reviewapp.cases.rules import HIGHEST_PRIORITY, REASON_LENGTH, LeadAct
from reviewapp.cases.withholding import reveal
from reviewapp.lib import paging, query
from reviewapp.lib.api import require_scope
from reviewapp.lib.errors import NotFound
from reviewapp.lib.fields import Fields


class QueueView(APIView):
    """One queue and its settings. Changing them is for its leads."""

    @extend_schema(operation_id="read_queue", responses={200: settings_serializers.QueueShape})
    def get(self, request: Request, slug: str) -> Response:
        actor = require_scope(request, Scope.CASES_READ)
        query.read(request.query_params, allowed=())
        queue = (
            queries.queues_of(actor).select_related("use_case", "late_queue", "late_person").filter(slug=slug).first()
        )
        if queue is None:
            raise NotFound
        return Response(settings_serializers.queue_answer(queue))

    @extend_schema(
        operation_id="change_queue",
        request=settings_serializers.QueueBody,
        responses={200: settings_serializers.QueueShape},
    )
    def patch(self, request: Request, slug: str) -> Response:
        actor = require_scope(request, Scope.CASES_LEAD)
        once = once_of(request, render=settings_serializers.queue_answer)
        changes, seen = _settings(request)
        queue = actions.change_settings(
            slug=slug, changes=changes, seen=seen, actor=actor, at=timezone.now(), once=once
        )
        return answered(queue, once, settings_serializers.queue_answer)


def _settings(request: Request) -> tuple[dict[str, Any], str | None]:
    fields = Fields(request.data)
    changes = fields.sent(SETTINGS)
    seen = fields.text("seen", most=64, default="") or None
    if not changes and not fields.problems:
        fields.add("", "nothing_changed", "Send at least one setting.")
    fields.done()
    return changes, seen


class AdjudicationView(APIView):
    """The cases on which two answers differ, of the queues that one leads, soonest due first, each with both answers."""

    @extend_schema(
        operation_id="list_adjudications",
        parameters=[OpenApiParameter("cursor", str), OpenApiParameter("page_size", int)],
        responses={200: serializers.AdjudicationList},
    )
    def get(self, request: Request) -> Response:
        actor = require_scope(request, Scope.CASES_LEAD)
        values = query.read(request.query_params, allowed=("cursor", "page_size"))
        if not queries.queues_of(actor, LEAD_QUEUE).exists():
            raise NotFound
        rows, size = queries.to_adjudicate(actor), query.size(values)
        page = paging.paginate(
            rows, order=("due_at", "id"), cursor=values.get("cursor"), size=size, purpose="adjudications"
        )
        reveal(page.rows, actor)
        answers = queries.answers_of([case.pk for case in page.rows])
        answer = {
            "results": [serializers.adjudication_line(case, answers.get(case.pk, [])) for case in page.rows],
            "next": page.next,
            "previous": page.previous,
        }
        return Response(answer)


class BoardView(APIView):
    """How the queues stand that one leads, and what in them is held, at risk or breached, soonest due first."""

    @extend_schema(
        operation_id="read_board",
        parameters=[
            OpenApiParameter("queue", str, description="Slug of a queue that you lead"),
            OpenApiParameter("holder", str, description="Id of a person"),
            OpenApiParameter("state", str, enum=[value for value, _ in board.STATES]),
            OpenApiParameter("cursor", str),
            OpenApiParameter("page_size", int),
        ],
        responses={200: serializers.BoardShape},
    )
    def get(self, request: Request) -> Response:
        actor = require_scope(request, Scope.CASES_LEAD)
        values, now = query.read(request.query_params, allowed=board.PARAMS), timezone.now()
        figures = queue_figures(actor, now=now, right=LEAD_QUEUE)
        if not figures:
            raise NotFound
        queues = [row.queue for row in figures]
        choice, size = board.Choice.of(values, queues), query.size(values)
        page = board.listed(queues, choice, now=now, cursor=values.get("cursor"), size=size)
        reveal(page.rows, actor)
        answer = {
            "queues": [serializers.figures_line(row) for row in figures],
            "results": [serializers.board_line(case) for case in page.rows],
            "next": page.next,
            "previous": page.previous,
        }
        return Response(answer)


class BulkView(APIView):
    """Take back, give to somebody, change the priority of, or move up to 200 cases of queues that one leads. Each is judged alone."""

    @extend_schema(operation_id="lead_cases", request=serializers.BulkBody, responses={200: serializers.BulkAnswer})
    def post(self, request: Request) -> Response:
        actor = require_scope(request, Scope.CASES_LEAD)
        if not queries.queues_of(actor, LEAD_QUEUE).exists():
            raise NotFound
        once = once_of(request, render=serializers.bulk_answer)
        results = actions.lead_cases(order=_order(request), actor=actor, at=timezone.now(), once=once)
        return answered(results, once, serializers.bulk_answer)


def _order(request: Request) -> actions.Order:
    fields = Fields(request.data)
    act = fields.text("act", most=20, among=list(LeadAct))
    texts = fields.texts("cases", most=MOST_CASES, length=36)
    case_ids = board.ids_of(texts)
    if not case_ids:
        fields.add("cases", "wrong_type", f"Send the ids of 1 to {MOST_CASES} cases, each once.")
    to = fields.text("to", most=60) if act in {LeadAct.REASSIGN, LeadAct.MOVE} else ""
    priority = fields.integer("priority", low=0, high=HIGHEST_PRIORITY) if act == LeadAct.PRIORITISE else 0
    reason = fields.text("reason", most=REASON_LENGTH)
    fields.done()
    return actions.Order(LeadAct(act), case_ids or [], to=to, priority=priority, reason=reason)
