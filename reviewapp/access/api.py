"""The API of what people set for themselves: only ever one's own."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviewapp.access import actions, queries
from reviewapp.access.idempotency import once_of
from reviewapp.access.rules import KEY_WORDS, Scope
from reviewapp.access.serializers import AbsenceBody, AbsenceShape, OwnKeysBody, OwnKeysShape
from reviewapp.lib import query
from reviewapp.lib.api import require_scope
from reviewapp.lib.fields import Fields


class OwnKeysView(APIView):
    """Which keys one presses instead of those of the product."""

    @extend_schema(operation_id="read_own_keys", responses={200: OwnKeysShape})
    def get(self, request: Request) -> Response:
        actor = require_scope(request, Scope.CASES_REVIEW)
        query.read(request.query_params, allowed=())
        return Response({"own_keys": queries.own_settings(actor).own_keys})

    @extend_schema(operation_id="set_own_keys", request=OwnKeysBody, responses={200: OwnKeysShape})
    def put(self, request: Request) -> Response:
        actor = require_scope(request, Scope.CASES_REVIEW)
        own = _own_keys(request)
        answer = {"own_keys": {key: pressed for key, pressed in own.items() if pressed != key}}
        once = once_of(request, render=lambda _: answer)
        actions.set_own_keys(user_id=request.user.pk, own=own, actor=actor, at=timezone.now(), once=once)
        return Response(answer)


def _own_keys(request: Request) -> Mapping[str, str]:
    fields = Fields(request.data)
    own = fields.mapping("own_keys")
    if isinstance(request.data, dict) and request.data.get("own_keys") is None:
        fields.add("own_keys", "required", "Send an object; an empty one gives all keys back.")
    if not own.keys() <= KEY_WORDS.keys():
        fields.add("own_keys", "unknown_value", f"The keys of the product are {', '.join(KEY_WORDS)}.")
    if not all(isinstance(pressed, str) for pressed in own.values()):
        fields.add("own_keys", "wrong_type", "Send a letter for each key.")
    fields.done()
    return own


class AbsenceView(APIView):
    """Until when one is out of office: nobody gives one a case meanwhile."""

    @extend_schema(operation_id="read_absence", responses={200: AbsenceShape})
    def get(self, request: Request) -> Response:
        actor = require_scope(request, Scope.CASES_REVIEW)
        query.read(request.query_params, allowed=())
        until = queries.own_settings(actor).away_until
        return Response({"away_until": until if until is not None and until > timezone.now() else None})

    @extend_schema(operation_id="set_absence", request=AbsenceBody, responses={200: AbsenceShape})
    def put(self, request: Request) -> Response:
        actor = require_scope(request, Scope.CASES_REVIEW)
        until = _until(request)
        answer: dict[str, Any] = {"away_until": until}
        once = once_of(request, render=lambda _: answer)
        actions.set_away(user_id=request.user.pk, until=until, actor=actor, at=timezone.now(), once=once)
        return Response(answer)


def _until(request: Request) -> datetime | None:
    fields = Fields(request.data)
    is_back = fields.sent(("away_until",)).get("away_until", "") is None
    until = None if is_back else fields.moment("away_until")
    fields.done()
    return until
