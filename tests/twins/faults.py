"""The guards, and how each is taken out. TWIN in the environment names one; `wsgi` and `celery` here are the product with it."""

import os
import time
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

WINDOW = 0.15  # seconds in which a kill finds the fault


def claim_reads_then_writes() -> None:
    """Two statements where the product has one: both readers see the same open case."""
    from reviewapp.cases.actions import claiming
    from reviewapp.cases.models import Case

    def claim(which: str, values: Any, *_: Any, actor: Any, **__: Any) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(
                "select c.id from cases_case c join cases_queue q on q.id = c.queue_id"
                " where q.slug = %(slug)s and c.state = 'open' order by c.due_at, c.id limit 1",
                values,
            )
            row = cursor.fetchone()
            if row:
                cursor.execute(
                    "update cases_case set state = 'leased', holder_id = %s, lease = lease + 1, leased_at = clock_timestamp(),"
                    " lease_until = clock_timestamp() + interval '15 minutes' where id = %s",
                    [actor.user_id, row[0]],
                )
        return Case.objects.get(pk=row[0]) if row else None

    claiming._claim = claim


def lease_is_not_checked() -> None:
    """Whoever may work on the queue may answer, whatever lease number they send."""
    from reviewapp.cases.actions import leasing, reviewing

    def lock(case_id: Any, *, lease: int, actor: Any) -> Any:
        return leasing.lock(case_id, actor=actor)

    leasing.lock_leased = reviewing.lock_leased = lock


def keys_are_looked_up_first() -> None:
    """An external_id is looked for and then inserted, so parallel twins all find nothing."""
    from reviewapp.intake import actions
    from reviewapp.lib.ids import uuid7

    def claim_keys(items: Any, *, at: Any) -> Any:
        known = actions._earlier(items)
        return {actions._key(item): (uuid7(), item) for item in items if actions._key(item) not in known}

    actions._claim_keys = claim_keys


def audit_follows_the_commit() -> None:
    """The event is written after the act is committed: a kill in between leaves an act without its event."""
    from reviewapp.audit import actions

    write = actions.record

    def record(*args: Any, **kwargs: Any) -> None:
        def later() -> None:
            time.sleep(WINDOW)
            write(*args, **kwargs)

        transaction.on_commit(later)

    actions.record = record


def outbox_ends_before_the_label() -> None:
    """The row is deleted in one transaction and the label written in the next: a kill in between loses it."""
    from reviewapp.cases import feedback

    def batch(*, actor: Any, at: Any, only: Any = None) -> int:
        with transaction.atomic():
            rows = list(
                feedback.Outbox.objects.select_for_update(skip_locked=True).select_related(*feedback._WHOLE)[:1]
            )
            pairs = [(row.decision.case.prediction, feedback._decided(row)) for row in rows]
            feedback.Outbox.objects.filter(pk__in=[row.pk for row in rows]).delete()
        time.sleep(WINDOW)
        if pairs:
            with transaction.atomic():
                feedback.label_many(pairs, actor=actor, at=at)
        return len(pairs)

    feedback._label_batch = batch


def take_out() -> None:
    """Take out the guard that TWIN names."""
    fault: Callable[[], None] = globals()[os.environ["TWIN"]]
    fault()
