"""The API of recusals and conflicts."""

from functools import partial
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviewapp.access.idempotency import once_of
from reviewapp.access.replies import answered
from reviewapp.access.rules import LEAD_QUEUE, Scope
from reviewapp.cases import actions, queries, serializers
from reviewapp.cases.conflict_serializers import ConflictList, ConflictShape, EndBody, RecuseBody
from reviewapp.cases.conflicts import ORDER, conflict_line, conflicts_for
from reviewapp.cases.rules import MOST_LEASE, REASON_LENGTH
from reviewapp.lib import paging, query
from reviewapp.lib.api import require_scope
from reviewapp.lib.errors import NotFound
from reviewapp.lib.fields import Fields


class RecuseView(APIView):
    """Step back from a case one holds, as one knows its person; or record, as a lead of its use case, that somebody else knows them.

    Neither this case nor another of that person is given to them again, and what they hold of them goes back to its queue. To record it of
    somebody, send `person` and `reason` and no `lease`; the key needs the scope for leads, too.
    """

    @extend_schema(operation_id="recuse_case", request=RecuseBody, responses={200: serializers.ReviewedShape})
    def post(self, request: Request, case_id: UUID) -> Response:
        actor = require_scope(request, Scope.CASES_REVIEW)
        act = _asked(request)
        once = once_of(request, render=serializers.reviewed_answer)
        case = act(case_id=case_id, actor=actor, at=timezone.now(), once=once)
        return answered(case, once, serializers.reviewed_answer)


def _asked(request: Request) -> Any:
    fields = Fields(request.data)
    if isinstance(request.data, dict) and request.data.keys() & {"person", "reason"}:
        require_scope(request, Scope.CASES_LEAD)
        person, reason = fields.text("person", most=60), fields.text("reason", most=REASON_LENGTH)
        fields.done()
        return partial(actions.record_conflict, username=person, reason=reason)
    lease = fields.integer("lease", low=1, high=MOST_LEASE)
    fields.done()
    return partial(actions.recuse, lease=lease)


class ConflictsView(APIView):
    """Who is linked to the person of which case, in the use cases in which one leads a queue, newest first; those that are ended, too."""

    @extend_schema(
        operation_id="list_conflicts",
        parameters=[OpenApiParameter("cursor", str), OpenApiParameter("page_size", int)],
        responses={200: ConflictList},
    )
    def get(self, request: Request) -> Response:
        actor = require_scope(request, Scope.CASES_LEAD)
        values = query.read(request.query_params, allowed=("cursor", "page_size"))
        if not queries.queues_of(actor, LEAD_QUEUE).exists():
            raise NotFound
        page = paging.paginate(
            conflicts_for(actor),
            order=ORDER,
            cursor=values.get("cursor"),
            size=query.size(values),
            purpose="api conflicts",
        )
        answer = {"results": [conflict_line(row) for row in page.rows], "next": page.next, "previous": page.previous}
        return Response(answer)


class EndConflictView(APIView):
    """End a conflict that a lead recorded: the person may be given those cases again."""

    @extend_schema(operation_id="end_conflict", request=EndBody, responses={200: ConflictShape})
    def post(self, request: Request, conflict_id: UUID) -> Response:
        actor = require_scope(request, Scope.CASES_LEAD)
        fields = Fields(request.data)
        reason = fields.text("reason", most=REASON_LENGTH)
        fields.done()
        once = once_of(request, render=conflict_line)
        ended = actions.end_conflict(conflict_id=conflict_id, reason=reason, actor=actor, at=timezone.now(), once=once)
        return answered(ended, once, conflict_line)
