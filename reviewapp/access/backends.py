"""Passwords: argon2, the same work for unknown names, never for service accounts."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from reviewapp.access.models import User


class PasswordBackend(ModelBackend):
    """Django's backend, which hashes for unknown users too, closed to service accounts."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        return super().authenticate(request, username=username, password=password, **kwargs)

    def user_can_authenticate(self, user: Any) -> bool:
        return bool(super().user_can_authenticate(user) and not user.is_service)
