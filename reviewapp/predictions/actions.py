"""Every write to predictions. Many rows go in by COPY: one call stores a batch of a thousand as it stores one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db import connection

from reviewapp.audit import actions as audit
from reviewapp.lib import bell, crypto
from reviewapp.lib.actor import Actor
from reviewapp.lib.ids import uuid7
from reviewapp.predictions.models import Label, Prediction, SupersededLabel
from reviewapp.predictions.subjects import Identity, copy_subject, store_subjects

_LABEL_LOCK = 7_301_001  # advisory: labels get their positions one writer at a time, in commit order


@dataclass(frozen=True, slots=True)
class Routed:
    """Where the policy sent a prediction; the columns of RoutingResult."""

    policy_version_id: UUID
    policy_number: int
    result: str
    outcome: str
    queue_slug: str
    priority: int
    rule: str
    trace: Sequence[Mapping[str, Any]]
    selection_reason: str
    selection_probability: float
    stratum: str
    draw: float | None
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class Incoming:
    """One prediction to store. `outcome` is empty while it waits for the model worker."""

    id: UUID
    use_case_id: UUID
    external_id: str
    schema_id: UUID
    features: Mapping[str, Any]
    snapshot_digest: bytes
    identity: Identity | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    model_version_id: UUID | None = None
    brought_along: bool = False
    outcome: str = ""
    probabilities: Mapping[str, float] = field(default_factory=dict)
    confidence: float | None = None
    margin: float | None = None
    occurred_at: datetime | None = None
    explanation: Mapping[str, Any] | None = None
    additive: bool | None = None
    routed: Routed | None = None
    needs: str = ""  # "score" or "explain": what the model worker still has to do


_PREDICTION = (
    "copy predictions_prediction (id, use_case_id, external_id, subject_id, schema_id, features, snapshot_digest, context, model_version_id,"
    " brought_along, status, failure, outcome, probabilities, confidence, margin, occurred_at, received_at, received_from_id) from stdin"
)
_EXPLANATION = "copy predictions_explanation (prediction_id, method, output_space, brought_along, additive, body, explained_at) from stdin"
_ROUTING = (
    "copy predictions_routingresult (prediction_id, policy_version_id, policy_number, result, outcome, queue_slug, priority, rule, trace,"
    " selection_reason, selection_probability, stratum, draw, threshold, routed_at) from stdin"
)
_WORK = "copy predictions_modelwork (prediction_id, needs, created_at, tries, next_try_at, failure) from stdin"


def store(items: Sequence[Incoming], *, actor: Actor, at: datetime) -> None:
    """Store new predictions with what came along, in the caller's transaction and under the caller's audit events."""
    identified = {item.id: (item.use_case_id, item.identity) for item in items if item.identity is not None}
    subjects = store_subjects(identified, at=at)
    _copy(_PREDICTION, (_prediction_row(item, subjects, actor=actor, at=at) for item in items))
    explained = [item for item in items if item.explanation is not None]
    if explained:
        _copy(
            _EXPLANATION,
            (explanation_row(item.id, item.explanation or {}, item.additive, True, at) for item in explained),
        )
    store_routings([(item.id, item.routed) for item in items if item.routed], at=at)
    waiting = [item for item in items if item.needs]
    if waiting:
        _copy(_WORK, ((item.id, item.needs, at, 0, at, "") for item in waiting))
        bell.ring("intake.score_pending", queue="models")


def store_explanations(rows: Iterable[tuple[UUID, Mapping[str, Any], bool | None]], *, at: datetime) -> None:
    """Explanations made here: (prediction, JSON form, whether it adds up)."""
    _copy(
        _EXPLANATION,
        (explanation_row(prediction_id, body, additive, False, at) for prediction_id, body, additive in rows),
    )


def store_routings(rows: Sequence[tuple[UUID, Routed]], *, at: datetime) -> None:
    if rows:
        _copy(_ROUTING, (_routing_row(prediction_id, routed, at) for prediction_id, routed in rows))


# A second showing: all times keep their distances, and it is routed, which opens its case, when it is shown.
_AGAIN = (
    """
insert into predictions_prediction (id, use_case_id, external_id, subject_id, schema_id, features, snapshot_digest, context,
    model_version_id, brought_along, status, failure, outcome, probabilities, confidence, margin, occurred_at, received_at,
    received_from_id, copy_of_id)
select %(id)s, use_case_id, %(external_id)s, %(subject)s, schema_id, features, snapshot_digest, '{}',
    model_version_id, brought_along, status, failure, outcome, probabilities, confidence, margin,
    occurred_at + %(shift)s, received_at + %(shift)s, received_from_id, id
from predictions_prediction where id = %(source)s
""",
    """
insert into predictions_explanation (prediction_id, method, output_space, brought_along, additive, body, explained_at)
select %(id)s, e.method, e.output_space, e.brought_along, e.additive, e.body, e.explained_at + %(shift)s
from predictions_explanation e where e.prediction_id = %(source)s
""",
    """
insert into predictions_routingresult (prediction_id, policy_version_id, policy_number, result, outcome, queue_slug, priority, rule, trace,
    selection_reason, selection_probability, stratum, draw, threshold, routed_at)
select %(id)s, r.policy_version_id, r.policy_number, coalesce(%(result)s, r.result), case when %(result)s is null then r.outcome else '' end,
    coalesce(%(queue)s, r.queue_slug), coalesce(%(priority)s, r.priority), coalesce(%(rule)s, r.rule), coalesce(%(trace)s::jsonb, r.trace),
    coalesce(%(reason)s, r.selection_reason), r.selection_probability, r.stratum, coalesce(%(draw)s, r.draw), r.threshold,
    r.routed_at + %(shift)s
from predictions_routingresult r where r.prediction_id = %(source)s
""",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """How a prediction that passed would have been routed if it had been drawn for the sample of its policy."""

    queue: str
    priority: int
    rule: str
    trace: Sequence[Mapping[str, Any]]
    reason: str
    draw: float | None


def copy(source: Prediction, *, external_id: str, at: datetime, asked: Asked | None = None) -> UUID:
    """Store a routed prediction once more as if it was routed at `at`, in the caller's transaction and under the caller's audit event.

    If the model worker had scored it, it has arrived as long before as it had then.

    Inputs, advice, reasons and routing are the same. Of its subject only the masked name is: who the person is, is not copied.

    :param asked: in whose place its routing stands; where it passed, as a case that passed is nobody's to review.
    """
    shift = at - source.routing.routed_at
    pk, subject = uuid7(source.received_at + shift), copy_subject(source.subject, at=at)
    routing = {
        "result": "review" if asked else None,
        "queue": asked.queue if asked else None,
        "priority": asked.priority if asked else None,
        "rule": asked.rule if asked else None,
        "trace": _json(asked.trace) if asked else None,
        "reason": asked.reason if asked else None,
        "draw": asked.draw if asked else None,
    }
    with connection.cursor() as cursor:
        for statement in _AGAIN:
            values: dict[str, Any] = {
                "id": pk,
                "source": source.pk,
                "external_id": external_id,
                "subject": subject,
                "shift": shift,
                **routing,
            }
            cursor.execute(statement, values)
    return pk


def explanation_row(
    prediction_id: UUID, body: Mapping[str, Any], additive: bool | None, brought: bool, at: datetime
) -> tuple[Any, ...]:
    return (prediction_id, body["method"], body["output_space"], brought, additive, _json(body), at)


def _prediction_row(item: Incoming, subjects: Mapping[UUID, UUID], *, actor: Actor, at: datetime) -> tuple[Any, ...]:
    return (
        item.id, item.use_case_id, item.external_id, subjects.get(item.id), item.schema_id, _json(item.features), item.snapshot_digest,
        _json(item.context), item.model_version_id, item.brought_along, "routed" if item.routed else "pending", "", item.outcome,
        _json(item.probabilities), item.confidence, item.margin, item.occurred_at, at, actor.user_id,
    )  # fmt: skip


def _routing_row(prediction_id: UUID, routed: Routed, at: datetime) -> tuple[Any, ...]:
    return (
        prediction_id, routed.policy_version_id, routed.policy_number, routed.result, routed.outcome, routed.queue_slug, routed.priority,
        routed.rule, _json(routed.trace), routed.selection_reason, routed.selection_probability, routed.stratum, routed.draw, routed.threshold, at,
    )  # fmt: skip


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _copy(statement: str, rows: Iterable[Sequence[Any]]) -> None:
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


# Labels


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision, as the label needs it."""

    decision_id: UUID
    reviewer_id: UUID
    outcome: str
    direction: str
    reason_codes: Sequence[str]
    handle_seconds: float
    decided_at: datetime


_LABEL = (
    "copy predictions_label (id, position, decision_id, use_case_id, prediction_id, snapshot_digest, features, predicted_outcome, outcome,"
    " agrees, direction, confidence, reason_codes, reviewer, model_version_id, model_name, model_version_name, policy_number,"
    " handle_seconds, selection_reason, selection_probability, stratum, decided_at, created_at) from stdin"
)


def label_many(rows: Sequence[tuple[Prediction, Decided]], *, actor: Actor, at: datetime) -> None:
    """Write one label per decision, in the caller's transaction, which also ends the outbox rows.

    `rows` carry predictions with `routing` and `model_version.model` loaded. Positions are dense and in commit order: one writer at a time.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [_LABEL_LOCK])
        cursor.execute("select coalesce(max(position), 0) from predictions_label")
        last = cursor.fetchone()[0]
    labels = [(uuid7(), prediction, decided) for prediction, decided in rows]
    _copy(_LABEL, (_label_row(last + n, *label, at=at) for n, label in enumerate(labels, start=1)))
    audit.record_many(
        (
            audit.Entry(
                "label.created", "predictions.label", str(label_id), data={"decision": str(decided.decision_id)}
            )
            for label_id, _, decided in labels
        ),
        actor=actor,
        at=at,
    )


def supersede_label(*, decision_id: UUID, at: datetime) -> None:
    """In the caller's transaction and under the caller's audit event: the label of this decision counts no more."""
    SupersededLabel.objects.create(label=Label.objects.get(decision_id=decision_id), superseded_at=at)


def _label_row(
    position: int, label_id: UUID, prediction: Prediction, decided: Decided, *, at: datetime
) -> tuple[Any, ...]:
    version, routing = prediction.model_version, prediction.routing
    return (
        label_id, position, decided.decision_id, prediction.use_case_id, prediction.pk, bytes(prediction.snapshot_digest),
        _json(prediction.features), prediction.outcome, decided.outcome, prediction.outcome == decided.outcome, decided.direction,
        prediction.confidence, list(decided.reason_codes), pseudonym(decided.reviewer_id), version.pk if version else None,
        version.model.name if version else "", version.version if version else "", routing.policy_number, decided.handle_seconds,
        routing.selection_reason, routing.selection_probability, routing.stratum, decided.decided_at, at,
    )  # fmt: skip


def pseudonym(user_id: UUID) -> str:
    """A stable name for a reviewer in training data; without the key it leads back to nobody."""
    return "rv-" + crypto.mac(b"reviewer" + user_id.bytes, key=settings.AUDIT_KEY).hex()[:16]
