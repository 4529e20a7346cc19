"""Pages that belong to no room: errors, help, the start, and whether the system lives."""

import sys

import redis
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from reviewapp.cases.figures import backlog_figures
from reviewapp.config.context import nav
from reviewapp.config.refusing import OUTAGES, refuse, unavailable
from reviewapp.config.release import is_migrated
from reviewapp.lib import bell


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refuse(request, 400, "bad-request", "The request could not be read.")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refuse(request, 403, "not-allowed", "You may not do this.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refuse(request, 404, "not-found", "There is no such thing, or you may not see it.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Also reached by a database that is lost before any view begins, which is an outage and no fault."""
    if isinstance(sys.exception(), OUTAGES):
        return unavailable(request)
    return refuse(request, 500, "server-error", "Something went wrong here. It was logged under this request's id.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return refuse(
        request,
        403,
        "csrf",
        "This form is too old or came from another site. Go back, reload the page and send it again.",
    )


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """PostgreSQL, Redis, migrations and workers, each named; 503 if one is missing."""
    checks = {
        "postgresql": _database_answers(),
        "redis": _redis_answers(),
        "migrations": is_migrated(),
        "workers": _workers_answer(),
    }
    return JsonResponse({"ready": all(checks.values()), "checks": checks}, status=200 if all(checks.values()) else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
    except DatabaseError:
        return False
    return True


def _redis_answers() -> bool:
    try:
        return bool(bell.client().ping())
    except redis.RedisError:
        return False


def _workers_answer() -> bool:
    """Each worker process writes a heartbeat key (`config.celery`); both kinds must be alive."""
    try:
        return all(cache.get(f"worker:{kind}") for kind in ("models", "default"))
    except (redis.RedisError, OSError):
        return False


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Figures of the backlog in Prometheus' text form: counts only."""
    registry = CollectorRegistry()
    for name, (help_text, value) in backlog_figures().items():
        Gauge(f"countersign_{name}", help_text, registry=registry).set(value)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """The first place this person may go: their work, or what their role is for."""
    return redirect(nav(request)[0]["url"])


HELP_PAGES = ("reviewer", "lead", "admin", "auditor", "ml", "client")


@require_safe
def help_index(request: HttpRequest) -> HttpResponse:
    return render(request, "help/index.html")


@require_safe
def help_page(request: HttpRequest, role: str) -> HttpResponse:
    """Help for one kind of work, open to everyone signed in."""
    if role not in HELP_PAGES:
        raise Http404
    return render(request, f"help/{role}.html")


help_urlpatterns = [path("", help_index, name="index"), path("<slug:role>/", help_page, name="page")]
