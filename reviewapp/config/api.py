"""How the API reads and answers: strict JSON in, JSON out, every failure as RFC 9457 `application/problem+json` with a stable code."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpResponse, JsonResponse
from rest_framework import exceptions
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from reviewapp.access.idempotency import Replayed
from reviewapp.lib import strictjson
from reviewapp.lib.errors import CountersignError, Malformed, Problem, TooLarge, UnsupportedMedia

PROBLEM_JSON = "application/problem+json"
_CHARSET = re.compile(r"charset=\"?([\w.-]+)\"?", re.IGNORECASE)


class StrictJSONParser(BaseParser):
    """`application/json` in UTF-8, uncompressed, bounded in size and depth, always an object."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> dict[str, Any]:
        request = (parser_context or {})["request"]
        check_media(request)
        value = strictjson.loads(read_body(request, most=settings.API_BODY_BYTES))
        if not isinstance(value, dict):
            raise Malformed("Send a JSON object.", code="not-an-object")
        return value


def check_media(request: Any) -> None:
    """:raises UnsupportedMedia: unless the body is plain UTF-8."""
    charset = _CHARSET.search(request.META.get("CONTENT_TYPE", ""))
    if charset and charset[1].lower() not in {"utf-8", "utf8"}:
        raise UnsupportedMedia("Send UTF-8.")
    if request.META.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise UnsupportedMedia("Send the body uncompressed.")


def read_body(request: Any, *, most: int) -> bytes:
    """The raw body, at most `most` bytes, however the sender declared its length."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > most:
        raise TooLarge(f"Send at most {most} bytes.")
    body = getattr(request, "_request", request).read(most + 1)
    if len(body) > most:
        raise TooLarge(f"Send at most {most} bytes.")
    return body


class ApiRenderer(BaseRenderer):
    """JSON by orjson; bytes that are JSON already (stored answers) pass through."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None) -> bytes:
        if isinstance(data, bytes):
            return data
        return b"" if data is None else orjson.dumps(data, option=orjson.OPT_UTC_Z, default=str)


class JSONOnly(BaseContentNegotiation):
    """Whatever is asked for, JSON is what there is."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        kind = (request.content_type or "").split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == kind), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


def problem(status: int, code: str, detail: str, errors: Iterable[Problem] = ()) -> dict[str, Any]:
    return {
        "type": f"/help/client/#{code}",
        "title": code.replace("-", " ").replace("_", " ").capitalize(),
        "status": status,
        "code": code,
        "detail": detail,
        "errors": [{"pointer": error.pointer, "code": error.code, "detail": error.detail} for error in errors],
    }


def plain_problem(status: int, code: str, detail: str) -> JsonResponse:
    """A problem from outside DRF."""
    return JsonResponse(problem(status, code, detail), status=status, content_type=PROBLEM_JSON)


def problem_response(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """DRF's exception handler: known failures become answers, unknown ones travel up."""
    if isinstance(error, Replayed):
        return Response(error.answer or None, status=error.status, headers={"Idempotent-Replayed": "true"})
    if isinstance(error, CountersignError):
        return _response(error.status, error.code, error.detail, error.errors, retry_after=getattr(error, "retry_after", None))
    if isinstance(error, RequestDataTooBig):
        return _response(413, "too-large", "The body is too large.")
    if isinstance(error, Http404):
        return _response(404, "not-found", "There is no such thing, or you may not see it.")
    if isinstance(error, PermissionDenied):
        return _response(403, "not-allowed", "You may not do this.")
    if isinstance(error, BadRequest):
        return _response(400, "malformed", "The request could not be read.")
    if isinstance(error, OperationalError | InterfaceError):
        return _response(503, "unavailable", "The database does not answer. Nothing was changed; try again.", retry_after=5)
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


def _response(status: int, code: str, detail: str, errors: Iterable[Problem] = (), retry_after: int | None = None) -> Response:
    response = Response(problem(status, code, detail, errors), status=status, content_type=PROBLEM_JSON)
    if retry_after:
        response["Retry-After"] = str(retry_after)
    if status == TooLarge.status:
        response["Connection"] = "close"
    return response
