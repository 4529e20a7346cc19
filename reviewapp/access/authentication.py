"""From a request to a user and an Actor: API keys and sessions."""

from datetime import timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.utils import timezone
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from reviewapp.access.models import ApiKey, User
from reviewapp.access.rules import KEY_MARK, key_digest
from reviewapp.lib import crypto
from reviewapp.lib.actor import HUMAN, SERVICE, Actor

_TOUCH = timedelta(minutes=1)
ROLES = ArraySubquery(User.groups.through.objects.filter(user_id=OuterRef("pk")).values("group__name"))
OWNER_ROLES = ArraySubquery(User.groups.through.objects.filter(user_id=OuterRef("owner_id")).values("group__name"))


class ApiKeyAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer csk_<prefix>_<secret>`; one statement. Every failure gives the same answer."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        key = _find(token)
        if key is None:
            raise exceptions.AuthenticationFailed
        user = key.owner
        request._request.actor = Actor(
            kind=SERVICE if user.is_service else HUMAN,
            user_id=user.pk,
            name=user.username,
            roles=frozenset(key.roles),
            scopes=frozenset(key.scopes),
            request_id=request._request.request_id,
        )
        return user, key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="countersign"'


def _find(token: str) -> Any:
    """The usable key of that text with its owner and their `roles`, or None."""
    prefix = token.removeprefix(KEY_MARK).partition("_")[0]
    if not token.startswith(KEY_MARK) or len(token) > 100 or not token.isascii() or not token.isprintable():
        return None
    key = ApiKey.objects.select_related("owner").annotate(roles=OWNER_ROLES).filter(prefix=prefix).first()
    now = timezone.now()
    usable = key is not None and key.revoked_at is None and key.expires_at > now and key.owner.is_active
    if key is None or not usable or not crypto.same(bytes(key.digest), key_digest(token)):
        return None
    if key.last_used_at is None or now - key.last_used_at > _TOUCH:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return key


class SessionAuthentication(authentication.SessionAuthentication):
    """A signed-in person in a browser; CSRF is checked. The actor was made by the middleware."""

    def authenticate(self, request: Request) -> tuple[User, Any] | None:
        user = getattr(request._request, "user", None)
        if user is None or not user.is_authenticated:
            return None
        self.enforce_csrf(request)
        if user.must_change_password:
            raise exceptions.PermissionDenied
        return user, None
