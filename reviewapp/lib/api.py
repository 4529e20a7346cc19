"""How the API reads and answers: strict JSON in, JSON out, problems as RFC 9457 objects. `config.api` maps errors to answers."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from django.conf import settings
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from reviewapp.lib import strictjson
from reviewapp.lib.actor import Actor
from reviewapp.lib.errors import Malformed, NotAllowed, Problem, TooLarge, UnsupportedMedia

PROBLEM_JSON = "application/problem+json"
_UTF8 = {"utf-8", "utf8", '"utf-8"', '"utf8"'}
_MOST_LINES = 100_000  # far more than a batch may have: bounds what splitting costs


class StrictJSONParser(BaseParser):
    """`application/json` in UTF-8, uncompressed, bounded in size and depth, always an object."""

    media_type = "application/json"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        request = (parser_context or {})["request"]
        check_media(request)
        value = strictjson.loads(read_body(request, most=self.most_bytes()))
        if not isinstance(value, dict):
            raise Malformed("Send a JSON object.", code="not-an-object")
        return value

    def most_bytes(self) -> int:
        return int(settings.API_BODY_BYTES)


class StrictBatchParser(StrictJSONParser):
    """The same, for batches."""

    def most_bytes(self) -> int:
        return int(settings.API_BATCH_BYTES)


class LinesParser(BaseParser):
    """`application/x-ndjson`: the lines as bytes, unread, so that a bad one spoils no other."""

    media_type = "application/x-ndjson"

    def parse(  # type: ignore[override]
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> list[bytes]:
        request = (parser_context or {})["request"]
        check_media(request)
        lines = read_body(request, most=settings.API_BATCH_BYTES).split(b"\n", _MOST_LINES)
        return [line for line in lines if line.strip()]


def check_media(request: Any) -> None:
    """:raises UnsupportedMedia: unless the body is plain UTF-8."""
    for parameter in request.META.get("CONTENT_TYPE", "").lower().split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().startswith("charset") and (name.strip() != "charset" or value.strip() not in _UTF8):
            raise UnsupportedMedia("Send UTF-8.")
    if request.META.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise UnsupportedMedia("Send the body uncompressed.")


def read_body(request: Any, *, most: int) -> bytes:
    """The raw body, at most `most` bytes, however the sender declared its length."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > most:
        raise TooLarge(f"Send at most {most} bytes.")
    plain = getattr(request, "_request", request)
    try:
        body: bytes = plain.read(most + 1)
    except OSError:
        raise Malformed("The body ended early.", code="cut-off") from None
    if len(body) > most:
        raise TooLarge(f"Send at most {most} bytes.")
    plain.body_digest = hashlib.sha256(body).digest()
    return body


class ApiRenderer(BaseRenderer):
    """JSON by orjson; bytes that are JSON already (stored answers) pass through."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        if isinstance(data, bytes):
            return data
        return b"" if data is None else orjson.dumps(data, option=orjson.OPT_UTC_Z, default=str)


def require_scope(request: Request, scope: str) -> Actor:
    """The request's actor. :raises NotAllowed: for a key that lacks `scope`; a person's rights decide alone."""
    actor: Actor = request._request.actor
    if not actor.has_scope(scope):
        raise NotAllowed(f"This key lacks the scope {scope}.", code="scope-missing")
    return actor


class JSONOnly(BaseContentNegotiation):
    """Whatever is asked for, JSON is what there is."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        kind = (request.content_type or "").split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == kind), None)

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
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
