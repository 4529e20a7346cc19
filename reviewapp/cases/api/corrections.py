"""The API of corrected inputs."""

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviewapp.access.idempotency import once_of
from reviewapp.access.replies import answered
from reviewapp.access.rules import Scope
from reviewapp.cases import actions, evidence_serializers
from reviewapp.cases.corrections_panel import proposed_answer
from reviewapp.cases.rules import MOST_LEASE
from reviewapp.lib.api import require_scope
from reviewapp.lib.fields import Fields


class CorrectionsView(APIView):
    """Correct inputs of a case one holds, each with its source. The model scores it anew; reading the case tells when it has."""

    @extend_schema(
        operation_id="correct_inputs",
        request=evidence_serializers.CorrectionBody,
        responses={202: evidence_serializers.ProposedShape},
    )
    def post(self, request: Request, case_id: UUID) -> Response:
        actor = require_scope(request, Scope.CASES_REVIEW)
        fields = Fields(request.data)
        given = {
            "lease": fields.integer("lease", low=1, high=MOST_LEASE),
            "changes": fields.mapping("changes"),
            "sources": fields.mapping("sources"),
        }
        fields.done()
        once = once_of(request, render=proposed_answer, says=lambda _: 202)
        made = actions.correct_inputs(case_id=case_id, **given, actor=actor, at=timezone.now(), once=once)
        return answered(made, once, proposed_answer, status=202)
