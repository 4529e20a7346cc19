"""The first and last thing every request meets: an id, a plain refusal of what no browser sends, headers, and an outage as a clean 503."""

import io
import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.core.exceptions import DisallowedHost, RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from reviewapp.cases.documents.receiving import InMemory
from reviewapp.config.refusing import OUTAGES, refuse, unavailable
from reviewapp.lib.errors import CountersignError
from reviewapp.notifications.live import socket_url

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_CONTROL_IN_HEADER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x85]")  # a tab is allowed there
_SECRET_PARAMS = {"token", "key", "api_key", "access_token", "password"}
_URL_LENGTH = 4096
_PARAM = re.compile(r"[a-z]+(_[a-z]+)*")  # how all of ours are spelled; no lookup, no index, no dunder can be
_BATCH = "/api/v1/predictions/batch"
_DOCUMENTS = re.compile(r"(/api/v1)?/(cases|predictions)/[0-9a-f-]{36}/documents/?")


class RequestGuard:
    """Outermost middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request.request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
        response = self._refusal(request) or self.get_response(request)
        response["X-Request-ID"] = request.request_id
        response.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        if not request.path.startswith(settings.STATIC_URL):
            response.setdefault("Cache-Control", "no-store")
        return response

    def _refusal(self, request: HttpRequest) -> HttpResponse | None:
        if len(request.get_full_path()) > _URL_LENGTH:
            return refuse(request, 414, "url-too-long", "The address is too long.")
        if _CONTROL.search(request.path):
            return refuse(request, 404, "not-found", "There is nothing at this address.")
        if any(_CONTROL_IN_HEADER.search(value) for name, value in request.META.items() if name.startswith("HTTP_")):
            return refuse(request, 400, "control-character", "A header holds a control character.")
        if any(_CONTROL.search(value) for value in request.COOKIES.values()):  # a quoted one may write it as \000
            return refuse(request, 400, "control-character", "A cookie holds a control character.")
        if not _SECRET_PARAMS.isdisjoint(request.GET):
            return refuse(request, 400, "secret-in-url", "Send keys in the Authorization header, never in the address.")
        if not all(_PARAM.fullmatch(name) for name in request.GET):
            return refuse(request, 400, "unknown_param", "The address has a parameter that nothing here knows.")
        if any(len(values) > 1 for _, values in request.GET.lists()):
            return refuse(request, 400, "repeated-param", "The address gives a parameter more than once.")
        return _measure(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, OUTAGES):
            return unavailable(request)
        if isinstance(error, CountersignError):  # a page let it travel; the API answers for itself
            response = refuse(request, error.status, error.code, error.detail)
            if retry_after := getattr(error, "retry_after", None):
                response["Retry-After"] = str(retry_after)
            return response
        return None


class _Body(io.RawIOBase):
    """At most `most` bytes of a body.

    The server tells one that was cut off no different from a whole one. With `announced`, ending before `most` is a failure;
    without, `most` is one more than there may be, and reaching it is too much.
    """

    def __init__(self, source: Any, most: int, *, announced: bool) -> None:
        super().__init__()
        self._source = source
        self._left = most
        self._announced = announced

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = self._left if size is None or size < 0 else min(size, self._left)
        data: bytes = self._source.read(wanted) if wanted else b""
        self._left -= len(data)
        if self._announced and len(data) < wanted:
            raise OSError("the body ended early")
        if not self._announced and not self._left:
            raise RequestDataTooBig
        return data


def _measure(request: HttpRequest) -> HttpResponse | None:
    """Refuses a body that is too large by what it says, and sees to it that the others are read whole or not at all."""
    most = settings.API_BATCH_BYTES if request.path == _BATCH else settings.API_BODY_BYTES
    if _DOCUMENTS.fullmatch(request.path):
        most = settings.DOCUMENT_BODY_BYTES
        request.upload_handlers = [InMemory(request)]  # before anything reads the form
    length, source = request.META.get("CONTENT_LENGTH") or "0", request.META["wsgi.input"]
    if "HTTP_TRANSFER_ENCODING" in request.META:
        request.META["CONTENT_LENGTH"] = str(most)  # without one, nothing would be read
        _read_from(request, _Body(source, most + 1, announced=False))
    elif not length.isdecimal() or int(length) > most:
        response = refuse(request, 413, "too-large", f"Send at most {most} bytes.")
        response["Connection"] = "close"
        return response
    elif length != "0":
        _read_from(request, _Body(source, int(length), announced=True))
    return None


def _read_from(request: HttpRequest, body: _Body) -> None:
    """Instead of the stream that Django made of the announced length."""
    request._stream = body  # type: ignore[assignment]  # noqa: SLF001 -- there is no public way


class ContentPolicy(CSPMiddleware):
    """The policy of the settings, and where sockets have a port of their own, leave to talk to that port of the host that was asked for."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if settings.SOCKET_PORT:
            parts.update = {"connect-src": _sockets_of(request)}
        return parts


def _sockets_of(request: HttpRequest) -> list[str]:
    try:
        return [socket_url(request)]
    except DisallowedHost:
        return []
