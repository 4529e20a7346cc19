"""Mixing in cases with a known answer."""

import logging
from datetime import datetime
from uuid import UUID

from reviewapp.access.idempotency import durable
from reviewapp.audit import actions as audit
from reviewapp.cases.actions import Opening, copy_documents, open_cases
from reviewapp.cases.models import Case, Decision
from reviewapp.lib.actor import Actor, system
from reviewapp.predictions.actions import copy
from reviewapp.quality import queries
from reviewapp.quality.models import SeededCase

log = logging.getLogger(__name__)
SEEDER = system("seeder")


def mix_in(*, at: datetime) -> int:
    """Open a seeded case for every arrival that was drawn and whose time has come; returns how many. One that fails holds up no other.

    Where a queue has nothing left to take, its other arrivals wait for the next run.
    """
    made: list[SeededCase] = []
    exhausted: set[UUID] = set()
    for arrival, queue_id in queries.arrivals_drawn(at=at):
        if queue_id in exhausted:
            continue
        try:
            seeded = _seed(arrival=arrival, actor=SEEDER, at=at)
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
    case = _opened(source, after, external_id=external_id, at=at)
    seeded = SeededCase.objects.create(
        case_id=case,
        drawn_for=after,
        source=source,
        known_outcome=source.outcome,
        model_is_right=source.outcome == source.predicted_outcome,
        made_at=at,
    )
    data = {"case": str(case), "source": str(source.case_id)}
    audit.record("seeded_case.created", subject=seeded, actor=actor, at=at, queue_id=after.queue_id, data=data)
    return seeded


def _opened(source: Decision, after: Case, *, external_id: str, at: datetime) -> UUID:
    original = source.case.prediction
    prediction_id = copy(original, external_id=external_id, at=at)
    opening = Opening(
        prediction_id=prediction_id,
        queue=after.queue,
        external_id=external_id,
        advised=source.case.advised,
        confidence=source.case.confidence,
        why=source.case.why,
        priority=original.routing.priority,
        summary=source.case.summary,
        policy_version_id=original.routing.policy_version_id,
        policy_number=original.routing.policy_number,
        features=original.features,
    )
    copy_documents(original, prediction_id, at=at)
    return open_cases([opening], at=at)[prediction_id]
