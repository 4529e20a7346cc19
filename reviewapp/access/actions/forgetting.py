"""What is kept for a time, and deleted after it."""

from datetime import datetime
from typing import Any

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet

from reviewapp.access.budget import KEPT as GUESSES_KEPT
from reviewapp.access.idempotency import KEPT as ANSWERS_KEPT
from reviewapp.access.models import IdempotencyRecord, SignInBudget

BATCH = 1_000


def forget_old(*, at: datetime) -> int:
    """Delete answers to an Idempotency-Key, sessions and counts of guesses whose time is over; returns how many."""
    old: list[QuerySet[Any]] = [
        IdempotencyRecord.objects.filter(created_at__lt=at - ANSWERS_KEPT).order_by("created_at"),
        Session.objects.filter(expire_date__lt=at).order_by("expire_date"),
        SignInBudget.objects.filter(last_at__lt=at - GUESSES_KEPT).order_by("last_at"),
    ]
    return sum(_forget(rows) for rows in old)


def _forget(rows: QuerySet[Any]) -> int:
    done = 0
    while count := _forget_batch(rows):
        done += count
    return done


@transaction.atomic(durable=True)
def _forget_batch(rows: QuerySet[Any]) -> int:
    """No act of anybody: what was done is on record elsewhere. What is in somebody's hands is left for the next time."""
    found = list(rows.select_for_update(skip_locked=True).values_list("pk", flat=True)[:BATCH])
    rows.model._default_manager.filter(pk__in=found).delete()
    return len(found)
