"""The same prediction with other inputs: for a case whose facts somebody has corrected. Nothing that arrived is changed.

A prediction that `corrects` another takes its id for people, subject, schema and model version. It waits for the model worker as one that
arrived does, but no policy routes it: what sent the case to a person stands, so a new score never decides a case by itself. That of a copy
is a copy, too. It arrived from nobody, so lists for senders and figures of what arrives leave it out (`corrects=None`).
"""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from reviewapp.lib import bell
from reviewapp.lib.canonical import digest
from reviewapp.lib.ids import uuid7
from reviewapp.predictions.models import RESCORE, Prediction
from reviewapp.predictions.what_if import PATIENCE, ModelNotRegistered, is_possible

_LOOK_AGAIN = 0.02

_CORRECTED = """
with corrected as (
    insert into predictions_prediction (id, use_case_id, external_id, subject_id, schema_id, features, snapshot_digest, context,
        model_version_id, brought_along, status, failure, outcome, probabilities, occurred_at, received_at, received_from_id, copy_of_id,
        corrects_id)
    select %(id)s, use_case_id, external_id, subject_id, schema_id, %(features)s, %(digest)s, context,
        model_version_id, false, 'pending', '', '', '{}', occurred_at, %(at)s, received_from_id, copy_of_id, id
    from predictions_prediction where id = %(source)s returning id
)
insert into predictions_modelwork (prediction_id, needs, created_at, tries, next_try_at, failure)
select id, %(needs)s, %(at)s, 0, %(at)s, '' from corrected
"""


def correct(source: Prediction, changes: Mapping[str, Any], *, at: datetime) -> UUID:
    """Store `source` once more with `changes`, to be scored; in the caller's transaction and under its audit event. `changes` are
    `what_if.real_changes`, and `model_version` is loaded. :raises ModelNotRegistered:"""
    if not is_possible(source):
        raise ModelNotRegistered
    features = {**source.features, **changes}
    values: dict[str, Any] = {
        "id": uuid7(),
        "source": source.pk,
        "features": orjson.dumps(features).decode(),
        "digest": digest(features),
        "needs": RESCORE,
        "at": at,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CORRECTED, values)
    bell.ring("intake.score_pending", queue="models")
    found: UUID = values["id"]
    return found


_SAME_ROUTING = """
insert into predictions_routingresult (prediction_id, policy_version_id, policy_number, result, outcome, queue_slug, priority, rule, trace,
    selection_reason, selection_probability, stratum, draw, threshold, routed_at)
select p.id, r.policy_version_id, r.policy_number, r.result, r.outcome, r.queue_slug, r.priority, r.rule, r.trace,
    r.selection_reason, r.selection_probability, r.stratum, r.draw, r.threshold, r.routed_at
from predictions_prediction p join predictions_routingresult r on r.prediction_id = p.corrects_id where p.id = any(%s::uuid[])
"""


def keep_routings(ids: Sequence[UUID]) -> None:
    """What sent a corrected prediction's case to a person, is what sent the one before."""
    with connection.cursor() as cursor:
        cursor.execute(_SAME_ROUTING, [list(ids)])


def wait_until_scored(prediction_id: UUID, *, seconds: float = PATIENCE) -> bool:
    """Whether the model worker is done with it before the time is up."""
    end = time.monotonic() + seconds
    while Prediction.objects.filter(pk=prediction_id, status="pending").exists():
        if time.monotonic() >= end:
            return False
        time.sleep(_LOOK_AGAIN)
    return True
