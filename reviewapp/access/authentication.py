"""From a request to a user and an Actor: API keys and sessions."""

from datetime import timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
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


class ApiKeyAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer csk_<prefix>_<secret>`; one statement. Every failure gives the same answer."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        found = _find(token)
        if found is None:
            raise exceptions.AuthenticationFailed
        user, key, roles = found
        request._request.actor = Actor(
            kind=SERVICE if user.is_service else HUMAN,
            user_id=user.pk,
            name=user.username,
            roles=frozenset(roles),
            scopes=frozenset(key.scopes),
            request_id=request._request.request_id,
        )
        return user, key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="countersign"'


_KEY = """
select k.id, k.digest, k.scopes, k.expires_at, k.revoked_at, k.last_used_at, u.id, u.username, u.is_active, u.is_service,
    array(select r.name from access_user_groups m join auth_group r on r.id = m.group_id where m.user_id = u.id)
from access_apikey k join access_user u on u.id = k.owner_id where k.prefix = %s
"""


def _find(token: str) -> tuple[User, ApiKey, list[str]] | None:
    """The owner of the usable key of that text, the key, and the owner's roles; or None. Plain SQL: every request of a machine asks this."""
    prefix = token.removeprefix(KEY_MARK).partition("_")[0]
    if not token.startswith(KEY_MARK) or len(token) > 100 or not token.isascii() or not token.isprintable():
        return None
    with connection.cursor() as cursor:
        cursor.execute(_KEY, [prefix])
        row = cursor.fetchone()
    if row is None:
        return None
    key_id, digest, scopes, expires_at, revoked_at, last_used_at, *owner, roles = row
    user = User(**dict(zip(("pk", "username", "is_active", "is_service"), owner, strict=True)))
    now = timezone.now()
    usable = revoked_at is None and expires_at > now and user.is_active
    if not crypto.same(bytes(digest), key_digest(token)) or not usable:
        return None
    if last_used_at is None or now - last_used_at > _TOUCH:
        ApiKey.objects.filter(pk=key_id).update(last_used_at=now)
    return user, ApiKey(pk=key_id, owner=user, scopes=scopes), roles


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
