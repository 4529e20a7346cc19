"""Predictions as their sender reads them: with explanation, routing, case and decision."""

from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.urls import reverse

from reviewapp.access.rules import READ_PREDICTIONS
from reviewapp.cases.models import Case, Decision
from reviewapp.catalog.queries import use_cases_of
from reviewapp.lib.actor import Actor
from reviewapp.predictions.models import Prediction
from reviewapp.predictions.serializers import explanation_answer, prediction_answer, routing_answer


def with_everything() -> QuerySet[Prediction]:
    """Whole predictions, in two statements for any number."""
    decisions = Prefetch("case__decisions", queryset=Decision.objects.order_by("-round"))
    related = ("use_case", "explanation", "routing", "case__queue", "model_version__model")
    return Prediction.objects.select_related(*related).prefetch_related(decisions)


def visible_predictions(actor: Actor) -> QuerySet[Prediction]:
    """Whole predictions of the use cases whose predictions the actor may read."""
    return with_everything().filter(use_case__in=use_cases_of(actor, READ_PREDICTIONS).values("pk"))


def is_pending(prediction_id: UUID) -> bool:
    return Prediction.objects.filter(pk=prediction_id, status="pending").exists()


def answer(prediction: Prediction) -> dict[str, Any]:
    routing, case = getattr(prediction, "routing", None), getattr(prediction, "case", None)
    decision = next(iter(case.decisions.all()), None) if case else None
    return {
        "id": str(prediction.pk),
        "external_id": prediction.external_id,
        "use_case": prediction.use_case.slug,
        "status": prediction.status,
        "failure": prediction.failure or None,
        "received_at": prediction.received_at,
        "prediction": prediction_answer(prediction),
        "explanation": explanation_answer(prediction),
        "routing": routing_answer(routing),
        "outcome": (decision.outcome if decision else None) or (routing.outcome if routing else None) or None,
        "case": case_link(case) if case else None,
        "decision": _decision(decision) if decision else None,
    }


def case_link(case: Case) -> dict[str, Any]:
    return {
        "id": str(case.pk),
        "url": reverse("cases:case", args=[case.pk]),
        "queue": case.queue.slug,
        "status": case.state,
        "due_at": case.due_at,
    }


def _decision(decision: Decision) -> dict[str, Any]:
    return {
        "id": str(decision.pk),
        "outcome": decision.outcome,
        "direction": decision.direction,
        "decided_at": decision.decided_at,
    }
