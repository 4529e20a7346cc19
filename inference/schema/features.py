"""The parts of a schema as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

Scalar: TypeAlias = str | int | float | bool

NOT_RECORDED = "not recorded"
LONGEST_NAME = 64


class Kind(StrEnum):
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CATEGORY = "category"
    ORDINAL = "ordinal"


NUMERIC = frozenset({Kind.NUMBER, Kind.INTEGER})
LISTED = frozenset({Kind.CATEGORY, Kind.ORDINAL})


@dataclass(frozen=True, slots=True)
class Category:
    value: Scalar
    label: str
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class MissingCode:
    """A number that stands for "not recorded", with the kind of not-recorded it means."""

    value: int | float
    label: str = NOT_RECORDED


@dataclass(frozen=True, slots=True)
class Reference:
    """The range, guideline or expected value a reader compares with."""

    low: float | None = None
    high: float | None = None
    text: str = ""
    expected: Scalar | None = None

    @property
    def is_guideline(self) -> bool:
        return "guideline" in self.text.casefold()


@dataclass(frozen=True, slots=True)
class Feature:
    name: str
    kind: Kind
    label: str
    unit: str = ""
    scale: float = 1
    decimals: int | None = None
    min: float | None = None
    max: float | None = None
    reference: Reference | None = None
    missing_allowed: bool = False
    missing_codes: tuple[MissingCode, ...] = ()
    protected: bool = False
    mutable: bool = True
    group: str = ""
    direction: int | None = None
    categories: tuple[Category, ...] = ()
    reason_group: str = ""
    sentence: str = ""
    description: str = ""

    def is_missing(self, value: object) -> bool:
        return value is None or self.missing_code(value) is not None

    def missing_code(self, value: object) -> MissingCode | None:
        """The declared code this value is, compared by number so that -9 and -9.0 are one."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return next((code for code in self.missing_codes if code.value == value), None)

    def category(self, value: object) -> Category | None:
        """The named value, strictly by type: True is not 1."""
        same = (c for c in self.categories if type(c.value) is type(value) and c.value == value)
        return next(same, None)

    def code_of(self, value: object) -> float | None:
        """The value as a number that has an order (position for a listed value), None when it has none."""
        if self.is_missing(value):
            return None
        if self.kind in LISTED:
            found = self.category(value)
            return None if found is None else float(self.categories.index(found))
        return float(value) if isinstance(value, int | float) else None
