"""The API of forecasts and shifts."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviewapp.access.idempotency import once_of
from reviewapp.access.rules import Scope
from reviewapp.lib import query
from reviewapp.lib.api import require_scope
from reviewapp.lib.errors import NotFound
from reviewapp.lib.fields import Fields
from reviewapp.monitoring import actions, queries, serializers
from reviewapp.monitoring.rules import MOST_PEOPLE


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


class ShiftView(APIView):
    """How many people work on a queue that one leads, and until when: the forecast counts with it from the next minute on."""

    @extend_schema(operation_id="enter_shift", request=serializers.ShiftBody, responses={200: serializers.ShiftShape})
    def put(self, request: Request, slug: str) -> Response:
        actor = require_scope(request, Scope.CASES_LEAD)
        fields = Fields(request.data)
        people, until = fields.integer("people", low=0, high=MOST_PEOPLE), fields.moment("until")
        fields.done()
        once = once_of(request, render=serializers.shift_answer)
        shift = actions.enter_shift(slug=slug, people=people, until=until, actor=actor, at=timezone.now(), once=once)
        return Response(serializers.shift_answer(shift))

    @extend_schema(operation_id="clear_shift", request=None, responses={204: None})
    def delete(self, request: Request, slug: str) -> Response:
        """Those who are seen at work count again."""
        actor = require_scope(request, Scope.CASES_LEAD)
        Fields(request.data).done()
        once = once_of(request, render=lambda _: None, says=lambda _: 204)
        actions.clear_shift(slug=slug, actor=actor, at=timezone.now(), once=once)
        return Response(status=204)
