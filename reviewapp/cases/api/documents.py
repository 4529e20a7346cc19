"""The API of documents: attaching one to a case or, for the service that sent it, to a prediction."""

from collections.abc import Callable
from typing import Any
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
from reviewapp.cases.actions.attaching import case_to_attach_to, prediction_to_attach_to
from reviewapp.cases.documents.receiving import DocumentParser, no_file
from reviewapp.cases.documents_panel import attached_answer
from reviewapp.lib.actor import Actor
from reviewapp.lib.api import require_scope

_BODY = {"multipart/form-data": evidence_serializers.DocumentBody}


class CaseDocumentsView(APIView):
    """Attach a PDF, a PNG or a JPEG to a case that one may work on. What it is, is found by opening it."""

    parser_classes = (DocumentParser,)

    @extend_schema(operation_id="attach_to_case", request=_BODY, responses={201: evidence_serializers.AttachedShape})
    def post(self, request: Request, case_id: UUID) -> Response:
        actor = require_scope(request, Scope.CASES_REVIEW)
        case_to_attach_to(case_id, actor)  # nobody else's body is read
        return _attached(request, actor, actions.attach_to_case, case_id=case_id)


class PredictionDocumentsView(APIView):
    """Attach a PDF, a PNG or a JPEG to a prediction that one sent. The case it opens shows it."""

    parser_classes = (DocumentParser,)

    @extend_schema(
        operation_id="attach_to_prediction", request=_BODY, responses={201: evidence_serializers.AttachedShape}
    )
    def post(self, request: Request, prediction_id: UUID) -> Response:
        actor = require_scope(request, Scope.PREDICTIONS_WRITE)
        prediction_to_attach_to(prediction_id, actor)  # likewise
        return _attached(request, actor, actions.attach_to_prediction, prediction_id=prediction_id)


def _attached(request: Request, actor: Actor, attach: Callable[..., Any], **place: UUID) -> Response:
    given: Any = request.data
    if "data" not in given:  # an empty body is read by no parser
        raise no_file()
    once = once_of(request, render=attached_answer, says=lambda _: 201)
    kept = attach(**place, data=given["data"], name=given["name"], actor=actor, at=timezone.now(), once=once)
    return answered(kept, once, attached_answer, 201)
