"""What keeps a policy from being published: every fault with its JSON pointer."""

import math
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from inference.schema import NUMERIC, Feature, FeatureSchema, Kind
from reviewapp.cases.rules import HIGHEST_PRIORITY
from reviewapp.lib.errors import Problem
from reviewapp.policies.rules.conditions import BETWEEN, FEATURE, GIVEN, MISSING, OPERATORS, ORDERED
from reviewapp.policies.rules.engine import AUTO, RESERVED, REVIEW

MOST_RULES, DEEPEST, MOST_PARTS, MOST_VALUES = 100, 8, 50, 200
NAME_LENGTH, TEXT_LENGTH = 100, 200
_PARTS = {"rules", "always_review", "confidence_threshold", "qa_share", "default"}


def faults(body: Any, *, schema: FeatureSchema, outcomes: Collection[str], queues: Collection[str]) -> list[Problem]:
    """Every fault of `body`, in its order; empty when it may be published.

    :param outcomes: values of the use case's outcomes.
    :param queues: slugs of the use case's queues.
    """
    check = _Check(schema, outcomes, queues)
    if check.is_object(body, "", required=_PARTS):
        check.policy(body)
    return check.found


@dataclass
class _Check:
    schema: FeatureSchema
    outcomes: Collection[str]
    queues: Collection[str]
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

    def policy(self, body: Mapping[str, Any]) -> None:
        self.rules(body["rules"])
        if self.is_list(body["always_review"], "/always_review", most=MOST_VALUES):
            for place, outcome in enumerate(body["always_review"]):
                self.outcome(outcome, f"/always_review/{place}")
            self.no_repeats(body["always_review"], "/always_review")
        self.number(body["confidence_threshold"], "/confidence_threshold", low=0.5, high=1)
        self.number(body["qa_share"], "/qa_share", low=0, high=1)
        if self.is_object(body["default"], "/default", required={"queue"}, optional={"priority"}):
            self.target(body["default"], "/default")

    def rules(self, rules: Any) -> None:
        if not self.is_list(rules, "/rules", most=MOST_RULES):
            return
        names: set[str] = set()
        for place, rule in enumerate(rules):
            at = f"/rules/{place}"
            if self.is_object(rule, at, required={"name", "when", "then"}):
                self.name(rule["name"], f"{at}/name", names)
                self.condition(rule["when"], f"{at}/when", depth=1)
                self.then(rule["then"], f"{at}/then")

    def name(self, name: object, at: str, taken: set[str]) -> None:
        if (
            not isinstance(name, str)
            or not 1 <= len(name.strip()) <= len(name) <= NAME_LENGTH
            or not name.isprintable()
        ):
            self.add(at, "wrong_type", f"Give the rule a name of 1 to {NAME_LENGTH} characters on one line.")
            return
        if name.casefold() in taken:
            self.add(at, "repeated_name", "Another rule has this name.")
        if name in RESERVED or name.startswith("Confidence below"):
            self.add(at, "reserved_name", "This name belongs to a step of every policy; choose another.")
        taken.add(name.casefold())

    def then(self, then: Any, at: str) -> None:
        if not self.is_object(then, at, required={"result"}, optional={"queue", "priority"}):
            return
        result = then["result"]
        if result == REVIEW:
            self.target(then, at)
        elif result != AUTO:
            self.add(f"{at}/result", "unknown_value", "Write “auto” or “review”.")
        elif len(then) > 1:
            self.add(at, "unknown_field", "What passes goes to no queue: leave queue and priority out.")

    def target(self, target: Mapping[str, Any], at: str) -> None:
        if "queue" in target and (not isinstance(target["queue"], str) or target["queue"] not in self.queues):
            self.add(
                f"{at}/queue",
                "unknown_queue",
                f"Queues of this use case: {', '.join(sorted(self.queues)) or 'none yet'}.",
            )
        priority = target.get("priority", 0)
        if type(priority) is not int or not 0 <= priority <= HIGHEST_PRIORITY:
            self.add(f"{at}/priority", "wrong_type", f"Write a whole number from 0 to {HIGHEST_PRIORITY}.")

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
        if isinstance(name, str) and name in GIVEN:
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
                "Write “features.” and the name of an input of this use case, or outcome, confidence or margin.",
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
            self.add(at, "repeated_value", "Name each outcome once.")


def _has_order(subject: Feature | str) -> bool:
    if isinstance(subject, str):
        return subject != "outcome"
    return subject.kind in NUMERIC or (subject.kind is Kind.ORDINAL and isinstance(subject.categories[0].value, int))


def _few(words: list[str], most: int = 12) -> str:
    return ", ".join(words[:most]) + (" …" if len(words) > most else "")


def escape(name: object) -> str:
    """A name inside a JSON pointer, cut short."""
    return str(name)[:TEXT_LENGTH].replace("~", "~0").replace("/", "~1")
