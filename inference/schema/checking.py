"""Checking records: one quick test per feature, and words for those that fail."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from inference.schema.features import LISTED, LONGEST_NAME, Feature, Kind

LARGEST_INTEGER = 2**53  # beyond this a model's floating point would silently round it


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a record is refused. `detail` never repeats the value sent."""

    name: str
    code: str
    detail: str


Validator: TypeAlias = Callable[[Mapping[str, object]], list[Problem]]
_Test: TypeAlias = Callable[[object], bool]


def compile_validator(features: tuple[Feature, ...]) -> Validator:
    """One quick test per feature; only a record that fails one is looked at in detail."""
    tests = {feature.name: _test(feature) for feature in features}
    required = frozenset(f.name for f in features if not f.missing_allowed)
    count = len(tests)

    def validate(record: Mapping[str, object]) -> list[Problem]:
        try:
            for name, value in record.items():
                if not tests[name](value):
                    return _problems(features, record)
        except KeyError:
            return _problems(features, record)
        if len(record) == count or required <= record.keys():
            return []
        return _problems(features, record)

    return validate


def _test(feature: Feature) -> _Test:
    codes = frozenset(code.value for code in feature.missing_codes) if feature.missing_allowed else frozenset[float]()
    accepts = _accepts(feature)
    if codes:
        return _or_missing_code(accepts, codes)
    if feature.missing_allowed:
        return lambda value: value is None or accepts(value)
    refused = frozenset(code.value for code in feature.missing_codes)
    if refused:
        return lambda value: accepts(value) and value not in refused
    return accepts


def _or_missing_code(accepts: _Test, codes: frozenset[float]) -> _Test:
    def test(value: object) -> bool:
        if value is None or accepts(value):
            return True
        return type(value) in (int, float) and value in codes

    return test


def _accepts(feature: Feature) -> _Test:
    """A test of type and range in as few steps as Python allows; NaN fails every comparison by itself."""
    low, high = _bounds(feature)
    if feature.kind is Kind.NUMBER:

        def number(value: Any) -> bool:
            kind = type(value)
            return (kind is float or kind is int) and low <= value <= high

        return number
    if feature.kind is Kind.INTEGER:
        return lambda value: type(value) is int and low <= value <= high
    if feature.kind is Kind.BOOLEAN:
        return lambda value: value is True or value is False
    wanted = type(feature.categories[0].value)
    allowed = frozenset(category.value for category in feature.categories)
    return lambda value: type(value) is wanted and value in allowed


def _bounds(feature: Feature) -> tuple[float, float]:
    limit: float = LARGEST_INTEGER if feature.kind is Kind.INTEGER else sys.float_info.max
    low = -limit if feature.min is None else feature.min
    return low, limit if feature.max is None else feature.max


def _problems(features: tuple[Feature, ...], record: Mapping[str, object]) -> list[Problem]:
    found = [problem for feature in features if (problem := _problem(feature, record)) is not None]
    known = {feature.name for feature in features}
    found += [
        Problem(str(name)[:LONGEST_NAME], "unknown_feature", "The schema has no feature of this name.")
        for name in record
        if name not in known
    ]
    return found


def _problem(feature: Feature, record: Mapping[str, object]) -> Problem | None:
    if feature.name not in record:
        if feature.missing_allowed:
            return None
        return Problem(feature.name, "missing_feature", "This feature must be sent.")
    value = record[feature.name]
    if feature.is_missing(value):
        if feature.missing_allowed:
            return None
        return Problem(feature.name, "required", "This feature must have a value.")
    code, detail = _fault(feature, value)
    return Problem(feature.name, code, detail) if code else None


def _fault(feature: Feature, value: object) -> tuple[str, str]:
    """(code, detail) of a value that is present, ("", "") when it is fine."""
    if feature.kind in LISTED:
        return _listed_fault(feature, value)
    if feature.kind is Kind.BOOLEAN:
        return ("", "") if isinstance(value, bool) else ("wrong_type", "Must be true or false.")
    wanted = "a whole number" if feature.kind is Kind.INTEGER else "a number"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "wrong_type", f"Must be {wanted}."
    if isinstance(value, float) and not math.isfinite(value):
        return "not_finite", "Must be a finite number."
    if feature.kind is Kind.INTEGER and not isinstance(value, int):
        return "wrong_type", f"Must be {wanted}."
    low, high = _bounds(feature)
    return ("", "") if low <= value <= high else ("out_of_range", _range_words(feature))


def _listed_fault(feature: Feature, value: object) -> tuple[str, str]:
    wanted = type(feature.categories[0].value)
    if type(value) is not wanted:
        return "wrong_type", "Must be text." if wanted is str else "Must be a whole number."
    allowed = feature.category(value) is not None
    return ("", "") if allowed else ("not_a_category", "Must be one of the listed values.")


def _range_words(feature: Feature) -> str:
    if feature.min is not None and feature.max is not None:
        return f"Must be from {feature.min:g} to {feature.max:g}."
    if feature.min is not None:
        return f"Must be {feature.min:g} or more."
    return f"Must be {feature.max:g} or less." if feature.max is not None else "Is too large to keep exactly."
