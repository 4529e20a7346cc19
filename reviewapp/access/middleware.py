"""Gives every request its user and its Actor, and ends sessions that are idle, too old or of an earlier epoch."""

from collections.abc import Callable, Mapping
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from reviewapp.access.authentication import ROLES
from reviewapp.access.grantable import has_queue, leads_queue
from reviewapp.access.models import User
from reviewapp.lib.actor import HUMAN, Actor
from reviewapp.lib.prepared import prepared

EPOCH, STARTED, SEEN = "epoch", "started", "seen"
UNATTENDED = "X-Live-Refresh"  # a page that renews itself does not show that somebody is there
_TOUCH_SECONDS = 60
BEFORE_OWN_PASSWORD = (
    "/password/",
    "/sign-out/",
    "/sign-in/",
    "/preferences/",
    "/help/",
    "/api/",
    "/healthz",
    "/readyz",
    "/static/",
)
PUBLIC = ("/sign-in/", "/healthz", "/readyz", "/metrics", "/api/", "/static/")


class ActorMiddleware:
    """Pages are for signed-in people, except those in `PUBLIC`; the API authenticates for itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        now = timezone.now().timestamp()
        user = session_user(request.session, now=now)
        request.user = user or AnonymousUser()
        request.actor = cast(
            "Actor", person(user, request_id=request.request_id) if user else None
        )  # a door behind sign-in has one
        if user is None and not request.path.startswith(PUBLIC):
            return sign_in_first(request)
        if user and user.must_change_password and not request.path.startswith(BEFORE_OWN_PASSWORD):
            return redirect("access:password")
        if user and now - request.session[SEEN] > _TOUCH_SECONDS and UNATTENDED not in request.headers:
            request.session[SEEN] = now
        return self.get_response(request)


def sign_in_first(request: HttpRequest) -> HttpResponse:
    """To the sign-in page, and from there back to where a link led. A machine's key opens no page."""
    if "Authorization" in request.headers:
        raise PermissionDenied
    return redirect_to_login(request.get_full_path() if request.method == "GET" else "/")


def person(user: Any, *, request_id: str) -> Actor:
    return Actor(kind=HUMAN, user_id=user.pk, name=user.username, roles=frozenset(user.roles), request_id=request_id)


def session_user(session: Mapping[str, Any], *, now: float) -> Any:
    """The person, with `roles`, `has_queue` and `leads_queue`, of a session that is still good: one statement (and the session's own)."""
    user_id = session.get(SESSION_KEY)
    if not user_id or not is_timely(session, now=now):
        return None
    user = next(iter(_person(UUID(user_id))), None)
    return user if user is not None and user.session_epoch == session.get(EPOCH) else None


@prepared
def _person(user_id: UUID) -> QuerySet[User]:
    rows = User.objects.annotate(roles=ROLES, has_queue=has_queue(), leads_queue=leads_queue())
    return rows.filter(pk=user_id, is_active=True, is_service=False)


def is_timely(session: Mapping[str, Any], *, now: float) -> bool:
    """Neither idle for too long nor too old."""
    is_awake = now - session.get(SEEN, 0) <= settings.SESSION_IDLE_SECONDS
    return bool(is_awake and now - session.get(STARTED, 0) <= settings.SESSION_COOKIE_AGE)
