"""What list pages hand to their templates: filters of the address as controls, and the links of the pager. See components/_filters and _pager."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from reviewapp.lib.errors import Malformed
from reviewapp.lib.paging import Page

Option = tuple[str, str]


def one_of(values: Mapping[str, str], name: str, options: Iterable[Option]) -> str:
    """The value of a filter among its options, or empty for all. :raises Malformed: for any other."""
    given = values.get(name, "")
    if given and given not in {value for value, _ in options}:
        raise Malformed(f"{name} has a value this list does not know.", code="bad-param")
    return given


def day(values: Mapping[str, str], name: str) -> datetime | None:
    """Midnight UTC at the beginning of a day written as 2026-11-21. :raises Malformed: for anything else."""
    given = values.get(name, "")
    if not given:
        return None
    try:
        return datetime.strptime(given, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise Malformed(f"{name} is a day, written like 2026-11-21.", code="bad-param") from None


def day_after(values: Mapping[str, str], name: str) -> datetime | None:
    """Midnight at the end of that day."""
    start = day(values, name)
    try:
        return start + timedelta(days=1) if start else None
    except OverflowError:
        return None


def select(
    name: str, label: str, options: Iterable[Option], chosen: str, *, everything: str | None = "All"
) -> dict[str, Any]:
    """One select of components/_filters.html. :param everything: a first option that filters nothing; None where there is none, or one among them."""
    listed = [*options] if everything is None else [("", everything), *options]
    return {
        "name": name,
        "label": label,
        "options": [{"value": value, "label": text, "chosen": value == chosen} for value, text in listed],
    }


def pager(values: Mapping[str, str], page: Page[Any], *, one: str, many: str) -> dict[str, str | None]:
    """components/_pager.html: links that keep every filter, and how many rows this page shows."""
    count = len(page.rows)
    return {
        "text": f"{count} {one if count == 1 else many}" + (" on this page" if page.next or page.previous else ""),
        "previous_url": _with_cursor(values, page.previous),
        "next_url": _with_cursor(values, page.next),
    }


def _with_cursor(values: Mapping[str, str], cursor: str | None) -> str | None:
    kept = {name: value for name, value in values.items() if value and name != "cursor"}
    return "?" + urlencode({**kept, "cursor": cursor}) if cursor else None
