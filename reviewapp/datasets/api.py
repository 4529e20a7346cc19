"""The API of labels and data sets: read labels, freeze, poll, download."""

from typing import Any
from uuid import UUID

from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviewapp.access.idempotency import once_of
from reviewapp.access.replies import answered
from reviewapp.access.rules import Scope
from reviewapp.datasets import actions, queries, rules, serializers
from reviewapp.datasets.exports import Form
from reviewapp.datasets.manifest import manifest
from reviewapp.datasets.models import DatasetSnapshot
from reviewapp.datasets.responses import download
from reviewapp.lib import paging, query
from reviewapp.lib.actor import Actor
from reviewapp.lib.api import require_scope
from reviewapp.lib.errors import Malformed, NotAllowed, NotFound
from reviewapp.lib.fields import Fields
from reviewapp.lib.shapes import ProblemShape

LABEL_ORDER = ("position",)
LIST_ORDER = ("-requested_at", "-id")
_PAGE = [OpenApiParameter("cursor", str), OpenApiParameter("page_size", int, description="1 to 200")]
_USE_CASE = OpenApiParameter("use_case", str, description="Slug of a use case")


def _problems(*statuses: int) -> dict[int, Any]:
    return dict.fromkeys((401, 403, *statuses), ProblemShape)


class LabelListView(APIView):
    """Labels in order of position, oldest first. Poll by `resume`: nothing is missed and nothing comes twice."""

    @extend_schema(
        operation_id="list_labels",
        parameters=[_USE_CASE, *_PAGE],
        responses={200: serializers.LabelList, **_problems(400, 404)},
    )
    def get(self, request: Request) -> Response:
        actor = require_scope(request, Scope.LABELS_READ)
        values = query.read(request.query_params, allowed=("use_case", "cursor", "page_size"))
        rows = queries.visible_labels(actor, use_case=values.get("use_case"))
        cursor, purpose = values.get("cursor"), f"labels {values.get('use_case', '')}"
        page = paging.paginate(rows, order=LABEL_ORDER, cursor=cursor, size=query.size(values), purpose=purpose)
        resume = paging.cursor_after(page.rows[-1], order=LABEL_ORDER, purpose=purpose) if page.rows else cursor
        results = [serializers.label_answer(label) for label in page.rows]
        return Response({"results": results, "next": page.next, "previous": page.previous, "resume": resume})


class DatasetListView(APIView):
    """Data sets one may see, newest first; asking for a new one."""

    @extend_schema(
        operation_id="list_datasets",
        parameters=[_USE_CASE, *_PAGE],
        responses={200: serializers.DatasetList, **_problems(400, 404)},
    )
    def get(self, request: Request) -> Response:
        actor = require_scope(request, Scope.LABELS_READ)
        values = query.read(request.query_params, allowed=("use_case", "cursor", "page_size"))
        rows = queries.visible_snapshots(actor)
        if "use_case" in values:
            rows = rows.filter(use_case=queries.readable_use_case(actor, values["use_case"]))
        purpose = f"datasets {values.get('use_case', '')}"
        page = paging.paginate(
            rows, order=LIST_ORDER, cursor=values.get("cursor"), size=query.size(values), purpose=purpose
        )
        results = [serializers.dataset_answer(snapshot) for snapshot in page.rows]
        return Response({"results": results, "next": page.next, "previous": page.previous})

    @extend_schema(
        operation_id="freeze_dataset",
        request=serializers.DatasetBody,
        parameters=[OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)],
        responses={201: serializers.DatasetShape, **_problems(400, 404, 409, 422)},
    )
    def post(self, request: Request) -> Response:
        actor = require_scope(request, Scope.DATASETS_WRITE)
        if not rules.may_freeze(actor.roles):
            raise NotAllowed("Freezing a data set is for the ML team and leads.")
        given = _given(request, actor)
        once = once_of(request, render=serializers.dataset_answer, says=lambda _: 201)
        snapshot = actions.request_snapshot(**given, actor=actor, at=timezone.now(), once=once)
        headers = {"Location": f"/api/v1/datasets/{snapshot.pk}"}
        return answered(snapshot, once, serializers.dataset_answer, 201, headers=headers)


def _given(request: Request, actor: Actor) -> dict[str, Any]:
    fields = Fields(request.data)
    slug, name = fields.text("use_case", most=60), fields.text("name", most=rules.NAME_LENGTH)
    sent = fields.mapping("filters")
    if name and (fault := rules.name_fault(name)):
        fields.add("name", fault.code, fault.detail)
    use_case = queries.readable_use_case(actor, slug) if slug else None
    filters, faults = rules.read_filters(sent, outcomes=use_case.outcome_values if use_case else ())
    for fault in faults:
        fields.add(f"filters/{fault.field}", fault.code, fault.detail)
    fields.done()
    return {"use_case": use_case, "name": name, "filters": filters}


class DatasetView(APIView):
    """One data set: how far it is, and its digest once it is frozen."""

    @extend_schema(operation_id="read_dataset", responses={200: serializers.DatasetShape, **_problems(400, 404)})
    def get(self, request: Request, dataset_id: UUID) -> Response:
        return Response(serializers.dataset_answer(_snapshot(request, dataset_id)))


class ManifestView(APIView):
    """What a frozen data set holds, and how to check its digest."""

    @extend_schema(
        operation_id="read_dataset_manifest", responses={200: serializers.ManifestShape, **_problems(400, 404, 409)}
    )
    def get(self, request: Request, dataset_id: UUID) -> Response:
        snapshot = _snapshot(request, dataset_id)
        if not snapshot.is_frozen:
            raise actions.NotFrozen
        return Response(manifest(snapshot))


class DownloadView(APIView):
    """The file, streamed. It is on record before the first byte."""

    @extend_schema(
        operation_id="download_dataset",
        parameters=[OpenApiParameter("format", str, enum=[form.value for form in Form], required=True)],
        responses={
            (200, "application/vnd.apache.parquet"): OpenApiTypes.BINARY,
            (200, "text/csv"): OpenApiTypes.STR,
            (200, "application/x-ndjson"): OpenApiTypes.STR,
            **_problems(400, 404, 409, 429, 501),
        },
    )
    def get(self, request: Request, dataset_id: UUID) -> StreamingHttpResponse:
        actor = require_scope(request, Scope.LABELS_READ)
        form = query.read(request.query_params, allowed=("format",)).get("format")
        if form not in list(Form):
            raise Malformed(f"format is one of {', '.join(Form)}.", code="bad-param")
        return download(_visible(actor, dataset_id), Form(form), actor=actor, at=timezone.now())


def _snapshot(request: Request, dataset_id: UUID) -> DatasetSnapshot:
    actor = require_scope(request, Scope.LABELS_READ)
    query.read(request.query_params, allowed=())
    return _visible(actor, dataset_id)


def _visible(actor: Actor, dataset_id: UUID) -> DatasetSnapshot:
    snapshot = queries.visible_snapshots(actor).filter(pk=dataset_id).first()
    if snapshot is None:
        raise NotFound
    return snapshot
