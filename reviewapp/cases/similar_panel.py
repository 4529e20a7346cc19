"""Similar decided cases as the page and the API show them."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from reviewapp.cases.actions import Similar
from reviewapp.cases.models import Case
from reviewapp.cases.precedents import Near
from reviewapp.cases.queries import reason_texts
from reviewapp.predictions.arguments import is_alike, main_inputs, nearness, shown_value

_PENDING = "The model worker is still computing the reasons of this case. Look again when they are here."
_INCOMPARABLE = (
    "Cases are compared by the model’s reasons, and this one has none that can be compared: they were not sent along, could not be "
    "computed, do not add up, or come from a model version nobody named."
)
_NONE_YET = (
    "No decided case of the queues you may read was argued by this version of the model. A case appears here once its "
    "decision can no longer be taken back."
)


_ALIKE, _NOT_ALIKE = "Decided cases the model argued alike", "Nearest decided cases; none was argued alike"


def similar_context(found: Similar) -> dict[str, Any]:
    """The context of cases/_similar.html with what was found."""
    return {"url": reverse("cases:similar", args=[found.case.pk]), "result": _result(found)}


def _result(found: Similar) -> dict[str, Any]:
    if not found.near:
        return {"text": _why_none(found), "rows": []}
    use_case = found.case.queue.use_case
    texts = reason_texts(use_case.pk, {code for row in found.near for code in row.decision.review.reason_codes})
    counts = Counter(row.decision.outcome for row in found.near)
    told = ", ".join(f"{use_case.outcome_label(value)} {count}" for value, count in counts.most_common())
    return {
        "title": _ALIKE if is_alike(found.near[0].difference) else _NOT_ALIKE,
        "rows": [_row(row, found.case, texts) for row in found.near],
        "counts": f"Decided among these {len(found.near)}: {told}." if len(found.near) > 1 else "",
        "facts": _side_by_side(found),
    }


def _why_none(found: Similar) -> str:
    if found.is_comparable:
        return _NONE_YET
    return _PENDING if hasattr(found.case.prediction, "model_work") else _INCOMPARABLE


def _row(row: Near, case: Case, texts: Mapping[str, str]) -> dict[str, Any]:
    decision, use_case = row.decision, case.queue.use_case
    advised = use_case.outcome_label(decision.predicted_outcome)
    return {
        "external_id": decision.case.external_id,
        "url": reverse("cases:case", args=[decision.case_id]),
        "near": nearness(row.difference).capitalize(),
        "outcome": use_case.outcome_label(decision.outcome),
        "said": "as the model advised"
        if decision.outcome == decision.predicted_outcome
        else f"the model advised {advised}",
        "reasons": [texts.get(code, code) for code in decision.review.reason_codes],
        "decided_at": decision.decided_at,
        "queue": decision.case.queue.name if decision.case.queue_id != case.queue_id else "",
    }


def _side_by_side(found: Similar) -> list[dict[str, Any]]:
    """What the main reasons of this case are about, here and there."""
    prediction, rows = found.case.prediction, []
    for name in main_inputs(prediction, found.case.queue.use_case):
        label, own = shown_value(prediction, name, prediction.features.get(name))
        theirs = [
            shown_value(prediction, name, row.decision.case.prediction.features.get(name))[1] for row in found.near
        ]
        rows.append({"label": label, "own": own, "theirs": theirs})
    return rows


def similar_answer(found: Similar) -> dict[str, Any]:
    """The answer of the API."""
    status = (
        "ready" if found.is_comparable else "pending" if hasattr(found.case.prediction, "model_work") else "unavailable"
    )
    return {"case": str(found.case.pk), "status": status, "results": [_line(row) for row in found.near]}


def _line(row: Near) -> dict[str, Any]:
    decision = row.decision
    return {
        "case": str(decision.case_id),
        "external_id": decision.case.external_id,
        "url": reverse("cases:case", args=[decision.case_id]),
        "queue": decision.case.queue.slug,
        "near": nearness(row.difference),
        "difference": round(row.difference, 4),
        "outcome": decision.outcome,
        "advised": decision.predicted_outcome,
        "reason_codes": decision.review.reason_codes,
        "decided_at": decision.decided_at,
    }
