"""A whole case as the API answers it, in one statement written by hand: reading it through the ORM costs three times the claim itself.
A blind case costs one more.

And what the model would say of it, which is no part of it.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.urls import reverse

from reviewapp.cases.corrections_panel import corrections_answer
from reviewapp.cases.documents_panel import documents_answer
from reviewapp.cases.models import Case
from reviewapp.cases.queries import answers_of
from reviewapp.cases.rules import CaseState, digest_of
from reviewapp.cases.serializers import review_line
from reviewapp.cases.withholding import MODELS_PART, revealed
from reviewapp.lib.actor import Actor
from reviewapp.predictions.comparing import outside_training
from reviewapp.predictions.models import WhatIf
from reviewapp.predictions.serializers import explanation_parts, prediction_parts
from reviewapp.predictions.versions import schema_by_id

_WHOLE = """
select c.id, c.external_id, q.slug, u.slug, c.state, c.priority, c.advised, c.confidence, c.why, c.opened_at, c.due_at, c.risk_at,
    c.decided_at, c.outcome, c.lease, c.lease_until, c.round, c.follow_up_at, c.awaited, s.masked_name, p.schema_id, p.features, p.snapshot_digest,
    p.outcome, p.probabilities, p.confidence, p.margin, m.name, v.version,
    e.method, e.output_space, e.additive, e.body,
    c.is_blind and c.state <> 'decided', c.is_correcting, p.corrects_id, c.skill,
    exists (select from cases_document t where t.prediction_id = p.id),
    exists (select from cases_blindanswer b where b.case_id = c.id and b.reviewer_id = c.pended_by_id)
from cases_case c
join cases_queue q on q.id = c.queue_id
join catalog_usecase u on u.id = q.use_case_id
join predictions_prediction p on p.id = c.prediction_id
left join predictions_subject s on s.id = p.subject_id
left join predictions_explanation e on e.prediction_id = p.id
left join catalog_modelversion v on v.id = p.model_version_id
left join catalog_model m on m.id = v.model_id
where c.id = %s
"""
_NAMES = (
    "id", "external_id", "queue", "use_case", "state", "priority", "advised", "confidence", "why", "opened_at", "due_at", "risk_at",
    "decided_at", "outcome", "lease", "lease_until", "round", "follow_up_at", "awaited", "masked_name", "schema_id", "features", "snapshot_digest",
    "predicted", "probabilities", "certainty", "margin", "model", "model_version", "method", "output_space", "additive", "body", "withheld",
    "is_correcting", "corrects", "skill", "has_documents",
    "pended_seeing",
)  # fmt: skip


def case_answer(case_id: UUID, actor: Actor, *, adjudicates: bool = False) -> dict[str, Any]:
    """The case with its facts and the model's advice, unless that is withheld. The caller has looked whether the case may be seen.

    :param adjudicates: with the answers given so far, for the lead who decides between them; they are for nobody else's eyes yet.
    """
    with connection.cursor() as cursor:
        cursor.execute(_WHOLE, [case_id])
        row = dict(zip(_NAMES, cursor.fetchone() or (), strict=True))
    row["withheld"] = row["withheld"] and not revealed([case_id], actor)
    reviews = answers_of([case_id]).get(case_id, []) if adjudicates else []
    given = [review_line(review, is_withheld=row["withheld"]) for review in reviews]
    corrections = corrections_answer(case_id, row) if row["is_correcting"] or row["corrects"] else []
    documents = documents_answer(case_id) if row["has_documents"] or row["corrects"] else []
    answer = _answer({**row, **_NOT_SAID} if row["withheld"] else row)
    if row["state"] != CaseState.PENDED or (row["withheld"] and row["pended_seeing"]):
        answer["awaited"] = None
    return answer | {"answers": given if adjudicates else None, "corrections": corrections, "documents": documents}


# What stands for the model's part while it is withheld.
_NOT_SAID = {
    **dict.fromkeys(MODELS_PART), "predicted": "", "probabilities": "{}", "certainty": None, "margin": None, "method": None,
}  # fmt: skip


def _answer(row: Mapping[str, Any]) -> dict[str, Any]:
    features = orjson.loads(row["features"])
    open_names = schema_by_id(row["schema_id"]).by_name
    shown = (
        "external_id",
        "queue",
        "use_case",
        "priority",
        "advised",
        "confidence",
        "why",
        "opened_at",
        "due_at",
        "risk_at",
        "decided_at",
        "follow_up_at",
        "withheld",
    )
    return {name: row[name] for name in shown} | {
        "id": str(row["id"]),
        "url": reverse("cases:case", args=[row["id"]]),
        "status": row["state"],
        "outcome": row["outcome"] or None,
        "awaited": row["awaited"],
        "lease": {"number": row["lease"], "expires_at": row["lease_until"]}
        if row["state"] == CaseState.LEASED
        else None,
        "subject": row["masked_name"],
        "skill": row["skill"] or None,
        "features": {
            name: value for name, value in features.items() if name in open_names and not open_names[name].protected
        },
        "prediction": prediction_parts({**row, "outcome": row["predicted"], "confidence": row["certainty"]}),
        "explanation": _explanation(row) if row["method"] else None,
        "shown": digest_of(
            row["round"],
            bytes(row["snapshot_digest"]),
            is_explained=bool(row["method"]),
            is_withheld=row["withheld"],
            is_correcting=row["is_correcting"],
        ),
    }


def what_if_answer(case: Case, row: WhatIf) -> dict[str, Any]:
    """What the model says of the case as it would be, beside what it says of it as it is. `case` as `queries.whole_case` loads it."""
    assert row.answer is not None and case.prediction.model_version is not None  # noqa: S101, PT018 -- the caller waited for it
    version, before, after = case.prediction.model_version, row.answer["before"], row.answer["after"]
    body = after["explanation"]
    return {
        "id": str(row.pk),
        "case": str(case.pk),
        "changes": row.changes,
        "outside_training": outside_training(case.prediction, row.changes),
        "before": {name: before[name] for name in _SAID},
        "prediction": {name: after[name] for name in _SAID}
        | {"model": version.model.name, "model_version": version.version},
        "explanation": explanation_parts(body["method"], body["output_space"], body, body["additive"]),
    }


_SAID = ("outcome", "probabilities", "confidence", "margin")


def _explanation(row: Mapping[str, Any]) -> dict[str, Any]:
    return explanation_parts(row["method"], row["output_space"], orjson.loads(row["body"]), row["additive"])
