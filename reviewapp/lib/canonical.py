"""RFC 8785 canonical JSON: the exact bytes that are hashed and authenticated."""

import hashlib
from typing import Any

import orjson
import rfc8785

_SAFE_INT = 2**53


class _NotPlain(Exception):
    """The value holds something the two encoders write differently."""


def canonical_json(value: Any) -> bytes:
    """Canonical bytes of a JSON value; keys are strings, numbers finite.

    orjson is twenty times as quick as the reference encoder and writes the same bytes for what `_plain` lets through
    (a property test holds them together); everything else goes to the reference.
    """
    try:
        return orjson.dumps(_plain(value), option=orjson.OPT_SORT_KEYS)
    except (_NotPlain, orjson.JSONEncodeError):
        return rfc8785.dumps(value)


def digest(value: Any) -> bytes:
    """SHA-256 of the canonical bytes, 32 bytes."""
    return hashlib.sha256(canonical_json(value)).digest()


def _plain(value: Any) -> Any:
    """`value` with whole floats as integers; raises `_NotPlain` for numbers and keys that need the reference encoder."""
    kind = type(value)
    if kind is float:
        if not 1e-4 <= abs(value) < 1e15 and value:
            raise _NotPlain
        return int(value) if value.is_integer() else value
    if kind is int:
        if not -_SAFE_INT < value < _SAFE_INT:
            raise _NotPlain
        return value
    if kind is dict:
        return {key if key.isascii() else _refuse(): _plain(item) for key, item in value.items()}
    if kind is list or kind is tuple:
        return [_plain(item) for item in value]
    if value is None or kind is str or kind is bool:
        return value
    raise _NotPlain


def _refuse() -> str:
    raise _NotPlain
