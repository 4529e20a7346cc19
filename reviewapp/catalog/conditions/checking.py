"""What keeps a condition from being used: every fault with its JSON pointer."""

import math
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from inference.schema import NUMERIC, Feature, FeatureSchema, Kind
from reviewapp.catalog.conditions.testing import BETWEEN, FEATURE, MISSING, OPERATORS, ORDERED
from reviewapp.lib.errors import Problem

DEEPEST, MOST_PARTS, MOST_VALUES, TEXT_LENGTH = 8, 50, 200, 200


@dataclass
class Check:
    """Collects what is wrong in `found`, in the order of what is read.

    :param outcomes: values of the use case's outcomes.
    :param given: names a condition may speak about beside the features. All but outcome are numbers.
    """

    schema: FeatureSchema
    outcomes: Collection[str]
    given: Collection[str]
    found: list[Problem] = field(default_factory=list)

    def add(self, pointer: str, code: str, detail: str) -> None:
        self.found.append(Problem(pointer, code, detail))

    def is_object(self, value: object, at: str, *, required: Collection[str], optional: Collection[str] = ()) -> bool:
        """Whether it is an object with all that is required. Unknown fields are faults, too, but the rest can be read."""
        if not isinstance(value, Mapping):
            self.add(at, "wrong_type", "Write an object: {…}.")
            return False
        for name in value:
            if name not in required and name not in optional:
                self.add(
                    f"{at}/{escape(name)}", "unknown_field", f"Known here: {', '.join(sorted({*required, *optional}))}."
                )
        absent = sorted(set(required) - set(value))
        for name in absent:
            self.add(f"{at}/{name}", "required", f"“{name}” is needed here.")
        return not absent

    def condition(self, condition: object, at: str, *, depth: int) -> None:
        if depth > DEEPEST:
            self.add(at, "too_deep", f"Conditions nest at most {DEEPEST} deep.")
        elif not isinstance(condition, Mapping):
            self.add(at, "wrong_type", "Write an object with “all”, “any”, “not” or “field”.")
        elif joined := [word for word in ("all", "any", "not") if word in condition]:
            self.joined(condition, joined[0], at, depth=depth)
        elif self.is_object(condition, at, required={"field", "op"}, optional={"value"}):
            self.comparison(condition, at)

    def joined(self, condition: Mapping[str, Any], word: str, at: str, *, depth: int) -> None:
        if not self.is_object(condition, at, required={word}):
            return
        parts, at = condition[word], f"{at}/{word}"
        if word == "not":
            self.condition(parts, at, depth=depth + 1)
        elif self.is_list(parts, at, most=MOST_PARTS, least=1):
            for place, part in enumerate(parts):
                self.condition(part, f"{at}/{place}", depth=depth + 1)

    def comparison(self, condition: Mapping[str, Any], at: str) -> None:
        op = condition["op"]
        subject = self.field(condition["field"], f"{at}/field")
        if not isinstance(op, str) or op not in OPERATORS:
            self.add(f"{at}/op", "unknown_value", f"One of {', '.join(OPERATORS)}.")
        elif op == MISSING:
            self.missing(condition, at)
        elif subject is None:
            return
        elif op in ORDERED and not _has_order(subject):
            self.add(f"{at}/op", "wrong_type_for_op", "This input has no order; use eq, ne, in or missing.")
        else:
            self.operand(subject, op, condition.get("value"), f"{at}/value")

    def missing(self, condition: Mapping[str, Any], at: str) -> None:
        if type(condition.get("value", True)) is not bool:
            self.add(f"{at}/value", "wrong_type", "Write true (not recorded) or false (recorded), or leave it out.")

    def operand(self, subject: Feature | str, op: str, value: Any, at: str) -> None:
        """What an operator compares with."""
        if op == BETWEEN:
            self.ends(value, at)
        elif op in ORDERED:
            self.number(value, at)
        elif op != "in":
            self.value(subject, value, at)
        elif self.is_list(value, at, most=MOST_VALUES, least=1):
            for place, item in enumerate(value):
                self.value(subject, item, f"{at}/{place}")

    def field(self, name: object, at: str) -> "Feature | str | None":
        """The input, or the name of what the model gave; None, with the fault noted, for neither."""
        if isinstance(name, str) and name in self.given:
            return name
        feature = (
            self.schema.by_name.get(name.removeprefix(FEATURE))
            if isinstance(name, str) and name.startswith(FEATURE)
            else None
        )
        if feature is None:
            self.add(
                at,
                "unknown_field",
                f"Write “features.” and the name of an input of this use case{', or ' + _or(self.given) if self.given else ''}.",
            )
        return feature

    def value(self, subject: Feature | str, value: object, at: str) -> None:
        """One value that eq, ne and in compare with."""
        if subject == "outcome":
            self.outcome(value, at)
        elif isinstance(subject, str) or subject.kind in NUMERIC:
            self.number(value, at)
        elif subject.kind is Kind.BOOLEAN:
            if type(value) is not bool:
                self.add(at, "wrong_type", "Write true or false.")
        elif subject.category(value) is None:
            self.add(at, "unknown_value", f"One of {_few([repr(category.value) for category in subject.categories])}.")

    def outcome(self, value: object, at: str) -> None:
        if not isinstance(value, str) or value not in self.outcomes:
            self.add(at, "unknown_outcome", f"Outcomes of this use case: {', '.join(self.outcomes)}.")

    def ends(self, value: object, at: str) -> None:
        if not isinstance(value, list) or len(value) != 2:
            self.add(at, "wrong_type", "Write two numbers, the lower first.")
            return
        are_numbers = [self.number(end, f"{at}/{place}") for place, end in enumerate(value)]
        if all(are_numbers) and value[0] > value[1]:
            self.add(at, "out_of_range", "The lower end comes first.")

    def number(self, value: Any, at: str, *, low: float = -math.inf, high: float = math.inf) -> bool:
        if type(value) not in (int, float) or not abs(value) <= sys.float_info.max:
            self.add(at, "wrong_type", "Write a number.")
        elif not low <= value <= high:
            self.add(at, "out_of_range", f"Write a number from {low:g} to {high:g}.")
        else:
            return True
        return False

    def is_list(self, value: object, at: str, *, most: int, least: int = 0) -> bool:
        if not isinstance(value, list) or not least <= len(value) <= most:
            self.add(at, "wrong_type", f"Write a list of {least} to {most} entries.")
            return False
        return True

    def no_repeats(self, values: list[Any], at: str) -> None:
        if len({str(value) for value in values}) < len(values):
            self.add(at, "repeated_value", "Name each once.")


def of_nothing() -> Check:
    """For data that speaks of no use case."""
    return Check(FeatureSchema(()), (), ())


def _has_order(subject: Feature | str) -> bool:
    if isinstance(subject, str):
        return subject != "outcome"
    return subject.kind in NUMERIC or (subject.kind is Kind.ORDINAL and isinstance(subject.categories[0].value, int))


def _few(words: list[str], most: int = 12) -> str:
    return ", ".join(words[:most]) + (" …" if len(words) > most else "")


def escape(name: object) -> str:
    """A name inside a JSON pointer, cut short."""
    return str(name)[:TEXT_LENGTH].replace("~", "~0").replace("/", "~1")


def _or(words: Collection[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last
