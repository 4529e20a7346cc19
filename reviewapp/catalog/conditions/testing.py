"""Conditions as closures: facts in, (matched, what was seen) out.

Facts are a pair: the features, and what else is given, by name. Values are scalars that were held against a schema; should a later schema
have changed an input's type, the comparison is false, never an error.
"""

import operator
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias

Facts: TypeAlias = tuple[Mapping[str, Any], Mapping[str, Any]]
Test: TypeAlias = Callable[[Facts], tuple[bool, str]]
MissingCodes: TypeAlias = Mapping[str, Collection[float]]

FEATURE = "features."
COMPARISONS: dict[str, tuple[Callable[[Any, Any], bool], str]] = {
    "lt": (operator.lt, "under"),
    "le": (operator.le, "at most"),
    "ge": (operator.ge, "at least"),
    "gt": (operator.gt, "over"),
}
MEMBERSHIPS = ("eq", "ne", "in")
BETWEEN, MISSING = "between", "missing"
ORDERED = (*COMPARISONS, BETWEEN)
OPERATORS = (*COMPARISONS, *MEMBERSHIPS, BETWEEN, MISSING)
_SHOWN = 5  # values of a list that a trace names


def compile_condition(condition: Mapping[str, Any], missing_codes: MissingCodes) -> Test:
    """:param missing_codes: per feature, the numbers that stand for "not recorded"."""
    if "all" in condition:
        return _all([compile_condition(part, missing_codes) for part in condition["all"]])
    if "any" in condition:
        return _any([compile_condition(part, missing_codes) for part in condition["any"]])
    if "not" in condition:
        return _not(compile_condition(condition["not"], missing_codes))
    return _leaf(condition, missing_codes)


def _leaf(condition: Mapping[str, Any], missing_codes: MissingCodes) -> Test:
    field, op = condition["field"], condition["op"]
    value: Any = condition.get("value")
    where, name = (0, field.removeprefix(FEATURE)) if field.startswith(FEATURE) else (1, field)
    codes = frozenset(missing_codes.get(name, ())) if where == 0 else frozenset[float]()
    if op == MISSING:
        return _missing(where, name, codes, wanted=value is not False)
    if op == BETWEEN:
        return _between(where, name, codes, value)
    if op in COMPARISONS:
        return _comparison(where, name, codes, op, value)
    return _membership(where, name, codes, op, value)


def _all(tests: list[Test]) -> Test:
    """A failing one is named alone: it is why."""

    def test(facts: Facts) -> tuple[bool, str]:
        seen = []
        for part in tests:
            matched, detail = part(facts)
            if not matched:
                return False, detail
            seen.append(detail)
        return True, "; ".join(seen)

    return test


def _any(tests: list[Test]) -> Test:
    def test(facts: Facts) -> tuple[bool, str]:
        seen = []
        for part in tests:
            matched, detail = part(facts)
            if matched:
                return True, detail
            seen.append(detail)
        return False, "; ".join(seen)

    return test


def _not(inner: Test) -> Test:
    def test(facts: Facts) -> tuple[bool, str]:
        matched, detail = inner(facts)
        return not matched, detail

    return test


def _comparison(where: int, name: str, codes: frozenset[float], op: str, bound: float) -> Test:
    compare, words = COMPARISONS[op]
    yes, no, absent = f"is {words} {said(bound)}", f"is not {words} {said(bound)}", f"{name} not recorded"

    def test(facts: Facts) -> tuple[bool, str]:
        value: Any = facts[where].get(name)
        kind = type(value)
        if (kind is not float and kind is not int) or value in codes:
            return False, absent
        if compare(value, bound):
            return True, f"{name} {value:.15g} {yes}"
        return False, f"{name} {value:.15g} {no}"

    return test


def _between(where: int, name: str, codes: frozenset[float], ends: tuple[float, float]) -> Test:
    low, high = ends
    yes, no = f"is between {said(low)} and {said(high)}", f"is not between {said(low)} and {said(high)}"
    absent = f"{name} not recorded"

    def test(facts: Facts) -> tuple[bool, str]:
        value: Any = facts[where].get(name)
        kind = type(value)
        if (kind is not float and kind is not int) or value in codes:
            return False, absent
        if low <= value <= high:
            return True, f"{name} {value:.15g} {yes}"
        return False, f"{name} {value:.15g} {no}"

    return test


def _membership(where: int, name: str, codes: frozenset[float], op: str, value: Any) -> Test:
    """eq, ne and in. True is not 1, so the kind is part of the key."""
    listed = value if op == "in" else [value]
    allowed = frozenset((type(item) is bool, item) for item in listed)
    one_of = f"one of {few(listed)}" if op == "in" else few(listed)
    inside_matches = op != "ne"
    absent = f"{name} not recorded"

    def test(facts: Facts) -> tuple[bool, str]:
        value: Any = facts[where].get(name)
        kind = type(value)
        if value is None or (codes and kind is not str and value in codes):
            return False, absent
        if (kind is bool, value) in allowed:
            return inside_matches, f"{name} is {said(value)}"
        return not inside_matches, f"{name} is {said(value)}, not {one_of}"

    return test


def _missing(where: int, name: str, codes: frozenset[float], *, wanted: bool) -> Test:
    absent, present = f"{name} not recorded", f"{name} is recorded"

    def test(facts: Facts) -> tuple[bool, str]:
        value: Any = facts[where].get(name)
        if value is None or (codes and type(value) is not str and value in codes):
            return wanted, absent
        return not wanted, present

    return test


def few(values: Collection[Any]) -> str:
    """The first of `values` in words, and how many more there are."""
    shown = ", ".join(said(value) for value in list(values)[:_SHOWN])
    return shown if len(values) <= _SHOWN else f"{shown} and {len(values) - _SHOWN} more"


def said(value: object) -> str:
    if value is True or value is False:
        return "yes" if value else "no"
    return f"{value:.15g}" if isinstance(value, int | float) else str(value)
