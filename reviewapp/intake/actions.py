"""The one door for predictions: store, route, open a case, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from reviewapp.access.idempotency import durable
from reviewapp.audit import actions as audit
from reviewapp.cases.actions import Opening, open_cases
from reviewapp.cases.models import Queue
from reviewapp.intake.models import IngestKey
from reviewapp.intake.reading import Item
from reviewapp.lib.actor import Actor
from reviewapp.lib.errors import Conflict, TooMany
from reviewapp.lib.ids import uuid7
from reviewapp.policies.queries import PublishedPolicy, published
from reviewapp.predictions.actions import Incoming, Routed, store
from reviewapp.predictions.models import ModelWork

NEW, REPLAY = 201, 200
PENDING = 202


class ContradictsEarlier(Conflict):
    """This external_id was used with another body. Nothing was changed."""

    code = "external-id-reused"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one item. `status` is 201 routed, 202 waiting for the model worker, 200 received before, 409 contradiction."""

    status: int
    external_id: str
    prediction_id: UUID | None = None
    routed: Routed | None = None
    case_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A case that a prediction opened, and where it waits."""

    case_id: UUID
    queue_id: UUID


@durable
def receive(*, item: Item, actor: Actor, at: datetime) -> Receipt:
    """Receive one prediction. :raises ContradictsEarlier, TooMany:"""
    receipt = _receive([item], actor=actor, at=at)[0]
    if receipt.status == Conflict.status:
        raise ContradictsEarlier
    return receipt


@durable
def receive_many(*, items: Sequence[Item], actor: Actor, at: datetime) -> list[Receipt]:
    """Receive a batch in one transaction; one receipt per item, in order. :raises TooMany:"""
    return _receive(items, actor=actor, at=at)


def _receive(items: Sequence[Item], *, actor: Actor, at: datetime) -> list[Receipt]:
    _refuse_backlog(items)
    new = _claim_keys(items, at=at)
    receipts = _take_in(list(new.values()), actor=actor, at=at)
    earlier = _earlier([item for item in items if _key(item) not in new])
    answers, answered = [], set()
    for item in items:
        key = _key(item)
        is_first = key in new and new[key][1] is item and key not in answered
        answered.add(key)
        answers.append(receipts[key] if is_first else _repeated(item, new, earlier))
    return answers


def _key(item: Item) -> tuple[UUID, str]:
    return item.bundle.use_case_id, item.external_id


def _refuse_backlog(items: Sequence[Item]) -> None:
    """Refuse all of them while too much waits for the model worker and one of them needs it."""
    if (
        any(not item.outcome for item in items)
        and ModelWork.objects.values("pk")[settings.INTAKE_BACKLOG_LIMIT :][:1].exists()
    ):
        raise TooMany("Too many predictions wait to be scored. Send again later.", retry_after=10, code="backlog")


def _claim_keys(items: Sequence[Item], *, at: datetime) -> dict[tuple[UUID, str], tuple[UUID, Item]]:
    """Insert one key per item; those already there are left out. Sorted, so that two batches that share keys cannot deadlock."""
    first = {_key(item): item for item in reversed(items)}
    rows = [
        (use_case_id, external_id, item.body_digest, uuid7())
        for (use_case_id, external_id), item in sorted(first.items(), key=_by_key)
    ]
    use_cases, external_ids, digests, ids = (list(column) for column in zip(*rows, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into intake_ingestkey (use_case_id, external_id, body_digest, prediction_id, received_at)"
            " select u, e, d, p, %s from unnest(%s::uuid[], %s::text[], %s::bytea[], %s::uuid[]) as t(u, e, d, p)"
            " on conflict (use_case_id, external_id) do nothing returning use_case_id, external_id, prediction_id",
            [at, use_cases, external_ids, digests, ids],
        )
        return {(u, e): (prediction_id, first[u, e]) for u, e, prediction_id in cursor.fetchall()}


def _by_key(entry: tuple[tuple[UUID, str], Item]) -> tuple[str, str]:
    (use_case_id, external_id), _ = entry
    return str(use_case_id), external_id


def _earlier(items: Sequence[Item]) -> Mapping[tuple[UUID, str], IngestKey]:
    if not items:
        return {}
    use_cases, external_ids = {item.bundle.use_case_id for item in items}, [item.external_id for item in items]
    rows = IngestKey.objects.filter(use_case_id__in=use_cases, external_id__in=external_ids)
    return {(row.use_case_id, row.external_id): row for row in rows}


def _repeated(item: Item, new: Mapping[Any, tuple[UUID, Item]], earlier: Mapping[Any, IngestKey]) -> Receipt:
    """The answer to an item that came before, in an earlier call or in this one."""
    key = _key(item)
    if key in new:
        prediction_id, body_digest = new[key][0], new[key][1].body_digest
    else:
        prediction_id, body_digest = earlier[key].prediction_id, bytes(earlier[key].body_digest)
    if body_digest != item.body_digest:
        return Receipt(Conflict.status, item.external_id)
    return Receipt(REPLAY, item.external_id, prediction_id)


def _take_in(new: Sequence[tuple[UUID, Item]], *, actor: Actor, at: datetime) -> dict[tuple[UUID, str], Receipt]:
    """Store, route and open cases for items that are new, with one audit event each."""
    if not new:
        return {}
    policies = {use_case_id: published(use_case_id) for use_case_id in {item.bundle.use_case_id for _, item in new}}
    incoming = [_incoming(prediction_id, item, policies[item.bundle.use_case_id]) for prediction_id, item in new]
    store(incoming, actor=actor, at=at)
    cases = open_routed(
        [(row, item.bundle.summary_features) for row, (_, item) in zip(incoming, new, strict=True)], at=at
    )
    audit.record_many((received_entry(row, cases.get(row.id)) for row in incoming), actor=actor, at=at)
    return {_key(item): _receipt(row, cases.get(row.id)) for row, (_, item) in zip(incoming, new, strict=True)}


def _receipt(row: Incoming, opened: Opened | None) -> Receipt:
    return Receipt(
        NEW if row.routed else PENDING, row.external_id, row.id, row.routed, opened.case_id if opened else None
    )


def _incoming(prediction_id: UUID, item: Item, policy: PublishedPolicy) -> Incoming:
    scored = bool(item.outcome)
    needs = "" if scored and item.explanation is not None else "explain" if scored else "score"
    can_explain = item.version is not None and item.version.has_artifact
    routed = None
    if scored and item.confidence is not None and item.margin is not None:
        routed = policy.route(prediction_id, item.features, item.outcome, item.confidence, item.margin)
    return Incoming(
        id=prediction_id,
        use_case_id=item.bundle.use_case_id,
        external_id=item.external_id,
        schema_id=item.bundle.schema_id,
        features=item.features,
        snapshot_digest=item.snapshot_digest,
        identity=item.identity,
        context=item.context,
        model_version_id=item.version.id if item.version else None,
        brought_along=scored,
        outcome=item.outcome,
        probabilities=item.probabilities,
        confidence=item.confidence,
        margin=item.margin,
        occurred_at=item.occurred_at,
        explanation=item.explanation,
        additive=item.additive,
        routed=routed,
        needs=needs if needs == "score" or can_explain else "",
    )


def open_routed(rows: Sequence[tuple[Incoming, Sequence[str]]], *, at: datetime) -> dict[UUID, Opened]:
    """Open cases for the rows routed to review; (row, names of the summary features). Returns them by prediction id."""
    review = [
        (row, row.routed, names) for row, names in rows if row.routed is not None and row.routed.result == "review"
    ]
    if not review:
        return {}
    slugs = {routed.queue_slug for _, routed, _ in review}
    queues = {queue.slug: queue for queue in Queue.objects.filter(slug__in=slugs)}
    case_ids = open_cases(
        (_opening(row, routed, queues[routed.queue_slug], names) for row, routed, names in review), at=at
    )
    return {row.id: Opened(case_ids[row.id], queues[routed.queue_slug].pk) for row, routed, _ in review}


def _opening(row: Incoming, routed: Routed, queue: Queue, names: Sequence[str]) -> Opening:
    return Opening(
        prediction_id=row.id,
        queue=queue,
        external_id=row.external_id,
        advised=row.outcome,
        confidence=row.confidence or 0.0,
        why=routed.rule,
        priority=routed.priority,
        summary={name: row.features.get(name) for name in names},
        policy_version_id=routed.policy_version_id,
        policy_number=routed.policy_number,
        features=row.features,
    )


def received_entry(row: Incoming, opened: Opened | None, action: str = "prediction.received") -> audit.Entry:
    """The audit event of one prediction: ids, digests and codes, and the queue that has a new case by it."""
    data: dict[str, Any] = {"snapshot": row.snapshot_digest.hex(), "case": str(opened.case_id) if opened else None}
    if row.routed is not None:
        data |= {
            "result": row.routed.result,
            "rule": row.routed.rule,
            "policy": row.routed.policy_number,
            "outcome": row.outcome,
        }
    return audit.Entry(
        action, "predictions.prediction", str(row.id), queue_id=opened.queue_id if opened else None, data=data
    )
