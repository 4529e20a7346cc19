"""Keyset pages: a cursor is the last row's sort key, sealed: a forged or foreign one is refused, and a list may go by what its reader is not told.

Short of a long name in the key all cursors are of one length; else the number of digits would be told.
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any, Generic, TypeVar

import orjson
from django.conf import settings
from django.db.models import Model, Q, QuerySet

from reviewapp.lib import crypto
from reviewapp.lib.errors import Malformed

M = TypeVar("M", bound=Model)
_BLOCK = 96  # bytes
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """The rows of one page, and cursors to both neighbours (None at an end)."""

    rows: list[M]
    next: str | None
    previous: str | None


def paginate(rows: QuerySet[M], *, order: Sequence[str], cursor: str | None, size: int, purpose: str) -> Page[M]:
    """One page of `rows` by keyset.

    :param order: field names, `-` for descending; together unique, none nullable.
    :param purpose: names the list and its order; a cursor of another list is refused.
    :raises Malformed: for a cursor this list did not give out.
    """

    def fetch(key: Sequence[Any] | None, backwards: bool, limit: int) -> list[M]:
        effective = [_flip(name) for name in order] if backwards else list(order)
        after = rows if key is None else rows.filter(_after(effective, key))
        return list(after.order_by(*effective)[:limit])

    return page_of(fetch, order=order, cursor=cursor, size=size, purpose=purpose)


def page_of(
    fetch: Callable[[Sequence[Any] | None, bool, int], list[M]],
    *,
    order: Sequence[str],
    cursor: str | None,
    size: int,
    purpose: str,
) -> Page[M]:
    """The same for rows that a statement by hand finds.

    :param fetch: takes the key to start behind (None at the beginning), whether to go backwards from it, and how many rows at most.
    """
    backwards, key = _read(cursor, purpose=purpose) if cursor else (False, None)
    found = fetch(key, backwards, size + 1)
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    has_next, has_previous = (True, more) if backwards else (more, key is not None)
    return Page(
        rows=found,
        next=_write(found[-1], order, False, purpose) if found and has_next else None,
        previous=_write(found[0], order, True, purpose) if found and has_previous else None,
    )


def cursor_after(row: Model, *, order: Sequence[str], purpose: str) -> str:
    """The cursor right behind `row`, for whoever asks again later for what is new."""
    return _write(row, order, False, purpose)


def _flip(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _after(order: Sequence[str], key: Sequence[Any]) -> Q:
    """Rows strictly after `key` in `order`: (a > x) or (a = x and b > y) or ...; the leading bound keeps the index range narrow."""
    condition = Q()
    for depth in range(len(order), 0, -1):
        names, last = order[: depth - 1], order[depth - 1]
        strictly = Q(**{f"{last.lstrip('-')}__{'lt' if last.startswith('-') else 'gt'}": key[depth - 1]})
        equal = Q(**{name.lstrip("-"): value for name, value in zip(names, key, strict=False)})
        condition |= equal & strictly if names else strictly
    first = order[0]
    return Q(**{f"{first.lstrip('-')}__{'lte' if first.startswith('-') else 'gte'}": key[0]}) & condition


def _write(row: Model, order: Sequence[str], backwards: bool, purpose: str) -> str:
    values = [attrgetter(name.lstrip("-").replace("__", "."))(row) for name in order]
    plain = orjson.dumps([backwards, *values], default=str)
    padded = plain.ljust(-(-len(plain) // _BLOCK) * _BLOCK)  # JSON ends in as many blanks as one likes
    return base64.urlsafe_b64encode(crypto.seal(padded, key=_key(), aad=purpose.encode())).decode().rstrip("=")


def _read(cursor: str, *, purpose: str) -> tuple[bool, list[Any]]:
    try:
        sealed = b"" if len(cursor) > _LONGEST else _decoded(cursor)
        backwards, *key = orjson.loads(crypto.unseal(sealed, key=_key(), aad=purpose.encode()))
    except (ValueError, crypto.CannotDecrypt):
        raise Malformed(
            "This cursor was not given out for this list. Start again from the first page.", code="bad-cursor"
        ) from None
    return backwards, [_moment(value) for value in key]


def _decoded(cursor: str) -> bytes:
    return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)


def _moment(value: Any) -> Any:
    """Times travel as text; everything else (numbers, ids, names) compares as it is."""
    if isinstance(value, str) and value[4:5] == "-" and value[10:11] == "T":
        return datetime.fromisoformat(value)
    return value


@cache
def _key() -> bytes:
    return crypto.mac(b"countersign: cursors of lists", key=settings.SECRET_KEY.encode())
