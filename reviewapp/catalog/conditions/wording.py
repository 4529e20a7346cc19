"""Conditions in sentences, as a page shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inference.schema import FeatureSchema
from reviewapp.catalog.conditions.testing import BETWEEN, COMPARISONS, FEATURE, MISSING, said


@dataclass(frozen=True, slots=True)
class Labels:
    """What people call inputs, outcomes (by value) and queues (by slug)."""

    schema: FeatureSchema
    outcomes: Mapping[str, str]
    queues: Mapping[str, str]

    def outcome(self, value: object) -> str:
        return self.outcomes.get(str(value), str(value))

    def queue(self, slug: str) -> str:
        return self.queues.get(slug, slug)

    def field(self, name: str) -> str:
        feature = self.schema.by_name.get(name.removeprefix(FEATURE))
        return feature.label if name.startswith(FEATURE) and feature else name.removeprefix(FEATURE).capitalize()

    def value(self, field: str, value: object) -> str:
        name = field.removeprefix(FEATURE)
        if field == "outcome":
            return self.outcome(value)
        if field == "confidence" and isinstance(value, int | float):
            return percent(value)
        return (
            self.schema.format_value(name, value)
            if field.startswith(FEATURE) and name in self.schema.by_name
            else said(value)
        )


def condition_in_words(condition: Mapping[str, Any], labels: Labels, *, inner: bool = False) -> str:
    for word, joint in (("all", " and "), ("any", " or ")):
        if word in condition:
            parts = [condition_in_words(part, labels, inner=True) for part in condition[word]]
            text = joint.join(parts)
            return f"({text})" if inner and len(parts) > 1 else text
    if "not" in condition:
        return f"it is not so that {condition_in_words(condition['not'], labels, inner=True)}"
    return _comparison(condition, labels)


def _comparison(condition: Mapping[str, Any], labels: Labels) -> str:
    field, op = condition["field"], condition["op"]
    value: Any = condition.get("value")
    name = labels.field(field)
    if op == MISSING:
        return f"{name} is recorded" if value is False else f"{name} is not recorded"
    if op == BETWEEN:
        return f"{name} is from {labels.value(field, value[0])} to {labels.value(field, value[1])}"
    if op == "in":
        return f"{name} is {listed([labels.value(field, item) for item in value], 'or')}"
    words = COMPARISONS[op][1] + " " if op in COMPARISONS else "not " if op == "ne" else ""
    return f"{name} is {words}{labels.value(field, value)}"


def listed(words: list[str], last: str) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def percent(share: float) -> str:
    return f"{100 * share:.6g} %"


def bounds_of(condition: Mapping[str, Any], field: str) -> list[float]:
    """The numbers with which a condition compares `field`."""
    if "not" in condition:
        return bounds_of(condition["not"], field)
    for word in ("all", "any"):
        if word in condition:
            return [bound for part in condition[word] for bound in bounds_of(part, field)]
    given = condition.get("value") if condition["field"] == field else None
    return [one for one in (given if isinstance(given, list) else [given]) if isinstance(one, int | float)]


def fields_of(condition: Mapping[str, Any]) -> list[str]:
    """The fields a condition asks about, each once, in order."""
    if "not" in condition:
        return fields_of(condition["not"])
    for word in ("all", "any"):
        if word in condition:
            return list(dict.fromkeys(name for part in condition[word] for name in fields_of(part)))
    return [condition["field"]]
