"""The trail for machines: the same filters, the same right, and each event with the bytes and the MAC to check it by."""

from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviewapp.audit import actions, queries, rules
from reviewapp.audit.forms import PARAMS, read_filters
from reviewapp.audit.models import AuditEvent
from reviewapp.lib import query
from reviewapp.lib.api import require_scope


class ActorShape(serializers.Serializer[Any]):
    kind = serializers.CharField()
    id = serializers.UUIDField(allow_null=True)
    name = serializers.CharField()
    roles = serializers.CharField()


class ObjectShape(serializers.Serializer[Any]):
    type = serializers.CharField()
    id = serializers.CharField()


class EventShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    at = serializers.DateTimeField()
    action = serializers.CharField()
    outcome = serializers.CharField()
    actor = ActorShape()
    object = ObjectShape()
    queue_id = serializers.UUIDField(allow_null=True)
    request_id = serializers.CharField()
    data = serializers.DictField()  # type: ignore[assignment]  # a field; DRF keeps fields apart from its own names
    canonical = serializers.CharField()
    mac = serializers.CharField()


class EventList(serializers.Serializer[Any]):
    results = EventShape(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class AuditEvents(APIView):
    """`GET /api/v1/audit-events`: newest first. Needs the scope audit:read and the role Auditor or Admin."""

    @extend_schema(
        operation_id="list_audit_events",
        parameters=[OpenApiParameter(name, OpenApiTypes.STR) for name in PARAMS]
        + [OpenApiParameter("page_size", OpenApiTypes.INT)],
        responses={200: EventList},
    )
    def get(self, request: Request) -> Response:
        actor = require_scope(request, rules.READ_SCOPE)
        values = query.read(request.GET, allowed=[*PARAMS, "page_size"])
        page = actions.view_trail(
            filters=read_filters(values),
            cursor=values.get("cursor"),
            size=query.size(values),
            actor=actor,
            at=timezone.now(),
        )
        queries.withhold(page.rows, actor)
        return Response(
            {"results": [_told(event) for event in page.rows], "next": page.next, "previous": page.previous}
        )


def _told(event: AuditEvent) -> dict[str, Any]:
    """`canonical` is the exact text (RFC 8785, UTF-8) that `mac` (HMAC-SHA-256, hex) authenticates; empty while its data is withheld."""
    return {
        "id": str(event.event_uuid),
        "at": event.at,
        "action": event.action,
        "outcome": event.outcome,
        "actor": {"kind": event.actor_kind, "id": event.actor_id, "name": event.actor_name, "roles": event.actor_role},
        "object": {"type": event.object_type, "id": event.object_id},
        "queue_id": event.queue_id,
        "request_id": event.request_id,
        "data": event.data,
        "canonical": bytes(event.canon).decode(errors="replace"),
        "mac": bytes(event.mac).hex(),
    }
