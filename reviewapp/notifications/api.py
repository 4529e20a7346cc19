"""The API of presence."""

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviewapp.access.rules import Scope
from reviewapp.cases.queries import visible_cases
from reviewapp.lib import query
from reviewapp.lib.api import require_scope
from reviewapp.lib.errors import NotFound
from reviewapp.notifications import serializers
from reviewapp.notifications.presence import present
from reviewapp.notifications.queries import shown_people


class PresenceView(APIView):
    """Who else has the page of a case open now. Asking makes nobody present, and whoever is to answer on their own is not told who has answered."""

    @extend_schema(operation_id="read_presence", responses={200: serializers.PresenceShape})
    def get(self, request: Request, case_id: UUID) -> Response:
        actor = require_scope(request, Scope.CASES_READ)
        query.read(request.query_params, allowed=())
        case = visible_cases(actor).filter(pk=case_id).first()
        if case is None:
            raise NotFound
        people = shown_people(case, actor, present(case_id, now=timezone.now()))
        return Response({"people": [serializers.person_line(person) for person in people]})
