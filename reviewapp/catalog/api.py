"""The API of the catalog: use cases, models and their versions, to read."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviewapp.access.rules import Scope
from reviewapp.catalog import queries, serializers
from reviewapp.lib import paging, query
from reviewapp.lib.api import require_scope
from reviewapp.lib.errors import NotFound
from reviewapp.lib.shapes import ProblemShape

VERSION_ORDER = ("-registered_at", "-id")
_PAGE = [OpenApiParameter("cursor", str), OpenApiParameter("page_size", int, description="1 to 200")]
_USE_CASE = OpenApiParameter("use_case", str, description="Slug of a use case")


def _problems(*statuses: int) -> dict[int, Any]:
    return dict.fromkeys((400, 401, 403, *statuses), ProblemShape)


class UseCaseListView(APIView):
    """The use cases one has a right on, with the inputs and reasons in force."""

    @extend_schema(
        operation_id="list_use_cases", parameters=_PAGE, responses={200: serializers.UseCaseList, **_problems()}
    )
    def get(self, request: Request) -> Response:
        actor = require_scope(request, Scope.CATALOG_READ)
        values = query.read(request.query_params, allowed=("cursor", "page_size"))
        rows = queries.with_inputs_and_reasons(queries.visible_use_cases(actor))
        return _page(rows, values, order=("slug",), purpose="use cases", answer=serializers.use_case_answer)


class ModelListView(APIView):
    """The models of these use cases."""

    @extend_schema(
        operation_id="list_models",
        parameters=[_USE_CASE, *_PAGE],
        responses={200: serializers.ModelList, **_problems()},
    )
    def get(self, request: Request) -> Response:
        actor = require_scope(request, Scope.CATALOG_READ)
        values = query.read(request.query_params, allowed=("use_case", "cursor", "page_size"))
        rows = queries.with_live_version(queries.visible_models(actor))
        if "use_case" in values:
            rows = rows.filter(use_case__slug=values["use_case"])
        purpose = f"models {values.get('use_case', '')}"
        return _page(rows, values, order=("name",), purpose=purpose, answer=serializers.model_answer)


class VersionListView(APIView):
    """The versions of one model, newest first."""

    @extend_schema(
        operation_id="list_model_versions", parameters=_PAGE, responses={200: serializers.VersionList, **_problems(404)}
    )
    def get(self, request: Request, name: str) -> Response:
        actor = require_scope(request, Scope.CATALOG_READ)
        values = query.read(request.query_params, allowed=("cursor", "page_size"))
        model = queries.visible_models(actor).filter(name=name).first()
        if model is None:
            raise NotFound
        rows = queries.versions_of(model)
        return _page(
            rows, values, order=VERSION_ORDER, purpose=f"versions {model.pk}", answer=serializers.version_answer
        )


def _page(
    rows: QuerySet[Any],
    values: dict[str, str],
    *,
    order: tuple[str, ...],
    purpose: str,
    answer: Callable[[Any], dict[str, Any]],
) -> Response:
    page = paging.paginate(rows, order=order, cursor=values.get("cursor"), size=query.size(values), purpose=purpose)
    return Response({"results": [answer(row) for row in page.rows], "next": page.next, "previous": page.previous})
