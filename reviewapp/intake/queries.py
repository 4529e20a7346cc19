"""Predictions as their sender reads them: with explanation, routing, case and decision."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import QuerySet
from django.urls import reverse

from reviewapp.access.rules import READ_PREDICTIONS
from reviewapp.cases.withholding import revealed
from reviewapp.catalog.queries import use_cases_of
from reviewapp.lib.actor import Actor
from reviewapp.predictions.models import Prediction
from reviewapp.predictions.serializers import explanation_parts, prediction_parts

# By hand: reading the same through the models costs a sender as much as all that is stored for it.
_WHOLE = """
select p.id, p.external_id, u.slug, p.status, p.failure, p.received_at, p.outcome, p.probabilities, p.confidence, p.margin,
    m.name, v.version, e.method, e.output_space, e.body, e.additive,
    r.result, r.policy_number, r.rule, r.trace, r.outcome,
    c.is_blind and c.state <> 'decided', c.id, q.slug, c.state, c.due_at, d.id, d.outcome, d.direction, d.decided_at,
    p.corrects_id, k.after_id
from predictions_prediction p
join catalog_usecase u on u.id = p.use_case_id
left join catalog_modelversion v on v.id = p.model_version_id
left join catalog_model m on m.id = v.model_id
left join predictions_explanation e on e.prediction_id = p.id
left join predictions_routingresult r on r.prediction_id = p.id
left join cases_correction k on k.before_id = p.id and k.state = 'applied'
left join cases_correction z on z.after_id = p.id
left join cases_case own on own.prediction_id = p.id
left join cases_case c on c.id = coalesce(own.id, k.case_id, z.case_id)
left join cases_queue q on q.id = c.queue_id
left join cases_decision d on d.case_id = c.id and d.round = c.round
where p.id {which}
"""
_NAMES = (
    "id", "external_id", "use_case", "status", "failure", "received_at", "outcome", "probabilities", "confidence", "margin",
    "model", "model_version", "method", "output_space", "body", "additive",
    "result", "policy_version", "rule", "trace", "passed", "is_blind",
    "case", "queue", "state", "due_at", "decision", "decided", "direction", "decided_at",
    "corrects", "corrected_by",
)  # fmt: skip


def visible_predictions(actor: Actor) -> QuerySet[Prediction]:
    """The predictions of the use cases whose predictions the actor may read; none that is a copy of another and never arrived."""
    return Prediction.objects.filter(copy_of=None, use_case__in=use_cases_of(actor, READ_PREDICTIONS).values("pk"))


def is_pending(prediction_id: UUID) -> bool:
    return Prediction.objects.filter(pk=prediction_id, status="pending").exists()


def answers(ids: Sequence[UUID], actor: Actor) -> list[dict[str, Any]]:
    """The whole of these predictions, in the order of `ids`; one statement, and one more where a case is blind.

    The caller has looked whether they may be seen. What the model said is left out of those that opened a blind case, if it is withheld
    from the actor.
    """
    # For one id its plan is made once and kept; for an array PostgreSQL would plan ten joins each time.
    which, value = ("= %s", ids[0]) if len(ids) == 1 else ("= any(%s)", list(ids))
    with connection.cursor() as cursor:
        cursor.execute(_WHOLE.format(which=which), [value])
        rows = [dict(zip(_NAMES, row, strict=True)) for row in cursor.fetchall()]
    blind = [row["case"] for row in rows if row["is_blind"]]
    closed = set(blind) - revealed(blind, actor) if blind else set()
    found = {row["id"]: _answer({**row, **_NOT_SAID} if row["case"] in closed else row) for row in rows}
    return [found[pk] for pk in ids]


_NOT_SAID = {
    "withheld": True, "outcome": "", "probabilities": "{}", "confidence": None, "margin": None, "body": None, "result": None, "passed": None,
}  # fmt: skip


def _answer(row: Mapping[str, Any]) -> dict[str, Any]:
    body = orjson.loads(row["body"]) if row["body"] else None
    return {
        "id": str(row["id"]),
        "external_id": row["external_id"],
        "use_case": row["use_case"],
        "status": row["status"],
        "failure": row["failure"] or None,
        "received_at": row["received_at"],
        "prediction": prediction_parts(row),
        "explanation": explanation_parts(row["method"], row["output_space"], body, row["additive"]) if body else None,
        "routing": _routing(row) if row["result"] else None,
        "outcome": row["decided"] or row["passed"] or None,
        "withheld": row.get("withheld", False),
        "case": _case(row) if row["case"] else None,
        "decision": _decision(row) if row["decision"] else None,
        "corrects": row["corrects"] and str(row["corrects"]),
        "corrected_by": row["corrected_by"] and str(row["corrected_by"]),
    }


def _routing(row: Mapping[str, Any]) -> dict[str, Any]:
    shown = ("result", "policy_version", "rule")
    return {name: row[name] for name in shown} | {"trace": orjson.loads(row["trace"])}


def _case(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": str(row["case"]),
        "url": reverse("cases:case", args=[row["case"]]),
        "queue": row["queue"],
        "status": row["state"],
        "due_at": row["due_at"],
    }


def _decision(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": str(row["decision"]),
        "outcome": row["decided"],
        "direction": row["direction"],
        "decided_at": row["decided_at"],
    }
