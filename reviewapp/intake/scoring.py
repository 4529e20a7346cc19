"""The model worker: scores and explains what waits, many rows at a time, and routes what it scored."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import connection, transaction
from django.db.models import F, QuerySet

from reviewapp.access.idempotency import durable
from reviewapp.audit import actions as audit
from reviewapp.cases.actions import apply_corrections, fail_correction
from reviewapp.intake.actions import open_routed, received_entry
from reviewapp.intake.runtimes import Runtime, runtime
from reviewapp.intake.what_ifs import answer_what_ifs
from reviewapp.lib.actor import Actor, system
from reviewapp.policies.queries import published
from reviewapp.predictions.actions import Incoming, store_explanations, store_routings
from reviewapp.predictions.correcting import keep_routings
from reviewapp.predictions.models import EXPLAIN, RESCORE, ModelWork, Prediction

log = logging.getLogger(__name__)
BATCH = 64
MOST_TRIES = 12
WORKER = system("model-worker")


def score_pending(*, at: datetime) -> int:
    """Do what waits; returns how many predictions were done. One bad row is set aside and does not hold up the others.

    However much waits, a person who asks "what if" waits for one batch at most.
    """
    done = 0
    while True:
        answer_what_ifs()
        try:
            count = _do_batch(actor=WORKER, at=at)
        except Exception:
            log.exception("a batch of model work failed; trying its rows one by one")
            due = _due(ModelWork.objects.all(), at).values_list("pk", flat=True)
            count = sum(_do_one(pk, at=at) for pk in due[:BATCH])
        done += count
        if count == 0:
            return done


def _due(rows: QuerySet[ModelWork], at: datetime) -> QuerySet[ModelWork]:
    return rows.filter(next_try_at__lte=at).order_by("next_try_at")


@durable
def _do_batch(*, actor: Actor, at: datetime, only: Sequence[UUID] | None = None) -> int:
    """Score, explain, route and open cases for one batch; the work rows end in the same transaction."""
    rows = ModelWork.objects.select_for_update(of=("self",), skip_locked=True)
    rows = rows.select_related("prediction__model_version", "prediction__use_case")
    found = list(rows.filter(pk__in=only) if only is not None else _due(rows, at)[:BATCH])
    groups: dict[tuple[UUID | None, str], list[Prediction]] = {}
    for row in found:
        groups.setdefault((row.prediction.model_version_id, row.needs), []).append(row.prediction)
    # Corrections last: they lock cases, which people are at, and no other row is to be scored meanwhile
    for (_, needs), predictions in sorted(groups.items(), key=lambda group: group[0][1] == RESCORE):
        act = {EXPLAIN: _explain, RESCORE: _rescore}.get(needs, _score)
        act(predictions, actor=actor, at=at)
    ModelWork.objects.filter(pk__in=[row.pk for row in found]).delete()
    return len(found)


def _runtime_of(predictions: Sequence[Prediction]) -> Runtime:
    version = predictions[0].model_version
    assert version is not None  # noqa: S101 -- intake queues no work for predictions without a version
    return runtime(version.artifact, version.artifact_digest)


def _explain(predictions: Sequence[Prediction], *, actor: Actor, at: datetime) -> None:
    """Explain outcomes that came along scored."""
    records, outcomes = [row.features for row in predictions], [row.outcome for row in predictions]
    bodies = _runtime_of(predictions).explainer.explain(records, outcomes)
    store_explanations(_explained(predictions, bodies), at=at)
    entries = (audit.Entry("prediction.explained", "predictions.prediction", str(row.pk)) for row in predictions)
    audit.record_many(entries, actor=actor, at=at)


def _explained(
    predictions: Sequence[Prediction], bodies: Sequence[Mapping[str, Any]]
) -> list[tuple[UUID, Mapping[str, Any], bool]]:
    return [(row.pk, body, bool(body["additive"])) for row, body in zip(predictions, bodies, strict=True)]


_SCORED = """
update predictions_prediction p set status = 'routed', outcome = t.outcome, probabilities = t.probabilities::jsonb,
    confidence = t.confidence, margin = t.margin
from unnest(%s::uuid[], %s::text[], %s::text[], %s::float8[], %s::float8[]) as t(id, outcome, probabilities, confidence, margin)
where p.id = t.id and p.status = 'pending'
"""


def _score(predictions: Sequence[Prediction], *, actor: Actor, at: datetime) -> None:
    """Predict, explain and route: the half of intake that waited for the model."""
    live = _runtime_of(predictions)
    records = [row.features for row in predictions]
    scored = live.predictor.predict(records)
    bodies = live.explainer.explain(records, [one.outcome for one in scored])
    policies = {use_case_id: published(use_case_id) for use_case_id in {row.use_case_id for row in predictions}}
    rows = []
    for row, one in zip(predictions, scored, strict=True):
        routed = policies[row.use_case_id].route(row.pk, row.features, one.outcome, one.confidence, one.margin)
        rows.append((_scored(row, one, routed), row.use_case.summary_features))
    _save_scores([row for row, _ in rows])
    store_explanations(_explained(predictions, bodies), at=at)
    store_routings([(row.id, row.routed) for row, _ in rows if row.routed], at=at)
    cases = open_routed(rows, at=at)
    entries = (received_entry(row, cases.get(row.id), "prediction.scored") for row, _ in rows)
    audit.record_many(entries, actor=actor, at=at)


def _rescore(predictions: Sequence[Prediction], *, actor: Actor, at: datetime) -> None:
    """Predict and explain corrected inputs. No policy is asked: the case is with a person already and stays there."""
    live = _runtime_of(predictions)
    scored = live.predictor.predict([row.features for row in predictions])
    bodies = live.explainer.explain([row.features for row in predictions], [one.outcome for one in scored])
    _save_scores([_scored(row, one, None) for row, one in zip(predictions, scored, strict=True)])
    store_explanations(_explained(predictions, bodies), at=at)
    ids = [row.pk for row in predictions]
    keep_routings(ids)
    apply_corrections(ids, actor=actor, at=at)


def _scored(row: Prediction, one: Any, routed: Any) -> Incoming:
    return Incoming(
        id=row.pk,
        use_case_id=row.use_case_id,
        external_id=row.external_id,
        schema_id=row.schema_id,
        features=row.features,
        snapshot_digest=bytes(row.snapshot_digest),
        outcome=one.outcome,
        probabilities=one.probabilities,
        confidence=one.confidence,
        margin=one.margin,
        routed=routed,
    )


def _save_scores(rows: Sequence[Incoming]) -> None:
    columns = (
        [row.id for row in rows],
        [row.outcome for row in rows],
        [orjson.dumps(row.probabilities).decode() for row in rows],
        [row.confidence for row in rows],
        [row.margin for row in rows],
    )
    with connection.cursor() as cursor:
        cursor.execute(_SCORED, list(columns))


def _do_one(pk: UUID, *, at: datetime) -> int:
    try:
        return _do_batch(actor=WORKER, at=at, only=[pk])
    except Exception as error:  # noqa: BLE001 -- whatever is wrong with one row, the others go on
        _set_aside(pk, failure=type(error).__name__, at=at)
        return 0


@transaction.atomic(durable=True)
def _set_aside(pk: UUID, *, failure: str, at: datetime) -> None:
    """Wait twice as long each time; after the last try the work is over."""
    row = ModelWork.objects.select_for_update().filter(pk=pk).first()
    if row is None:
        return
    if row.tries + 1 >= MOST_TRIES:
        _give_up(row, failure=failure, at=at)
        return
    wait = timedelta(seconds=min(2 ** (row.tries + 1), 3600))
    ModelWork.objects.filter(pk=pk).update(tries=F("tries") + 1, next_try_at=at + wait, failure=failure)


def _give_up(row: ModelWork, *, failure: str, at: datetime) -> None:
    """A prediction that could not be scored is marked failed, one that came along scored stays without reasons. Nobody waits for it any more."""
    action = "prediction.unexplained" if row.needs == EXPLAIN else "prediction.failed"
    entry = audit.Entry(action, "predictions.prediction", str(row.pk), data={"failure": failure}, outcome="failed")
    audit.record_many([entry], actor=WORKER, at=at)
    if row.needs != EXPLAIN:
        Prediction.objects.filter(pk=row.pk, status="pending").update(status="failed", failure=failure)
        fail_correction(row.pk, actor=WORKER, at=at)
    row.delete()
