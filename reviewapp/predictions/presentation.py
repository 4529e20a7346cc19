"""A prediction as a page shows it: the facts, and the model's advice in words, figures and a waterfall. Reads only what is loaded."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from inference.confidence import TOO_FEW, ConfidenceWords, cases_like, confidence_words
from inference.schema import NUMERIC, Feature, FeatureSchema
from reviewapp.catalog.models import UseCase
from reviewapp.catalog.rules import OutcomeKind
from reviewapp.predictions.models import Prediction
from reviewapp.predictions.reasoning import provenance, reasons_of, without_reasons
from reviewapp.predictions.versions import schema_of, version_facts

_SHOWN_WITHOUT_GROUP = "Other"


# Facts


def facts(prediction: Prediction, use_case: UseCase) -> dict[str, Any]:
    """The context of cases/_facts.html: groups in the schema's order, protected features left out."""
    schema = schema_of(prediction)
    shown = [feature for feature in schema.features if not feature.protected]
    groups: dict[str, list[dict[str, Any]]] = {}
    for feature in shown:
        row = _fact(schema, feature, prediction.features.get(feature.name), use_case.facts_layout)
        groups.setdefault(feature.group or _SHOWN_WITHOUT_GROUP, []).append(row)
    rows = [row for group in groups.values() for row in group]
    return {
        "layout": use_case.facts_layout,
        "received": prediction.received_at,
        "count": len(rows),
        "missing": sum(row["missing"] for row in rows),
        "outside": sum(row["outside"] for row in rows),
        "groups": [_group(name, members, use_case.facts_layout) for name, members in groups.items()],
    }


def _group(name: str, rows: list[dict[str, Any]], layout: str) -> dict[str, Any]:
    """A group of which no value has a reference range reads better as plain facts."""
    if layout == "facts" or any(row["range"] for row in rows):
        return {"name": name, "rows": rows, "layout": layout}
    plain = [row | {"value": f"{row['value']} {row['unit']}".rstrip(), "unit": ""} for row in rows]
    return {"name": name, "rows": plain, "layout": "facts"}


def _fact(schema: FeatureSchema, feature: Feature, value: Any, layout: str) -> dict[str, Any]:
    missing, outside = feature.is_missing(value), schema.is_outside(feature.name, value)
    reference = feature.reference
    text, unit = schema.format_value(feature.name, value), ""
    if layout == "vitals" and feature.unit and not missing and text.endswith(f" {feature.unit}"):
        text, unit = text.removesuffix(f" {feature.unit}"), feature.unit
    comparison = schema.comparison(feature.name, value)
    return {
        "name": feature.name,
        "label": feature.label,
        "value": text,
        "unit": unit,
        "missing": missing,
        "outside": outside,
        "direction": comparison if comparison in {"high", "low"} else None,
        "note": comparison if outside and comparison not in {"high", "low"} else "",
        "reference_text": _reference_text(feature),
        "range": _range(feature, value) if reference is not None and feature.kind in NUMERIC else None,
    }


def _reference_text(feature: Feature) -> str:
    reference = feature.reference
    if reference is None:
        return ""
    if reference.text:
        return reference.text
    low, high = (None if bound is None else f"{bound * feature.scale:g}" for bound in (reference.low, reference.high))
    if low and high:
        return f"{low} to {high}"
    return f"over {low}" if low else f"up to {high}" if high else ""


def _range(feature: Feature, value: Any) -> dict[str, float | None] | None:
    """Where the reference band and the value lie on a strip, in percent; one band width to either side."""
    reference = feature.reference
    if reference is None or (reference.low is None and reference.high is None):
        return None
    low = reference.low if reference.low is not None else (feature.min or 0.0)
    high = reference.high if reference.high is not None else 2 * low - (feature.min or 0.0)
    if high <= low:
        return None
    left, right = low - (high - low), high + (high - low)
    if feature.min is not None and reference.low is not None:
        left = max(left, min(feature.min, low))
    width = (right - left) or 1.0
    mark = None
    if isinstance(value, int | float) and not isinstance(value, bool) and not feature.is_missing(value):
        mark = round(100 * min(max((value - left) / width, 0.0), 1.0), 1)
    return {
        "low_pct": round(100 * (low - left) / width, 1),
        "width_pct": round(100 * (high - low) / width, 1),
        "mark_pct": mark,
    }


# Advice


def advice(prediction: Prediction, use_case: UseCase) -> dict[str, Any]:
    """The context of cases/_advice.html. Reasons that do not add up are shown with a badge, never hidden and never an error."""
    version, explanation = prediction.model_version, getattr(prediction, "explanation", None)
    words = confidence_of(prediction, use_case)
    base = {
        "model_text": f"{version.model.name}, version {version.version}"
        if version
        else "a model elsewhere, version not stated",
        "outcome_label": use_case.outcome_label(prediction.outcome),
    }
    base |= _confidence(prediction, use_case, words)
    if explanation is None:
        return base | without_reasons(prediction)
    return (
        base | {"status": "ready"} | reasons_of(prediction, use_case, explanation) | provenance(prediction, explanation)
    )


def confidence_of(prediction: Prediction, use_case: UseCase) -> ConfidenceWords:
    """How sure, counted on the calibration cases of the model version."""
    return confidence_in(prediction.outcome, prediction.confidence or 0.0, prediction.model_version_id, use_case)


def confidence_in(value: str, confidence: float, version_id: UUID | None, use_case: UseCase) -> ConfidenceWords:
    """The same of any outcome of a model version."""
    table = version_facts(version_id)[0] if version_id else {}
    like = cases_like(table, value, confidence) if table else None
    outcome = next((row for row in use_case.outcomes if row["value"] == value), {"label": value})
    return confidence_words(
        like, outcome, noun=use_case.case_noun_plural, neighbours=use_case.outcome_kind == OutcomeKind.ORDINAL
    )


def sure_of_100(confidence: float, threshold: float | None) -> str:
    """A confidence in whole hundredths. One below the threshold of its policy that rounds to it is "just under 95", not "95"."""
    percent = round(100 * confidence)
    is_just_under = threshold is not None and confidence < threshold <= percent / 100
    return f"just under {100 * threshold:.6g}" if threshold is not None and is_just_under else str(percent)


def _threshold(prediction: Prediction) -> float | None:
    """The confidence from which its policy lets a case pass; None where it was not routed or the policy lets none pass."""
    routing = getattr(prediction, "routing", None)
    return None if routing is None else routing.threshold


def _confidence(prediction: Prediction, use_case: UseCase, words: ConfidenceWords) -> dict[str, Any]:
    confidence, threshold = prediction.confidence or 0.0, _threshold(prediction)
    sure = sure_of_100(confidence, threshold)
    several = len(use_case.outcomes) > 2
    found: dict[str, Any] = {"levels": _levels(prediction, use_case) if several else [], "scale": None}
    if words.of_100 is None:
        return found | {
            "confidence_word": f"{sure} of 100 by its own reckoning".capitalize(),
            "confidence_before": TOO_FEW,
            "confidence_count": "",
            "confidence_after": "",
        }
    before, _, after = words.sentence.rstrip(".").partition(str(words.of_100) + " ")
    count, _, spread = after.rpartition(" (")
    if (
        threshold is not None and confidence < threshold <= words.of_100 / 100
    ):  # the count alone would contradict the reason
        spread += f"; its confidence is {sure} of 100"
    found |= {
        "confidence_word": words.word,
        "confidence_before": before.strip(),
        "confidence_count": f"{words.of_100} {count}",
        "confidence_after": f" ({spread}",
    }
    if not several:
        found["scale"] = _scale(prediction, words)
    return found


def _scale(prediction: Prediction, words: ConfidenceWords) -> dict[str, Any]:
    """A line from a coin toss to certainty."""
    percent, low, high = words.of_100 or 0, words.low or 0, words.high or 0
    passes = _threshold(prediction)
    threshold = None if passes is None else round(100 * passes)
    return {
        "start": "50, a coin toss",
        "percent": percent,
        "low": low,
        "high": high,
        "x": _from_half(percent),
        "low_x": _from_half(low),
        "width": max(_from_half(high) - _from_half(low), 1),
        "threshold_x": None if threshold is None else _from_half(threshold),
        "threshold_text": "" if threshold is None else f"passes alone from {threshold}",
    }


def _from_half(percent: float) -> float:
    return min(max(2.0 * (percent - 50), 0.0), 100.0)


def _levels(prediction: Prediction, use_case: UseCase) -> list[dict[str, Any]]:
    shares = whole_percents([prediction.probabilities.get(outcome.value, 0.0) for outcome in use_case.outcome_list])
    return [
        {"label": outcome.label, "percent": share, "predicted": outcome.value == prediction.outcome}
        for outcome, share in zip(use_case.outcome_list, shares, strict=True)
    ]


def whole_percents(shares: Sequence[float]) -> list[int]:
    """Whole percents that sum to what the shares sum to: rounded down, then by largest remainder."""
    exact = [100 * share for share in shares]
    whole = [int(value) for value in exact]
    spare = round(sum(exact)) - sum(whole)
    for place in sorted(range(len(exact)), key=lambda place: whole[place] - exact[place])[:spare]:
        whole[place] += 1
    return whole
