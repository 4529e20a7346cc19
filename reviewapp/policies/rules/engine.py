"""Compiling a policy and routing predictions by it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from reviewapp.catalog.conditions.testing import Facts, MissingCodes, Test, compile_condition

ADVERSE = "Adverse outcome is always reviewed"
NAMED = "This outcome is always reviewed"
SAMPLE = "Quality sample"
PASSES = "Passes"
# Plain strings, since they are copied into rows by the thousand. The second four say why a person was asked; empty: nobody was.
AUTO, REVIEW = "auto", "review"
BY_RULE, BY_ALWAYS, BY_CONFIDENCE, BY_SAMPLE = "policy_rule", "always_review", "low_confidence", "qa_auto"
RESERVED = (ADVERSE, NAMED, SAMPLE, PASSES)
QA_PURPOSE = BY_SAMPLE
_NO_CODES: MissingCodes = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Routing:
    """Where one prediction goes and why.

    `rule` names what decided. `selection_probability` is the chance, known beforehand, that a person is asked about a prediction like this:
    1 where a rule asks, the sample's share for what would pass, drawn or not. `stratum` is the same for drawn and passed alike.
    """

    result: str
    queue: str
    priority: int
    rule: str
    trace: list[dict[str, Any]]
    selection_reason: str
    selection_probability: float
    stratum: str


@dataclass(frozen=True, slots=True)
class Target:
    """A queue and a priority."""

    queue: str
    priority: int


@dataclass(frozen=True, slots=True)
class Rule:
    """One compiled rule; `target` is None where it passes what it matches."""

    name: str
    test: Test
    target: Target | None


@dataclass(frozen=True, slots=True)
class CompiledPolicy:
    """A policy as closures; immutable, shared by all requests of a process."""

    rules: tuple[Rule, ...]
    always: Mapping[str, str]  # outcome -> the name of the rule
    threshold: float
    below: str
    share: float
    default: Target

    def route(
        self, features: Mapping[str, Any], outcome: str, confidence: float, margin: float, draw: float
    ) -> Routing:
        """Route one prediction; `draw` in [0, 1) decides whether what would pass enters the quality sample."""
        facts: Facts = (features, {"outcome": outcome, "confidence": confidence, "margin": margin})
        trace: list[dict[str, Any]] = []
        for rule in self.rules:
            matched, detail = rule.test(facts)
            trace.append({"rule": rule.name, "matched": matched, "detail": detail})
            if matched:
                if rule.target is None:
                    return self._sample(outcome, rule.name, draw, trace)
                return _reviewed(rule.target, outcome, rule.name, BY_RULE, trace)
        return self._by_default(outcome, confidence, draw, trace)

    def _by_default(self, outcome: str, confidence: float, draw: float, trace: list[dict[str, Any]]) -> Routing:
        always = self.always.get(outcome)
        if always is not None:
            trace.append({"rule": always, "matched": True, "detail": f"outcome is {outcome}"})
            return _reviewed(self.default, outcome, always, BY_ALWAYS, trace)
        if self.always:
            name = next(iter(self.always.values()))
            trace.append({"rule": name, "matched": False, "detail": f"outcome is {outcome}"})
        unsure = not confidence >= self.threshold  # so that a confidence that is no number is reviewed, too
        detail = f"confidence {100 * confidence:.6g} %"
        trace.append({"rule": self.below, "matched": unsure, "detail": detail})
        if unsure:
            return _reviewed(self.default, outcome, self.below, BY_CONFIDENCE, trace)
        return self._sample(outcome, PASSES, draw, trace)

    def _sample(self, outcome: str, passing: str, draw: float, trace: list[dict[str, Any]]) -> Routing:
        drawn = draw < self.share
        share = f"the {100 * self.share:.6g} % sample"
        stratum = f"{outcome}/{passing}"
        trace.append(
            {"rule": SAMPLE, "matched": drawn, "detail": f"drawn for {share}" if drawn else f"not drawn for {share}"}
        )
        if drawn:
            default = self.default
            return Routing(REVIEW, default.queue, default.priority, SAMPLE, trace, BY_SAMPLE, self.share, stratum)
        if passing == PASSES:
            trace.append({"rule": PASSES, "matched": True, "detail": "nothing above asks for a person"})
        return Routing(AUTO, "", 0, passing, trace, "", self.share, stratum)


def _reviewed(target: Target, outcome: str, rule: str, reason: str, trace: list[dict[str, Any]]) -> Routing:
    return Routing(REVIEW, target.queue, target.priority, rule, trace, reason, 1.0, f"{outcome}/{rule}")


def compile_policy(
    body: Mapping[str, Any], *, missing_codes: MissingCodes = _NO_CODES, adverse: Collection[str] | None = None
) -> CompiledPolicy:
    """Compile a body in which `faults` finds nothing.

    :param missing_codes: per feature, the numbers that stand for "not recorded".
    :param adverse: the outcomes to call adverse; None calls all that are always reviewed so.
    """
    default = Target(body["default"]["queue"], body["default"].get("priority", 0))
    threshold = body["confidence_threshold"]
    return CompiledPolicy(
        rules=tuple(_rule(rule, default, missing_codes) for rule in body["rules"]),
        always={
            outcome: ADVERSE if adverse is None or outcome in adverse else NAMED for outcome in body["always_review"]
        },
        threshold=threshold,
        below=f"Confidence below {100 * threshold:.6g} %",
        share=body["qa_share"],
        default=default,
    )


def _rule(rule: Mapping[str, Any], default: Target, missing_codes: MissingCodes) -> Rule:
    then = rule["then"]
    asks = then["result"] == REVIEW
    target = Target(then.get("queue", default.queue), then.get("priority", default.priority)) if asks else None
    return Rule(rule["name"], compile_condition(rule["when"], missing_codes), target)


def steps_not_reached(trace: Sequence[Mapping[str, Any]], body: Mapping[str, Any]) -> list[str]:
    """Names of the rules that come after the one that decided."""
    seen = {step["rule"] for step in trace}
    return [rule["name"] for rule in body["rules"] if rule["name"] not in seen]
