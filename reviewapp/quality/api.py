"""The API of proof of review."""

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviewapp.access.idempotency import once_of
from reviewapp.access.replies import answered
from reviewapp.access.rules import Scope
from reviewapp.cases.models import Queue
from reviewapp.cases.rules import REASON_LENGTH
from reviewapp.lib import listing, paging, query
from reviewapp.lib.actor import Actor
from reviewapp.lib.api import require_scope
from reviewapp.lib.errors import Invalid, Malformed, NotFound
from reviewapp.lib.fields import Fields
from reviewapp.quality import known, queries, sample_shapes, sampling, serializers
from reviewapp.quality.rules import MOST_ANSWERS, Kind, Ruling
from reviewapp.quality.sample_queries import differing, reveal_cases
from reviewapp.quality.sample_words import sample_answer, sample_line

_QUEUE = OpenApiParameter("queue", str, required=True, description="Slug of a queue that you lead")


def _queue(request: Request, *more: str) -> tuple[Queue, Actor]:
    """:param more: further parameters that may be named.
    :raises NotFound: the same for a queue that is absent and one whose figures the actor may not read.
    """
    actor = require_scope(request, Scope.CASES_LEAD)
    values = query.read(request.query_params, allowed=("queue", *more))
    if not values.get("queue"):
        raise Malformed("Name a queue.", code="bad-param")
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


_STATES = [("open", ""), ("resolved", "")]


class SamplesView(APIView):
    """Decisions from which the answer to their QA sample differs, newest first, and what the samples of the queue show, up to yesterday."""

    @extend_schema(
        operation_id="list_samples",
        parameters=[
            _QUEUE,
            OpenApiParameter("state", str, enum=[value for value, _ in _STATES], description="open unless you say so"),
            OpenApiParameter("cursor", str),
            OpenApiParameter("page_size", int),
        ],
        responses={200: sample_shapes.SampleList},
    )
    def get(self, request: Request) -> Response:
        queue, actor = _queue(request, "state", "cursor", "page_size")
        values = query.read(request.query_params, allowed=("queue", "state", "cursor", "page_size"))
        state = listing.one_of(values, "state", _STATES) or "open"
        page = paging.paginate(
            differing([queue], is_resolved=state == "resolved"),
            order=("-answer__compared_at", "-id"),
            cursor=values.get("cursor"),
            size=query.size(values),
            purpose=f"samples {state}",
        )
        reveal_cases(page.rows, actor)
        answer = {
            "figures": sample_answer(queries.report_of(queue, Kind.SAMPLES)),
            "results": [sample_line(row) for row in page.rows],
            "next": page.next,
            "previous": page.previous,
        }
        return Response(answer)


class ResolveView(APIView):
    """Say whether a decision stands from which the answer to its QA sample differs. Only one that was wrong counts as an error."""

    @extend_schema(
        operation_id="resolve_sample", request=sample_shapes.ResolveBody, responses={200: sample_shapes.SampleShape}
    )
    def post(self, request: Request, sample_id: UUID) -> Response:
        actor = require_scope(request, Scope.CASES_LEAD)
        fields = Fields(request.data)
        ruling = fields.text("ruling", most=10, among=list(Ruling))
        reason = fields.text("reason", most=REASON_LENGTH)
        fields.done()
        once = once_of(request, render=sample_line)
        sample = sampling.resolve(
            sample_id=sample_id, ruling=ruling, reason=reason, actor=actor, at=timezone.now(), once=once
        )
        return answered(sample, once, sample_line)


class AnswersView(APIView):
    """Give the known answers of up to 500 predictions of a queue that you lead, all or none. They are seeded like past decisions."""

    @extend_schema(
        operation_id="give_known_answers", request=sample_shapes.AnswersBody, responses={201: sample_shapes.AnswersKept}
    )
    def post(self, request: Request) -> Response:
        actor = require_scope(request, Scope.CASES_LEAD)
        fields = Fields(request.data)
        slug = fields.text("queue", most=60)
        given = _known(fields)
        fields.done()
        once = once_of(request, render=_given, says=lambda _: 201)
        count = known.give_answers(slug=slug, answers=given, actor=actor, at=timezone.now(), once=once)
        return answered(count, once, _given, 201)


def _given(count: int) -> dict[str, int]:
    return {"answers": count}


def _known(fields: Fields) -> list[known.Known]:
    """The items, each an object of three texts and nothing else."""
    items = fields.sent(("items",)).get("items")
    if not isinstance(items, list) or not 0 < len(items) <= MOST_ANSWERS:
        fields.add("items", "wrong_type", f"Send a list of 1 to {MOST_ANSWERS} objects.")
        return []
    found = []
    for at, item in enumerate(items):
        part = Fields(item)
        read = [part.text(name, most=most) for name, most in zip(known.COLUMNS, (120, 60, REASON_LENGTH), strict=True)]
        try:
            part.done()
        except Invalid as error:
            for problem in error.errors:
                fields.add(f"items/{at}{problem.pointer}", problem.code, problem.detail)
        found.append(known.Known(*read))
    return found
