"""The API of predictions: one, many, read."""

import re
import threading
import time
from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviewapp.access.idempotency import Once, once_of
from reviewapp.access.replies import answered
from reviewapp.access.rules import Scope
from reviewapp.catalog.queries import IntakeBundle, bundles_for
from reviewapp.intake import actions, queries, schemas
from reviewapp.intake.actions import PENDING, Receipt
from reviewapp.intake.reading import Item, read_item, unknown_use_case, use_case_of
from reviewapp.lib import paging, query, strictjson
from reviewapp.lib.actor import Actor
from reviewapp.lib.api import LinesParser, StrictBatchParser, StrictJSONParser, problem, require_scope
from reviewapp.lib.errors import CountersignError, Malformed, NotFound

MOST_ITEMS = 1000
LONGEST_WAIT = 10
_WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,4})(?:$|[,;\s])")
_LOOK_AGAIN = 0.02
# Whoever waits holds a thread of the web server. Half of the threads stay for everybody else.
_waiting = threading.BoundedSemaphore(2)
LIST_ORDER = ("-received_at", "-id")


class PredictionsView(APIView):
    """Send one prediction; read those sent."""

    parser_classes = (StrictJSONParser,)

    @extend_schema(
        operation_id="send_prediction",
        request=schemas.PredictionBody,
        parameters=[
            OpenApiParameter(
                "Prefer",
                str,
                OpenApiParameter.HEADER,
                description="wait=N: wait up to N seconds (at most 10) for the score; where many wait already, the answer comes at once",
            ),
            OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER),
        ],
        responses={201: schemas.PredictionAnswer, 202: schemas.PredictionAnswer, 200: schemas.PredictionAnswer},
    )
    def post(self, request: Request) -> Response:
        actor = require_scope(request, Scope.PREDICTIONS_WRITE)
        item = _read(request.data, actor)
        single = partial(_single, actor)
        once = once_of(request, render=single, says=lambda receipt: receipt.status)
        receipt: Receipt = actions.receive(item=item, actor=actor, at=timezone.now(), once=once)
        if receipt.status == PENDING:
            _wait(receipt, request)
        if once and once.answer and receipt.status != PENDING:
            return Response(once.answer, status=receipt.status)
        body = single(receipt)
        return Response(
            body, status=201 if receipt.status == PENDING and body["status"] != "pending" else receipt.status
        )

    @extend_schema(
        operation_id="list_predictions",
        parameters=[
            OpenApiParameter("external_id", str),
            OpenApiParameter("use_case", str),
            OpenApiParameter("cursor", str),
            OpenApiParameter("page_size", int),
        ],
        responses={200: schemas.PredictionList},
    )
    def get(self, request: Request) -> Response:
        actor = require_scope(request, Scope.PREDICTIONS_READ)
        values = query.read(request.query_params, allowed=("external_id", "use_case", "cursor", "page_size"))
        rows = queries.visible_predictions(actor).filter(corrects=None)
        if "use_case" in values:
            rows = rows.filter(use_case__slug=values["use_case"])
        if "external_id" in values:
            rows = rows.filter(external_id=values["external_id"])
        page = paging.paginate(
            rows, order=LIST_ORDER, cursor=values.get("cursor"), size=query.size(values), purpose="predictions"
        )
        results = queries.answers([row.pk for row in page.rows], actor)
        return Response({"results": results, "next": page.next, "previous": page.previous})


def _read(raw: Any, actor: Actor) -> Item:
    slug = use_case_of(raw)
    bundle = bundles_for(actor, [slug]).get(slug)
    if bundle is None:
        raise unknown_use_case()
    return read_item(raw, bundle)


def _single(actor: Actor, receipt: Receipt) -> dict[str, Any]:
    return queries.answers([receipt.prediction_id], actor)[0] if receipt.prediction_id else {}


def _wait(receipt: Receipt, request: Request) -> None:
    """`Prefer: wait=N`: look until the model worker is done or the time is up; not at all where as many wait as may."""
    found = _WAIT.search(request.headers.get("Prefer", ""))
    if not found or not _waiting.acquire(blocking=False):
        return
    try:
        end = time.monotonic() + min(int(found[1]), LONGEST_WAIT)
        while receipt.prediction_id and time.monotonic() < end and queries.is_pending(receipt.prediction_id):
            time.sleep(_LOOK_AGAIN)
    finally:
        _waiting.release()


class PredictionView(APIView):
    """One prediction, by its id."""

    @extend_schema(operation_id="read_prediction", responses={200: schemas.PredictionAnswer})
    def get(self, request: Request, prediction_id: UUID) -> Response:
        actor = require_scope(request, Scope.PREDICTIONS_READ)
        query.read(request.query_params, allowed=())
        if not queries.visible_predictions(actor).filter(pk=prediction_id).exists():
            raise NotFound
        return Response(queries.answers([prediction_id], actor)[0])


class BatchView(APIView):
    """Send up to 1,000 predictions. One bad item never spoils the others."""

    parser_classes = (StrictBatchParser, LinesParser)

    @extend_schema(
        operation_id="send_predictions",
        request={"application/json": schemas.BatchBody, "application/x-ndjson": schemas.PredictionBody},
        parameters=[OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)],
        responses={200: schemas.BatchAnswer},
    )
    def post(self, request: Request) -> Response:
        actor = require_scope(request, Scope.PREDICTIONS_WRITE)
        raws = _items(request.data)
        read = _read_all(raws, actor)
        items = [item for item in read if isinstance(item, Item)]

        def render(receipts: list[Receipt]) -> dict[str, Any]:
            return {"results": _results(read, receipts)}

        once: Once | None = once_of(request, render=render)
        receipts = actions.receive_many(items=items, actor=actor, at=timezone.now(), once=once) if items else []
        return answered(receipts, once, render)


def _items(data: Any) -> list[Any]:
    """The items of either form; each line of NDJSON is read by itself, none before they are counted."""
    lines = isinstance(data, list)
    if not lines and (not isinstance(data, dict) or set(data) != {"items"} or not isinstance(data["items"], list)):
        raise Malformed('Send {"items": [...]} with up to 1,000 predictions.', code="no-items")
    found: list[Any] = data if lines else data["items"]
    if not 1 <= len(found) <= MOST_ITEMS:
        raise Malformed(f"Send 1 to {MOST_ITEMS} items.", code="too-many-items" if found else "no-items")
    return [_line(line) for line in found] if lines else found


def _line(line: bytes) -> Any:
    try:
        return strictjson.loads(line)
    except CountersignError as error:
        return error


def _read_all(raws: list[Any], actor: Actor) -> list[Item | CountersignError]:
    slugs = {raw["use_case"] for raw in raws if type(raw) is dict and type(raw.get("use_case")) is str}
    bundles = bundles_for(actor, sorted(slugs))
    return [_read_one(raw, bundles) for raw in raws]


def _read_one(raw: Any, bundles: Mapping[str, IntakeBundle]) -> Item | CountersignError:
    if isinstance(raw, CountersignError):
        return raw
    try:
        bundle = bundles.get(use_case_of(raw))
        return read_item(raw, bundle) if bundle else unknown_use_case()
    except CountersignError as error:
        return error


def _results(read: list[Item | CountersignError], receipts: list[Receipt]) -> list[dict[str, Any]]:
    following = iter(receipts)
    return [_refused(one) if isinstance(one, CountersignError) else _result(next(following)) for one in read]


def _refused(error: CountersignError) -> dict[str, Any]:
    return {"status": error.status, "problem": problem(error.status, error.code, error.detail, error.errors)}


def _result(receipt: Receipt) -> dict[str, Any]:
    if receipt.status == actions.ContradictsEarlier.status:
        return _refused(actions.ContradictsEarlier()) | {"external_id": receipt.external_id}
    routed = receipt.routed
    return {
        "status": receipt.status,
        "id": str(receipt.prediction_id),
        "external_id": receipt.external_id,
        "result": routed.result if routed else None,
        "outcome": (routed.outcome or None) if routed else None,
        "case": str(receipt.case_id) if receipt.case_id else None,
    }
