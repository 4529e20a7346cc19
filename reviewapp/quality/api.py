"""The API of proof of review."""

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviewapp.access.rules import Scope
from reviewapp.cases.models import Queue
from reviewapp.lib import query
from reviewapp.lib.actor import Actor
from reviewapp.lib.api import require_scope
from reviewapp.lib.errors import Malformed, NotFound
from reviewapp.quality import queries, serializers
from reviewapp.quality.rules import Kind

_QUEUE = OpenApiParameter("queue", str, required=True, description="Slug of a queue that you lead")


def _queue(request: Request) -> tuple[Queue, Actor]:
    """:raises NotFound: the same for a queue that is absent and one whose figures the actor may not read."""
    actor = require_scope(request, Scope.CASES_LEAD)
    values = query.read(request.query_params, allowed=("queue",))
    if not values.get("queue"):
        raise Malformed("Name a queue.", code="bad_param")
    queue = queries.readable_queues(actor).filter(slug=values["queue"]).first()
    if queue is None:
        raise NotFound
    return queue, actor


class AgreementView(APIView):
    """How often two people who answered the same case on their own say the same, over 90 days, as last worked out."""

    @extend_schema(operation_id="read_agreement", parameters=[_QUEUE], responses={200: serializers.AgreementShape})
    def get(self, request: Request) -> Response:
        queue, _ = _queue(request)
        report = queries.report_of(queue, Kind.AGREEMENT)
        people = {UUID(person) for row in (report.body["people"] if report else []) for person in row["people"]}
        return Response(serializers.agreement_answer(queue, report, queries.usernames(people)))


class RelianceView(APIView):
    """Whether people follow the model where it is known to be wrong, over 90 days up to yesterday. People are named to leads of the queue."""

    @extend_schema(operation_id="read_reliance", parameters=[_QUEUE], responses={200: serializers.RelianceShape})
    def get(self, request: Request) -> Response:
        queue, actor = _queue(request)
        report, names = queries.report_of(queue, Kind.RELIANCE), None
        if queries.leads(actor, queue):
            names = queries.usernames({UUID(row["person"]) for row in (report.body["people"] if report else [])})
        return Response(serializers.reliance_answer(queue, report, names))
