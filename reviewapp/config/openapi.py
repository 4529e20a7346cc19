"""The API's own description, OpenAPI 3.1: what drf-spectacular reads off the doors, and what is true of every one of them."""

from functools import cache
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator

from reviewapp.lib.api import PROBLEM_JSON
from reviewapp.lib.query import MOST_ROWS
from reviewapp.lib.shapes import ProblemShape

_ALWAYS = {
    400: "The request could not be read.",
    401: "No valid key.",
    403: "The key lacks the scope, or its owner the right.",
    404: "There is no such thing, or you may not see it.",
    414: "The address is too long.",
    429: "Too many requests; Retry-After says when to try again.",
    503: "A part of the system does not answer; nothing was changed. Retry-After says when to try again.",
}
_WITH_BODY = {
    409: "Something changed meanwhile, or the Idempotency-Key was used with another request.",
    413: "The body is too large.",
    415: "Not JSON in UTF-8.",
    422: "Read, but some values are not acceptable; `errors` points at each.",
}
_WORDS = _ALWAYS | _WITH_BODY
_WRITES = {"post", "put", "patch", "delete"}


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    target_class = "reviewapp.access.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "A key made under Keys: csk_…"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    target_class = "reviewapp.access.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "countersign_session",
            "description": "A signed-in person in a browser",
        }


def complete(result: dict[str, Any], **_: object) -> dict[str, Any]:
    """Postprocessing hook: every operation can answer with a problem, and no body takes a field that is not listed."""
    shape = _problem_shape(result["components"]["schemas"])
    for path in result["paths"].values():
        for method, operation in path.items():
            _document_problems(operation, shape, writes=method in _WRITES)
            _document_parameters(operation, writes=method in _WRITES)
            _close_bodies(operation, result["components"]["schemas"])
    return result


def _problem_shape(schemas: dict[str, Any]) -> dict[str, str]:
    """A reference to the shape of problems, which the doors that name a problem of their own have brought in."""
    name = ProblemShape.__name__
    assert name in schemas  # noqa: S101 -- fails at the first test, never in life
    return {"$ref": f"#/components/schemas/{name}"}


def _document_problems(operation: dict[str, Any], shape: dict[str, str], *, writes: bool) -> None:
    responses = operation["responses"]
    for status, words in (_ALWAYS | (_WITH_BODY if writes else {})).items():
        responses.setdefault(str(status), {"description": words})
    for status, response in responses.items():
        if status >= "400":
            response["description"] = response.get("description") or _WORDS.get(int(status), "The request was refused.")
            response["content"] = {PROBLEM_JSON: {"schema": shape}}
    operation["responses"] = dict(sorted(responses.items()))


_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "description": "A repeated call with this key and the same body gives the stored answer again, for seven days.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
}


def _document_parameters(operation: dict[str, Any], *, writes: bool) -> None:
    """Every write takes an Idempotency-Key; every page has the same bounds."""
    listed = operation.setdefault("parameters", [])
    for parameter in listed:
        if parameter["name"] == "page_size":
            parameter["schema"] = {"type": "integer", "minimum": 1, "maximum": MOST_ROWS}
    if writes:
        listed[:] = [parameter for parameter in listed if parameter["name"] != _KEY["name"]] + [_KEY]


def _close_bodies(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    for media in operation.get("requestBody", {}).get("content", {}).values():
        _close(media["schema"], schemas)


def _close(schema: dict[str, Any], schemas: dict[str, Any]) -> None:
    """No properties but those listed, here and in everything this schema is made of. Free dictionaries stay free."""
    if "$ref" in schema:
        return _close(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    for part in (*schema.get("oneOf", ()), *schema.get("allOf", ()), *([schema["items"]] if "items" in schema else ())):
        _close(part, schemas)
    if "properties" in schema and "additionalProperties" not in schema:
        schema["additionalProperties"] = False
        for part in schema["properties"].values():
            _close(part, schemas)
    return None


@cache
def _document() -> bytes:
    return orjson.dumps(SchemaGenerator().get_schema(request=None, public=True), default=str)


@require_safe
def document(request: HttpRequest) -> HttpResponse:
    """The description as JSON; the same for everyone, made once per process."""
    return HttpResponse(_document(), content_type="application/json")


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The description to read and to try."""
    return render(request, "api_docs.html")
