"""How a request is refused before or beside any view: a problem document for machines, a page for people."""

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from psycopg_pool import PoolTimeout

from reviewapp.config.api import plain_problem

OUTAGES = (OperationalError, InterfaceError, PoolTimeout)
_PAGES = {400, 403, 404, 409, 429, 500, 503}


def refuse(request: HttpRequest, status: int, code: str, detail: str) -> HttpResponse:
    """A problem document for machines, a page for people. Says its length, since nothing outside of `RequestGuard` will."""
    is_api = request.path.startswith("/api/")
    response = plain_problem(status, code, detail) if is_api else _page(request, status, detail)
    response["Content-Length"] = str(len(response.content))
    return response


def unavailable(request: HttpRequest) -> HttpResponse:
    response = refuse(
        request, 503, "unavailable", "The database does not answer. Nothing was changed; try again in a moment."
    )
    response["Retry-After"] = "5"
    return response


def _page(request: HttpRequest, status: int, detail: str) -> HttpResponse:
    return render(
        request,
        f"errors/{status if status in _PAGES else 400}.html",
        {"detail": detail, "status": status},
        status=status,
    )
