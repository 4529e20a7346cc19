"""Typed readers of the environment. A bad value stops the start with a sentence that names the variable."""

import base64
import binascii
import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}
KNOWN_KEYS = {"secret", "changeme", "insecure", "django-insecure", "password"}


def text(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, default)
    if value is None or value == "":
        if default is not None:
            return default
        raise ImproperlyConfigured(f"{name} is not set. deploy/env.example says what it means.")
    return value


def flag(name: str, default: bool) -> bool:
    value = os.environ.get(name, str(default)).strip().lower()
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be yes or no, not {value!r}.")


def whole(name: str, default: int, *, low: int, high: int) -> int:
    value = os.environ.get(name, str(default))
    if not value.lstrip("-").isdigit() or not low <= int(value) <= high:
        raise ImproperlyConfigured(f"{name} must be a whole number from {low} to {high}, not {value!r}.")
    return int(value)


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def folder(name: str, default: Path) -> Path:
    return Path(os.environ.get(name) or default).absolute()


def secret(name: str, *, least: int = 32) -> str:
    """A secret that must be given: never a default, never short, never a well-known word."""
    value = os.environ.get(name, "")
    if not value:
        raise ImproperlyConfigured(
            f"{name} is not set. Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"
        )
    if len(value) < least or len(set(value)) < 8 or any(value.lower().startswith(known) for known in KNOWN_KEYS):
        raise ImproperlyConfigured(
            f"{name} is too short or too well known. It needs at least {least} random characters."
        )
    return value


def keyring(name: str) -> dict[str, bytes]:
    """`id:base64,id:base64`: 32-byte keys by id, the first being the one that encrypts."""
    keys: dict[str, bytes] = {}
    for part in secret(name).split(","):
        key_id, _, encoded = part.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            key = b""
        if not key_id.isalnum() or len(key) != 32 or len(set(key)) < 8:
            raise ImproperlyConfigured(f"{name} must be id:key pairs, each key 32 random bytes in base64.")
        keys[key_id] = key
    return keys
