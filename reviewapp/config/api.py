"""How errors become answers: every failure is `application/problem+json` with a stable code."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpResponse, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

from reviewapp.access.idempotency import Replayed
from reviewapp.lib.api import PROBLEM_JSON, problem
from reviewapp.lib.errors import CountersignError, Problem, TooLarge


def plain_problem(status: int, code: str, detail: str) -> JsonResponse:
    """A problem from outside DRF."""
    return JsonResponse(problem(status, code, detail), status=status, content_type=PROBLEM_JSON)


def problem_response(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """DRF's exception handler: known failures become answers, unknown ones travel up."""
    if isinstance(error, Replayed):
        return Response(error.answer or None, status=error.status, headers={"Idempotent-Replayed": "true"})
    if isinstance(error, CountersignError):
        return _response(
            error.status, error.code, error.detail, error.errors, retry_after=getattr(error, "retry_after", None)
        )
    if isinstance(error, RequestDataTooBig):
        return _response(413, "too-large", "The body is too large.")
    if isinstance(error, Http404):
        return _response(404, "not-found", "There is no such thing, or you may not see it.")
    if isinstance(error, PermissionDenied):
        return _response(403, "not-allowed", "You may not do this.")
    if isinstance(error, BadRequest):
        return _response(400, "malformed", "The request could not be read.")
    if isinstance(error, OperationalError | InterfaceError):
        return _response(
            503, "unavailable", "The database does not answer. Nothing was changed; try again.", retry_after=5
        )
    if isinstance(error, exceptions.APIException):
        return _framework_problem(error)
    return None


_FRAMEWORK = {
    400: ("malformed", "The request could not be read."),
    401: ("not-signed-in", "Send a valid key: Authorization: Bearer <key>."),
    403: ("not-allowed", "You may not do this."),
    405: ("method-not-allowed", "This address does not take that method."),
    415: ("unsupported-media-type", "Send application/json in UTF-8."),
    429: ("too-many", "Too many requests. Try again later."),
}


def _framework_problem(error: exceptions.APIException) -> Response:
    code, detail = _FRAMEWORK.get(error.status_code, ("error", "The request was refused."))
    response = _response(error.status_code, code, detail, retry_after=int(getattr(error, "wait", 0) or 0) or None)
    if auth_header := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = auth_header
    return response


def _response(
    status: int, code: str, detail: str, errors: Iterable[Problem] = (), retry_after: int | None = None
) -> Response:
    response = Response(problem(status, code, detail, errors), status=status, content_type=PROBLEM_JSON)
    if retry_after:
        response["Retry-After"] = str(retry_after)
    if status == TooLarge.status:
        response["Connection"] = "close"
    return response
