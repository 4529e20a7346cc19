"""Mixing in cases with a known answer."""

import logging
from datetime import datetime
from uuid import UUID

from reviewapp.access.idempotency import durable
from reviewapp.audit import actions as audit
from reviewapp.lib import draws
from reviewapp.lib.actor import Actor, system
from reviewapp.quality import queries
from reviewapp.quality.copies import open_copy
from reviewapp.quality.models import SeededCase
from reviewapp.quality.rules import opened_at

log = logging.getLogger(__name__)
SEEDER = system("seeder")


def mix_in(*, at: datetime) -> int:
    """Open a seeded case for every arrival that was drawn and whose time has come; returns how many. One that fails holds up no other.

    Where a queue has nothing left to take, its other arrivals wait for the next run.
    """
    made: list[SeededCase] = []
    exhausted: set[UUID] = set()
    for arrival, queue_id, due in queries.arrivals_drawn(at=at):
        if queue_id in exhausted:
            continue
        try:
            seeded = _seed(arrival=arrival, actor=SEEDER, at=opened_at(due, at=at, chance=draws.uniform()))
        except Exception:
            log.exception("a case could not be seeded")
            continue
        if seeded is None:
            exhausted.add(queue_id)
        else:
            made.append(seeded)
    return len(made)


@durable
def _seed(*, arrival: UUID, actor: Actor, at: datetime) -> SeededCase | None:
    """One case for one arrival, once however often it is asked for. None where there is nothing to take that could not be told apart."""
    after = queries.lock_arrival(arrival)
    source = queries.source_for(after, at=at) if after else None
    external_id = queries.free_id_like(after.prediction) if after and source else None
    if after is None or source is None or external_id is None:
        return None
    case = open_copy(source.prediction, after.queue, external_id=external_id, draw=draws.uniform(), at=at)
    seeded = SeededCase.objects.create(
        case_id=case,
        drawn_for=after,
        source=source.decision,
        answer=source.answer,
        known_outcome=source.outcome,
        model_is_right=source.outcome == source.prediction.outcome,
        made_at=at,
    )
    data = {"case": str(case), "source": str(source.prediction.pk)}
    audit.record("seeded_case.created", subject=seeded, actor=actor, at=at, queue_id=after.queue_id, data=data)
    return seeded
