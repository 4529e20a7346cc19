"""A retried POST has one effect and one answer.

`durable` makes an action one transaction; with a `Once` the key is claimed first and the answer stored last, inside it. A parallel twin
waits on the unique constraint until the first has committed, then finds the answer. After `KEPT` the key is as good as new.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

import orjson
from django.db import connection, transaction

from reviewapp.access.models import IdempotencyRecord
from reviewapp.lib.errors import Conflict, Malformed

P = ParamSpec("P")
R = TypeVar("R")
KEY_LENGTH = 255
KEPT = timedelta(days=7)
NO_CONTENT = 204


class Replayed(Exception):
    """The request was answered before; `status` and `answer` (JSON bytes) are what was said then."""

    def __init__(self, *, status: int, answer: bytes) -> None:
        super().__init__("answered before")
        self.status = status
        self.answer = answer


class KeyReused(Conflict):
    """This Idempotency-Key was used with another request."""

    code = "idempotency-key-reused"


@dataclass
class Once:
    """One Idempotency-Key of one request. `render` turns the action's result into the JSON-able answer, `says` into its status."""

    owner_id: UUID
    key: str
    path: str
    body_digest: bytes
    render: Callable[[Any], Any]
    says: Callable[[Any], int]
    answer: bytes = field(default=b"", init=False)

    def claim(self, *, at: datetime) -> None:
        """:raises Replayed: if it was answered; :raises KeyReused: if it was another request."""
        with connection.cursor() as cursor:
            cursor.execute(
                "insert into access_idempotencyrecord (owner_id, key, path, body_digest, created_at) values (%s, %s, %s, %s, %s)"
                " on conflict do nothing returning id",
                [self.owner_id, self.key, self.path, self.body_digest, at],
            )
            if cursor.fetchone():
                return
        earlier = IdempotencyRecord.objects.get(owner_id=self.owner_id, key=self.key)
        if earlier.path != self.path or bytes(earlier.body_digest) != self.body_digest:
            raise KeyReused
        raise Replayed(status=earlier.status or 200, answer=bytes(earlier.answer or b""))

    def keep(self, result: Any) -> None:
        status = self.says(result)
        self.answer = (
            b"" if status == NO_CONTENT else orjson.dumps(self.render(result), option=orjson.OPT_UTC_Z, default=str)
        )
        IdempotencyRecord.objects.filter(owner_id=self.owner_id, key=self.key).update(status=status, answer=self.answer)


def once_of(request: Any, *, render: Callable[[Any], Any], says: Callable[[Any], int] = lambda _: 200) -> Once | None:
    """The `Once` of a DRF request, or None without an Idempotency-Key header.

    :param says: the status of the answer to an action's result; with 204 there is no body.
    :raises Malformed: if the key is empty, too long or not printable ASCII.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not key or len(key) > KEY_LENGTH or not key.isascii() or not key.isprintable():
        raise Malformed(f"Idempotency-Key is 1 to {KEY_LENGTH} printable ASCII characters.", code="bad-idempotency-key")
    request.data  # noqa: B018 -- the parser leaves the body's digest
    body = getattr(request._request, "body_digest", hashlib.sha256(b"").digest())
    return Once(owner_id=request.user.pk, key=key, path=request.path, body_digest=body, render=render, says=says)


def durable(action: Callable[P, R]) -> Callable[..., R]:
    """An entry action: one durable transaction; keyword `once` puts the caller's Idempotency-Key inside it. `at` is required."""

    @wraps(action)
    def wrapper(*, once: Once | None = None, **kwargs: Any) -> R:
        with transaction.atomic(durable=True):
            if once is not None:
                once.claim(at=kwargs["at"])
            result = action(**kwargs)  # type: ignore[call-arg]
            if once is not None:
                once.keep(result)
        return result

    return wrapper
