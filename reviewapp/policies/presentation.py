"""What the pages of policies show, as their templates want it."""

import json
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from inference.schema import FeatureSchema
from reviewapp.catalog.conditions.wording import bounds_of, fields_of, percent
from reviewapp.catalog.models import UseCase
from reviewapp.lib.errors import Problem
from reviewapp.policies.models import PolicyVersion
from reviewapp.policies.queries import labels_of, queue_names
from reviewapp.policies.rules import REVIEW, Labels, in_words
from reviewapp.policies.rules.engine import steps_not_reached
from reviewapp.policies.rules.wording import in_order, pointer_in_words, rule_in_words
from reviewapp.predictions.models import Prediction
from reviewapp.predictions.presentation import sure_of_100

SELECTED = {
    "policy_rule": "a rule of the policy asks for a person",
    "always_review": "outcomes like this are always reviewed",
    "low_confidence": "the model was not sure enough",
    "qa_auto": "it would have passed and was drawn for the quality sample",
    "": "nobody was asked: it passed",
}


def pretty(body: object) -> str:
    """The policy as a person writes it."""
    return json.dumps(in_order(body), indent=2, ensure_ascii=False)


def version(row: PolicyVersion, *, labels: Labels) -> dict[str, Any]:
    """One published version in words and as it is written."""
    return {
        "number": row.number,
        "reason": row.reason,
        "digest": row.digest,
        "at": row.published_at,
        "by": row.published_by.display_name if row.published_by else "the command line",
        "sentences": in_words(row.body, labels),
        "json": pretty(row.body),
    }


def changes(before: Mapping[str, Any] | None, after: Mapping[str, Any], *, labels: Labels) -> list[dict[str, str]]:
    """What differs between two policies, sentence by sentence: [{kind "same" | "removed" | "added", text}]."""
    old, new = in_words(before, labels) if before else [], in_words(after, labels)
    rows = []
    for kind, old_from, old_to, new_from, new_to in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if kind == "equal":
            rows += [{"kind": "same", "text": text} for text in new[new_from:new_to]]
            continue
        rows += [{"kind": "removed", "text": text} for text in old[old_from:old_to]]
        rows += [{"kind": "added", "text": text} for text in new[new_from:new_to]]
    return rows


def history(rows: Sequence[PolicyVersion]) -> list[dict[str, Any]]:
    return [
        {
            "number": row.number,
            "at": row.published_at,
            "by": row.published_by.display_name if row.published_by else "the command line",
            "reason": row.reason,
        }
        for row in rows
    ]


def problems(found: Sequence[Problem], body: object) -> list[dict[str, str]]:
    """Faults for components/_errors.html, each led by where it is."""
    return [
        {
            "text": ": ".join(part for part in (pointer_in_words(problem.pointer, body), problem.detail) if part),
            "target": "id_reason" if problem.pointer == "/reason" else "id_body",
        }
        for problem in found
    ]


def vocabulary(use_case: UseCase) -> list[dict[str, str]]:
    """What a policy may speak about, beside the form: [{name, words}]."""
    labels = labels_of(use_case)
    inputs = [
        {
            "name": f"features.{one.name}",
            "words": f"{one.label}, {one.kind}{', protected: do not route by it' if one.protected else ''}",
        }
        for one in labels.schema.features
    ]
    outcomes = ", ".join(use_case.outcome_values)
    queues = ", ".join(queue_names(use_case))
    return [
        {"name": "outcome", "words": f"what the model advises: {outcomes}"},
        {"name": "confidence", "words": "0 to 1"},
        {"name": "margin", "words": "0 to 1: how far the next outcome is behind"},
        *inputs,
        {"name": "queue", "words": queues or "none yet"},
    ]


def routing(prediction: Prediction, policy: PolicyVersion) -> dict[str, Any]:
    """Why a prediction went where it went: every step that was asked, with what it saw, and those that were not."""
    row, use_case = prediction.routing, prediction.use_case
    schema = FeatureSchema.from_json(prediction.schema.body)
    labels = Labels(schema, {one.value: one.label for one in use_case.outcome_list}, queue_names(use_case))
    by_name = {rule["name"]: rule for rule in policy.body["rules"]}
    return {
        "external_id": prediction.external_id,
        "result": f"A person reviews it in {labels.queue(row.queue_slug)}" if row.result == REVIEW else "It passed",
        "rule": row.rule,
        "why": SELECTED.get(row.selection_reason, row.selection_reason),
        "probability": percent(row.selection_probability),
        "stratum": row.stratum,
        "draw": row.draw,
        "at": row.routed_at,
        "policy": row.policy_number,
        "steps": [_step(step, by_name.get(step["rule"]), prediction, labels) for step in row.trace],
        "not_reached": steps_not_reached(row.trace, policy.body),
    }


def _step(
    step: Mapping[str, Any], rule: Mapping[str, Any] | None, prediction: Prediction, labels: Labels
) -> dict[str, Any]:
    seen = (
        [(labels.field(name), _seen(name, rule, prediction, labels)) for name in fields_of(rule["when"])]
        if rule
        else []
    )
    return {
        "rule": step["rule"],
        "words": rule_in_words(rule, labels).removeprefix(f"{rule['name']}: ") if rule else "",
        "matched": step["matched"],
        "seen": [{"label": label, "value": value} for label, value in seen],
        "detail": _detail(step["detail"], prediction),
    }


def _detail(traced: str, prediction: Prediction) -> str:
    """What a step without a condition saw. The trace keeps every digit of a confidence; people read it as on the case."""
    if prediction.confidence is None or not traced.startswith("confidence "):
        return traced
    return f"confidence {_sure(prediction.confidence, [prediction.routing.threshold])}"


def _sure(confidence: float, bounds: Sequence[float | None]) -> str:
    """In whole hundredths, held against what it was compared with: 94.6 is "just under 95" where that was the bound."""
    above = min((bound for bound in bounds if bound is not None and bound > confidence), default=None)
    return f"{sure_of_100(confidence, above)} of 100"


def _seen(field: str, rule: Mapping[str, Any], prediction: Prediction, labels: Labels) -> str:
    if field == "confidence" and prediction.confidence is not None:
        return _sure(prediction.confidence, bounds_of(rule["when"], field))
    if field == "margin" and prediction.margin is not None:
        return f"{prediction.margin:.3g}"
    given = {"outcome": prediction.outcome, "confidence": prediction.confidence, "margin": prediction.margin}
    value = given[field] if field in given else prediction.features.get(field.removeprefix("features."))
    return "not recorded" if value is None else labels.value(field, value)
