"""JSON as the API accepts it: UTF-8, no duplicate keys, no NaN, bounded depth, nothing PostgreSQL cannot store."""

import json
import math
from typing import Any, NoReturn

from reviewapp.lib.errors import Malformed

MAX_DEPTH = 32
_INT_RANGE = 2**63


def loads(body: bytes) -> Any:
    """Parse `body`.

    :raises Malformed: with a stable `code`; the message never repeats the input.
    """
    if body.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise Malformed("Send UTF-8 without a byte order mark.", code="bad-encoding")
    try:
        value = json.loads(
            body.decode(), object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_int
        )
    except UnicodeDecodeError:
        raise Malformed("The body is not valid UTF-8.", code="bad-encoding") from None
    except RecursionError:
        raise Malformed(f"The JSON is nested more than {MAX_DEPTH} deep.", code="too-deep") from None
    except json.JSONDecodeError as error:
        raise Malformed(f"The body is not valid JSON (at character {error.pos}).", code="bad-json") from None
    _check(value, escapes=b"\\u" in body)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise Malformed("An object names the same key twice.", code="duplicate-key")
    return result


def _constant(_: str) -> NoReturn:
    raise Malformed("NaN and Infinity are not JSON numbers.", code="not-finite")


def _float(literal: str) -> float:
    value = float(literal)
    if not math.isfinite(value):
        raise Malformed("A number is too large.", code="not-finite")
    return value


def _int(literal: str) -> int:
    if len(literal) > 20 or not -_INT_RANGE <= (value := int(literal)) < _INT_RANGE:
        raise Malformed("A whole number does not fit into 64 bits.", code="number-too-large")
    return value


def _check(value: Any, *, escapes: bool) -> None:
    """Depth, and NUL or half a surrogate pair, which only an escape can bring in."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        if not level:
            return
        if escapes:
            _check_text(level)
        level = [child for item in level if type(item) in (dict, list) for child in _children(item, escapes=escapes)]
    raise Malformed(f"The JSON is nested more than {MAX_DEPTH} deep.", code="too-deep")


def _children(item: Any, *, escapes: bool) -> list[Any]:
    if type(item) is list:
        return item
    return [*item, *item.values()] if escapes else list(item.values())


def _check_text(values: list[Any]) -> None:
    for text in values:
        if type(text) is str and ("\0" in text or not _encodable(text)):
            raise Malformed("Text holds a NUL character or half a surrogate pair.", code="bad-text")


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
