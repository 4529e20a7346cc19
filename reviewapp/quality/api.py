"""The API of proof of review."""

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviewapp.access.rules import Scope
from reviewapp.cases.models import Queue
from reviewapp.lib import query
from reviewapp.lib.api import require_scope
from reviewapp.lib.errors import Malformed, NotFound
from reviewapp.quality import queries, serializers
from reviewapp.quality.rules import Kind

_QUEUE = OpenApiParameter("queue", str, required=True, description="Slug of a queue that you lead")


def _queue(request: Request) -> Queue:
    """:raises NotFound: the same for a queue that is absent and one whose figures the actor may not read."""
    actor = require_scope(request, Scope.CASES_LEAD)
    values = query.read(request.query_params, allowed=("queue",))
    if not values.get("queue"):
        raise Malformed("Name a queue.", code="bad_param")
    queue = queries.readable_queues(actor).filter(slug=values["queue"]).first()
    if queue is None:
        raise NotFound
    return queue


class AgreementView(APIView):
    """How often two people who answered the same case on their own say the same, over 90 days, as last worked out."""

    @extend_schema(operation_id="read_agreement", parameters=[_QUEUE], responses={200: serializers.AgreementShape})
    def get(self, request: Request) -> Response:
        queue = _queue(request)
        report = queries.report_of(queue, Kind.AGREEMENT)
        people = {UUID(person) for row in (report.body["people"] if report else []) for person in row["people"]}
        return Response(serializers.agreement_answer(queue, report, queries.usernames(people)))
