"""Why the model says what it says: its reasons in words, the chart that adds them up, and where they come from."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from inference.errors import InferenceError
from inference.reasons import reasons_for
from inference.schema import FeatureSchema
from inference.waterfall import Waterfall, waterfall
from reviewapp.catalog.models import UseCase
from reviewapp.catalog.presentation import METHODS as CALIBRATED_BY
from reviewapp.catalog.presentation import protected_labels
from reviewapp.catalog.rules import OutcomeKind
from reviewapp.predictions.models import Explanation, Prediction
from reviewapp.predictions.versions import schema_of, version_facts

ELSEWHERE = "another outcome"


def without_reasons(prediction: Prediction) -> dict[str, Any]:
    if hasattr(prediction, "model_work"):
        return {
            "status": "pending",
            "status_text": "The model worker is computing them. This page tells you when they are here; the facts are complete.",
        }
    if prediction.model_version and prediction.model_version.artifact:
        return {
            "status": "unavailable",
            "status_text": "The reasons could not be computed, and are not tried again. Judge by the facts.",
        }
    return {
        "status": "unavailable",
        "status_text": "Whoever sent this prediction sent no reasons along, and the model is not registered here. Judge by the facts.",
    }


def reasons_of(prediction: Prediction, use_case: UseCase, explanation: Explanation) -> dict[str, Any]:
    schema, features = schema_of(prediction), prediction.features
    body, outcomes = comparable(prediction, use_case, explanation)
    ordinal = use_case.outcome_kind == OutcomeKind.ORDINAL and bool(explanation.body.get("alternatives"))
    severity = (
        (f"more {use_case.severity_noun}", f"less {use_case.severity_noun}")
        if ordinal and use_case.severity_noun
        else None
    )
    try:
        found = reasons_for(schema, features, body, outcomes, is_ordinal=ordinal, severity_words=severity)
        steps = waterfall(schema, features, body, outcomes, is_ordinal=ordinal, noun=use_case.case_noun)
    except (InferenceError, KeyError, ValueError):
        return {
            "reasons": [],
            "waterfall": None,
            "rows": [],
            "additive": False,
            "sum_text": "The explanation cannot be read.",
        }
    reasons = [
        {
            "feature": reason.feature,
            "lead": f"{reason.before}{reason.lead}",
            "rest": reason.rest,
            "push": reason.push,
            "towards": reason.direction == "toward",
            "unusual": reason.is_unusual,
        }
        for reason in found.items
    ]
    return {
        "reasons": reasons,
        "reasons_note": found.headline,
        "waterfall": _chart(prediction, steps, use_case, found.toward_label, found.against_label),
        "open_waterfall": True,
        "rows": _rows(schema, features, body, found.toward_label, found.against_label, steps),
        "sum_text": _sum_text(steps, additive=explanation.additive is not False),
        "additive": explanation.additive is not False,
        "against_label": found.against_label,
    }


def _sum_text(steps: Waterfall, *, additive: bool) -> str:
    if not additive:
        return "Base value and contributions do not reach the model's result."
    start, end = steps.rows[0], steps.rows[-1]
    return f"They add up: base {start.push_text}, sum {signed(end.push - start.push)}, result {end.push_text}."


def comparable(
    prediction: Prediction, use_case: UseCase, explanation: Explanation
) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    """The explanation with an alternative to compare with. One that was brought along speaks of its own outcome only: the other is its mirror."""
    body = explanation.body
    if body.get("alternatives"):
        return body, list(use_case.outcomes)
    others = [row for row in use_case.outcomes if row["value"] != prediction.outcome]
    other = others[0] if len(others) == 1 else {"value": "-", "label": ELSEWHERE}
    own = next(row for row in use_case.outcomes if row["value"] == prediction.outcome)
    contributions = body["contributions"]
    margin = body.get("margin")
    reached = body["base_value"] + sum(contributions.values()) if margin is None else margin
    mirror = {
        "base_value": -body["base_value"],
        "contributions": {name: -value for name, value in contributions.items()},
    }
    margins = {prediction.outcome: reached, other["value"]: -reached}
    return {**body, "additive": True, "margins": margins, "alternatives": {other["value"]: mirror}}, [own, other]


def _chart(prediction: Prediction, steps: Waterfall, use_case: UseCase, toward: str, against: str) -> dict[str, Any]:
    noun = use_case.case_noun
    start, end = steps.start_points, steps.end_points
    happened = next((row.get("past") for row in use_case.outcomes if row["value"] == steps.outcome), None) or toward
    own, other = use_case.outcome_label(steps.outcome), use_case.outcome_label(steps.against)
    reckoned = _reckoned(prediction, end)
    caption = f"From the average {noun} ({start} of 100 {happened}) to this one ({end} of 100{reckoned}), in log-odds."
    if steps.is_pairwise:
        pair = f"{own} against {other}"
        caption = f"From the average {noun} to this one: {pair}, in log-odds."
    return {
        "caption": f"{caption} Solid pushes towards {toward}, hatched towards {against}.",
        "axis_title": _axis_title(own, other if steps.is_pairwise else ""),
        "axis": [{"percent": tick.label, "x": tick.x, "main": tick.is_even} for tick in steps.ticks],
        "rows": [
            {
                "kind": row.kind,
                "label": row.label,
                "feature": row.feature,
                "value": row.value,
                "x": row.x,
                "width": row.width,
                "toward": row.direction == "toward",
                "display": row.push_text,
                "towards_label": toward if row.direction == "toward" else against if row.direction else "neither",
                "x_end": row.end,
            }
            for row in steps.rows
        ],
    }


_AXIS_LENGTH = 40  # the axis stands in a chart on a phone and does not wrap; the caption above has the outcomes in full


def _axis_title(own: str, other: str) -> str:
    title = f"{own} rather than {other}, of 100" if other else f"{own}, of 100 like it"
    if len(title) <= _AXIS_LENGTH:
        return title
    return "the first rather than the second, of 100" if other else "this outcome, of 100 like it"


def _reckoned(prediction: Prediction, end: int) -> str:
    """What sets the end of the waterfall apart from the confidence above it, where they are two figures."""
    if end == round(100 * (prediction.confidence or 0.0)):
        return ""
    metrics = version_facts(prediction.model_version_id)[1] if prediction.model_version_id else {}
    is_calibrated = bool(CALIBRATED_BY.get((metrics.get("calibration") or {}).get("method", "")))
    return " by its own reckoning, before calibration" if is_calibrated else " by its own reckoning"


def _rows(
    schema: FeatureSchema,
    features: Mapping[str, Any],
    body: Mapping[str, Any],
    toward: str,
    against: str,
    steps: Waterfall,
) -> list[dict[str, Any]]:
    """Every contribution, by size; against the same alternative as the waterfall."""
    theirs = body["alternatives"].get(steps.against, {}).get("contributions", {}) if steps.is_pairwise else {}
    pushes = {
        name: value - theirs.get(name, 0.0) for name, value in body["contributions"].items() if name in schema.by_name
    }
    return [
        {
            "label": schema.by_name[name].label,
            "value": schema.format_value(name, features.get(name)),
            "display": signed(push),
            "towards_label": toward if push > 0 else against if push < 0 else "neither",
        }
        for name, push in sorted(pushes.items(), key=lambda item: -abs(item[1]))
    ]


def signed(value: float) -> str:
    text = f"{abs(value):.2f}"
    return text if text == "0.00" else f"{'−' if value < 0 else '+'}{text}"


METHODS = {
    "tree-path": "SHAP for trees, exact, against the training cases that reach the same branches.",
    "tree-interventional": "SHAP for trees, exact, each input replaced by those of the background cases.",
    "linear": "SHAP for a linear model, exact.",
    "permutation": "SHAP by permutation: approximate, from a few hundred evaluations.",
}


def provenance(prediction: Prediction, explanation: Explanation) -> dict[str, Any]:
    version, background = prediction.model_version, explanation.body.get("background") or {}
    calibration = (version_facts(version.pk)[1].get("calibration") or {}) if version else {}
    unseen = [label[:1].lower() + label[1:] for label in protected_labels(schema_of(prediction))]
    rows = [
        ("Prediction", str(prediction.pk), True),
        ("Inputs, SHA-256", bytes(prediction.snapshot_digest).hex(), True),
        ("Model artifact, SHA-256", version.artifact_digest if version else "", True),
        ("Explained by", explanation.method + (", sent along" if explanation.brought_along else ""), False),
        ("Background, SHA-256", str(background.get("digest") or ""), True),
        ("Explained at", f"{timezone.localtime(explanation.explained_at):%d %b %Y, %H:%M:%S %Z}", False),
    ]
    return {
        "method_text": METHODS.get(explanation.method, f"Method: {explanation.method}."),
        "baseline_text": f"Baseline: {background['name']}, {background['n']:,} cases."
        if background.get("name")
        else "",
        "calibration_text": f"Confidence is calibrated on {calibration['n']:,} held-out cases."
        if calibration.get("n")
        else "",
        "not_inputs_text": f"The model is not told: {', '.join(unseen)}."
        if unseen and version and version.artifact_digest
        else "",
        "trained_text": version.model.description if version else "",
        "provenance": [{"label": label, "value": value, "code": code} for label, value, code in rows if value],
    }
