"""What keeps a policy from being published: every fault with its JSON pointer."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from inference.schema import FeatureSchema
from reviewapp.cases.rules import HIGHEST_PRIORITY
from reviewapp.catalog.conditions.checking import MOST_VALUES, Check
from reviewapp.lib.errors import Problem
from reviewapp.policies.rules.engine import AUTO, RESERVED, REVIEW

MOST_RULES, NAME_LENGTH = 100, 100
GIVEN = ("outcome", "confidence", "margin")
_PARTS = {"rules", "always_review", "confidence_threshold", "qa_share", "default"}


def faults(body: Any, *, schema: FeatureSchema, outcomes: Collection[str], queues: Collection[str]) -> list[Problem]:
    """Every fault of `body`, in its order; empty when it may be published.

    :param outcomes: values of the use case's outcomes.
    :param queues: slugs of the use case's queues.
    """
    check = _Check(schema, outcomes, GIVEN, queues=queues)
    if check.is_object(body, "", required=_PARTS):
        check.policy(body)
    return check.found


@dataclass(kw_only=True)
class _Check(Check):
    queues: Collection[str]

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
