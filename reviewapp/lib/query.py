"""Query strings, read strictly: unknown and repeated parameters are refused, so that no lookup can be smuggled in."""

from collections.abc import Collection
from uuid import UUID

from django.http import QueryDict

from reviewapp.lib.errors import Malformed, Problem

MOST_ROWS = 200


def read(params: QueryDict, *, allowed: Collection[str]) -> dict[str, str]:
    """Every parameter once, by name.

    :raises Malformed: `unknown_param` or `repeated-param`, with a pointer that names an allowed spelling only.
    """
    for name in params:
        if name not in allowed:
            raise Malformed(
                "The address has a parameter this list does not know.",
                code="unknown_param",
                errors=[_fault("unknown_param")],
            )
        if len(params.getlist(name)) > 1:
            raise Malformed(
                f"Give {name} once.",
                code="repeated-param",
                errors=[Problem(f"/{name}", "repeated_param", "Give it once.")],
            )
    values = {name: str(params[name]) for name in params}
    if any("\0" in value or len(value) > 1000 for value in values.values()):
        raise Malformed("A parameter is too long or holds a NUL character.", code="bad-param")
    return values


def size(values: dict[str, str], *, default: int = 50) -> int:
    """`page_size`, from 1 to 200."""
    given = values.get("page_size", str(default))
    if not (given.isascii() and given.isdigit() and len(given) <= 4 and 1 <= int(given) <= MOST_ROWS):
        raise Malformed(f"page_size is a whole number from 1 to {MOST_ROWS}.", code="bad-page-size")
    return int(given)


def uuid(text: str) -> UUID | None:
    """The id if it is written in the canonical form, else None: other spellings name nothing."""
    try:
        value = UUID(text)
    except ValueError:
        return None
    return value if str(value) == text else None


def _fault(code: str) -> Problem:
    return Problem("", code, "See the API description for the parameters of this list.")
