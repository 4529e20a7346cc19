"""The API of forecasts."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviewapp.access.rules import Scope
from reviewapp.lib import query
from reviewapp.lib.api import require_scope
from reviewapp.lib.errors import NotFound
from reviewapp.monitoring import queries, serializers


class ForecastsView(APIView):
    """How many cases of each queue that you lead will breach in the next 8 hours, as worked out last, and with one more reviewer."""

    @extend_schema(operation_id="list_forecasts", responses={200: serializers.ForecastsShape})
    def get(self, request: Request) -> Response:
        actor = require_scope(request, Scope.CASES_LEAD)
        query.read(request.query_params, allowed=())
        found = queries.standing(actor, now=timezone.now())
        if not found:
            raise NotFound
        return Response({"results": [serializers.forecast_answer(row) for row in found]})
