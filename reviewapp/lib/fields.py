"""Reads a JSON object strictly, field by field: no conversion, every fault with its pointer, unknown fields refused."""

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from reviewapp.lib.errors import Invalid, Problem

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:[0-5]\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")


def why_faults(text: str, *, most: int, wanted: str = "Say why", pointer: str = "/reason") -> list[Problem]:
    """What is wrong with a person's own words: blank, or longer than `most`. :param wanted: begins the sentence that asks for them."""
    if text.strip() and len(text) <= most and "\0" not in text:
        return []
    code = "wrong_type" if text.strip() else "required"
    return [Problem(pointer, code, f"{wanted}, in at most {most} characters.")]


class Fields:
    """`Fields(data)`, one call per field, then `done()`, which raises what was found."""

    def __init__(self, data: Any) -> None:
        self._data: Mapping[str, Any] = data if isinstance(data, dict) else {}
        self._known: set[str] = set()
        self.problems: list[Problem] = []
        if not isinstance(data, dict):
            self.add("", "not_an_object", "Send a JSON object.")

    def add(self, name: str, code: str, detail: str) -> None:
        self.problems.append(Problem(f"/{name}" if name else "", code, detail))

    def integer(self, name: str, *, low: int, high: int) -> int:
        value = self._take(name)
        if type(value) is not int or not low <= value <= high:
            self.add(name, "wrong_type", f"Send a whole number from {low} to {high}.")
            return low
        return value

    def flag(self, name: str) -> bool:
        """False where it is not sent."""
        value = self._take(name)
        if value is not None and type(value) is not bool:
            self.add(name, "wrong_type", "Send true or false.")
        return value is True

    def number(self, name: str, *, low: float, high: float) -> float | None:
        value = self._take(name)
        if value is not None and (type(value) not in (int, float) or not low <= value <= high):
            self.add(name, "wrong_type", f"Send a number from {low:g} to {high:g}.")
            return None
        return value

    def text(self, name: str, *, most: int, default: str | None = None, among: Collection[str] | None = None) -> str:
        """`default` None: the field is required."""
        value = self._take(name)
        if value is None and default is not None:
            return default
        if value is None or (value == "" and among is None and default is None):
            self.add(name, "required", f"Send text of at most {most} characters.")
        elif type(value) is not str or len(value) > most:
            self.add(name, "wrong_type", f"Send text of at most {most} characters.")
        elif among is not None and value not in among:
            self.add(name, "unknown_value", f"One of {', '.join(among)}.")
        else:
            return value
        return default or ""

    def texts(self, name: str, *, most: int, length: int) -> list[str]:
        value = self._take(name)
        if value is None:
            return []
        if (
            type(value) is not list
            or len(value) > most
            or not all(type(item) is str and len(item) <= length for item in value)
        ):
            self.add(name, "wrong_type", f"Send a list of at most {most} texts.")
            return []
        return value

    def moment(self, name: str) -> datetime:
        """A required time with its zone, in UTC; the epoch stands in for one that is refused."""
        value = self._take(name)
        try:
            if type(value) is str and MOMENT.fullmatch(value):
                return datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        self.add(name, "bad_time", "Send an ISO 8601 time with its zone, such as 2026-11-20T12:00:00Z.")
        return datetime.fromtimestamp(0, UTC)

    def mapping(self, name: str) -> dict[str, Any]:
        value = self._take(name)
        if value is not None and type(value) is not dict:
            self.add(name, "wrong_type", "Send an object.")
        return value if type(value) is dict else {}

    def sent(self, names: Collection[str]) -> dict[str, Any]:
        """Those of `names` that were sent, unread: for settings, which whoever keeps them checks."""
        self._known.update(names)
        return {name: self._data[name] for name in names if name in self._data}

    def done(self) -> None:
        """:raises Invalid: with every fault, unknown fields first."""
        if self._data.keys() - self._known:
            known = ", ".join(sorted(self._known)) or "none"
            self.problems.insert(0, Problem("", "unknown_field", f"Known fields: {known}."))
        if self.problems:
            raise Invalid(" ".join(problem.detail for problem in self.problems[:3]), errors=self.problems)

    def _take(self, name: str) -> Any:
        self._known.add(name)
        return self._data.get(name)
