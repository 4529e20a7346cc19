"""A policy in sentences, as a page shows it."""

from collections.abc import Mapping
from typing import Any

from reviewapp.catalog.conditions.wording import Labels, condition_in_words, listed, percent
from reviewapp.policies.rules.engine import AUTO


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
    named = listed([labels.outcome(value) for value in body["always_review"]], "and")
    passed = any(rule["then"]["result"] == AUTO for rule in body["rules"])
    unless = ", unless a rule above has let it pass" if passed else ""
    return f"{named} {'is' if len(body['always_review']) == 1 else 'are'} always reviewed{unless}."


def _sample(share: float) -> str:
    if not share:
        return "Nothing of what would pass is sampled, so nothing can be said about its quality."
    return f"Of what would pass, {percent(share)} is drawn at random for review; the rest passes."


def _default(default: Mapping[str, Any], labels: Labels) -> str:
    return f"Where no rule names a queue, cases go to {labels.queue(default['queue'])} with priority {default.get('priority', 0)}."


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
