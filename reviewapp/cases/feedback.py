"""The relay: turns decisions into labels, exactly once, whatever is killed."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F

from reviewapp.access.idempotency import durable
from reviewapp.cases import precedents
from reviewapp.cases.models import Outbox
from reviewapp.cases.precedents import EXPLAINED
from reviewapp.lib.actor import Actor, system
from reviewapp.predictions.actions import Decided, label_many

log = logging.getLogger(__name__)
BATCH = 200
MOST_TRIES = 12
RELAY = system("label-relay")
_WHOLE = (
    "decision__review",
    *(f"decision__case__prediction__{name}" for name in ("routing", "model_version__model", "use_case", *EXPLAINED)),
)


def label_decisions(*, at: datetime) -> int:
    """Drain the outbox; returns how many labels were written. One bad row is set aside and does not hold up the others."""
    written = 0
    while True:
        try:
            count = _label_batch(actor=RELAY, at=at)
        except Exception:
            log.exception("a batch of labels failed; trying its rows one by one")
            count = _label_singly(at=at)
        written += count
        if count == 0:
            precedents.place_waiting()
            return written


@durable
def _label_batch(*, actor: Actor, at: datetime, only: Sequence[UUID] | None = None) -> int:
    """The labels and the end of their outbox rows are one transaction: killed before its commit, nothing happened; after it, all did."""
    rows = Outbox.objects.select_for_update(of=("self",), skip_locked=True).select_related(*_WHOLE)
    rows = rows.filter(next_try_at__lte=at, tries__lt=MOST_TRIES).order_by("next_try_at")
    found = list(rows.filter(pk__in=only) if only is not None else rows[:BATCH])
    if found:
        label_many([(row.decision.case.prediction, _decided(row)) for row in found], actor=actor, at=at)
        precedents.keep([row.decision for row in found])
        Outbox.objects.filter(pk__in=[row.pk for row in found]).delete()
    return len(found)


def _decided(row: Outbox) -> Decided:
    decision, review = row.decision, row.decision.review
    return Decided(
        decision_id=decision.pk,
        reviewer_id=decision.decided_by_id,
        outcome=decision.outcome,
        direction=decision.direction,
        reason_codes=review.reason_codes,
        handle_seconds=review.handle_seconds,
        decided_at=decision.decided_at,
    )


def _label_singly(*, at: datetime) -> int:
    """Every row that is due, each in a transaction of its own; those that fail wait twice as long each time."""
    due = Outbox.objects.filter(next_try_at__lte=at, tries__lt=MOST_TRIES).order_by("next_try_at")
    return sum(_label_one(pk, at=at) for pk in list(due.values_list("pk", flat=True)[:BATCH]))


def _label_one(pk: UUID, *, at: datetime) -> int:
    try:
        return _label_batch(actor=RELAY, at=at, only=[pk])
    except Exception as error:  # noqa: BLE001 -- whatever is wrong with one row, the others go on
        _set_aside(pk, failure=type(error).__name__, at=at)
        return 0


@transaction.atomic(durable=True)
def _set_aside(pk: UUID, *, failure: str, at: datetime) -> None:
    row = Outbox.objects.select_for_update().filter(pk=pk).first()
    if row is not None:
        wait = timedelta(seconds=min(2 ** (row.tries + 1), 3600))
        Outbox.objects.filter(pk=pk).update(tries=F("tries") + 1, next_try_at=at + wait, failure=failure)
