"""A person's session in a browser: begun with a new id each time, so that an id from before is worth nothing."""

from datetime import datetime

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest
from django.middleware.csrf import rotate_token

from reviewapp.access.middleware import EPOCH, SEEN, STARTED
from reviewapp.access.models import User


def begin(request: HttpRequest, user: User, *, at: datetime) -> None:
    """Sign `user` in: whatever was in the session is gone, its id and the CSRF token are new."""
    request.session.flush()
    request.session.update(
        {SESSION_KEY: str(user.pk), EPOCH: user.session_epoch, STARTED: at.timestamp(), SEEN: at.timestamp()}
    )
    rotate_token(request)


def end(request: HttpRequest) -> None:
    """Forget the session here and in the database."""
    request.session.flush()


def address_of(request: HttpRequest) -> str:
    """Where the request comes from. Forwarded addresses count only from the proxy we stand behind, and only the one it added itself."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
    return forwarded if settings.BEHIND_PROXY and forwarded else request.META.get("REMOTE_ADDR", "")
