"""A policy in sentences, as a page shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inference.schema import FeatureSchema
from reviewapp.policies.rules.conditions import BETWEEN, COMPARISONS, FEATURE, MISSING, said
from reviewapp.policies.rules.engine import AUTO


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


def in_words(body: Mapping[str, Any], labels: Labels) -> list[str]:
    """One sentence for each step, in the order in which they are asked."""
    return [
        *(rule_in_words(rule, labels) for rule in body["rules"]),
        *([_always(body, labels)] if body["always_review"] else []),
        f"A confidence below {percent(body['confidence_threshold'])} is reviewed.",
        _sample(body["qa_share"]),
        _default(body["default"], labels),
    ]


def rule_in_words(rule: Mapping[str, Any], labels: Labels) -> str:
    then = rule["then"]
    condition = condition_in_words(rule["when"], labels)
    return f"{rule['name']}: when {condition}, {_then(then, labels)}."


def _then(then: Mapping[str, Any], labels: Labels) -> str:
    if then["result"] == AUTO:
        return "it passes"
    place = f" in {labels.queue(then['queue'])}" if "queue" in then else ""
    priority = f" with priority {then['priority']}" if "priority" in then else ""
    return f"a person reviews it{place}{priority}"


def _always(body: Mapping[str, Any], labels: Labels) -> str:
    named = _listed([labels.outcome(value) for value in body["always_review"]], "and")
    passed = any(rule["then"]["result"] == AUTO for rule in body["rules"])
    unless = ", unless a rule above has let it pass" if passed else ""
    return f"{named} {'is' if len(body['always_review']) == 1 else 'are'} always reviewed{unless}."


def _sample(share: float) -> str:
    if not share:
        return "Nothing of what would pass is sampled, so nothing can be said about its quality."
    return f"Of what would pass, {percent(share)} is drawn at random for review; the rest passes."


def _default(default: Mapping[str, Any], labels: Labels) -> str:
    return f"Where no rule names a queue, cases go to {labels.queue(default['queue'])} with priority {default.get('priority', 0)}."


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
        return f"{name} is {_listed([labels.value(field, item) for item in value], 'or')}"
    words = COMPARISONS[op][1] + " " if op in COMPARISONS else "not " if op == "ne" else ""
    return f"{name} is {words}{labels.value(field, value)}"


def _listed(words: list[str], last: str) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def percent(share: float) -> str:
    return f"{100 * share:.6g} %"


_PLACES = {
    "always_review": "always reviewed",
    "confidence_threshold": "confidence threshold",
    "qa_share": "share of the sample",
    "default": "default",
    "when": "condition",
    "then": "consequence",
    "op": "operator",
}


def pointer_in_words(pointer: str, body: object) -> str:
    """Where a fault is: "Rule 2 “Large loans”, condition, part 1, value"; empty for the policy as a whole."""
    parts = pointer.strip("/").split("/") if pointer.strip("/") else []
    words, at = [], body
    for before, part in zip(["", *parts], parts, strict=False):
        at = _inside(at, part)
        if part in {"rules", "all", "any", "not"} and part != parts[-1]:
            continue
        if part.isdigit():
            words.append(_numbered(before, int(part) + 1, at))
        else:
            words.append(_PLACES.get(part, part.replace("~1", "/").replace("~0", "~")))
    text = ", ".join(words)
    return text[:1].upper() + text[1:]


def _numbered(before: str, number: int, at: object) -> str:
    if before != "rules":
        return f"{'part' if before in {'all', 'any'} else 'entry'} {number}"
    name = at.get("name") if isinstance(at, Mapping) else None
    return f"rule {number} “{name}”" if isinstance(name, str) and name else f"rule {number}"


def _inside(value: object, part: str) -> object:
    if isinstance(value, Mapping):
        return value.get(part)
    if isinstance(value, list) and part.isdigit() and int(part) < len(value):
        return value[int(part)]
    return None


def fields_of(condition: Mapping[str, Any]) -> list[str]:
    """The fields a condition asks about, each once, in order."""
    if "not" in condition:
        return fields_of(condition["not"])
    for word in ("all", "any"):
        if word in condition:
            return list(dict.fromkeys(name for part in condition[word] for name in fields_of(part)))
    return [condition["field"]]


_ORDER = (
    *("rules", "name", "when", "then", "all", "any", "not", "field", "op", "value"),
    *("result", "always_review", "confidence_threshold", "qa_share", "default", "queue", "priority"),
)


def in_order(value: Any) -> Any:
    """The same policy with its keys in the order in which people read them; the database keeps none."""
    if isinstance(value, Mapping):
        return {
            key: in_order(value[key])
            for key in sorted(value, key=lambda key: (_ORDER.index(key) if key in _ORDER else 99, key))
        }
    return [in_order(item) for item in value] if isinstance(value, list) else value
