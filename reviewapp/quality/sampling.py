"""QA samples: decisions read once more by somebody else, compared, and where the two differ judged by a lead."""

import logging
from datetime import datetime
from typing import cast
from uuid import UUID

from reviewapp.access.idempotency import durable
from reviewapp.access.rules import LEAD_QUEUE
from reviewapp.audit import actions as audit
from reviewapp.cases.models import Decision
from reviewapp.cases.queries import queues_of
from reviewapp.cases.rules import REASON_LENGTH
from reviewapp.cases.withholding import refuse_withheld
from reviewapp.lib import draws
from reviewapp.lib.actor import Actor, system
from reviewapp.lib.errors import Conflict, Invalid, NotAllowed, NotFound, Problem
from reviewapp.lib.fields import why_faults
from reviewapp.quality import queries, sample_queries
from reviewapp.quality.copies import open_copy
from reviewapp.quality.models import QaAnswer, QaResolution, QaSample
from reviewapp.quality.rules import Ruling, Sampled, opened_at
from reviewapp.quality.sample_queries import Drawn

log = logging.getLogger(__name__)
SAMPLER = system("sampler")


class AlreadyResolved(Conflict):
    """A lead has said already what of this decision."""

    code = "already-resolved"


class OwnAnswer(NotAllowed):
    """You gave one of the two answers: another lead says which of them stands."""

    code = "own-answer"


def draw_samples(*, at: datetime) -> int:
    """Open a case for every decision that was drawn and whose time has come; returns how many. One that fails holds up no other."""
    return sum(_tried(drawn, at=at) for drawn in sample_queries.drawn(at=at))


def _tried(drawn: Drawn, *, at: datetime) -> bool:
    try:
        moment = opened_at(drawn.due, at=at, chance=draws.uniform())
        return _sample(drawn=drawn, actor=SAMPLER, at=moment) is not None
    except Exception:
        log.exception("a decision could not be sampled")
        return False


@durable
def _sample(*, drawn: Drawn, actor: Actor, at: datetime) -> QaSample | None:
    """One case for one decision, once however often it is asked for. None where it would stand out among those that arrive."""
    source = sample_queries.lock_source(drawn.prediction)
    like = sample_queries.newest_like(source) if source else None
    external_id = queries.free_id_like(like) if like else None
    if source is None or external_id is None:
        return None
    decision = Decision.objects.get(pk=drawn.decision) if drawn.decision else None
    sample = QaSample.objects.create(
        queue=drawn.queue,
        kind=Sampled.HUMAN if decision else Sampled.AUTOMATIC,
        source=source,
        decision=decision,
        case_id=open_copy(
            source,
            drawn.queue,
            external_id=external_id,
            draw=draws.number(drawn.draw) / drawn.probability,
            at=at,
            must_be_blind=True,
        ),
        outcome=decision.outcome if decision else source.routing.outcome,
        probability=drawn.probability,
        draw=drawn.draw,
        made_at=at,
    )
    data = {"case": str(sample.case_id), "source": str(source.pk), "kind": sample.kind}
    audit.record("qa_sample.created", subject=sample, actor=actor, at=at, queue_id=drawn.queue.pk, data=data)
    return sample


def compare(*, at: datetime) -> int:
    """Hold every answer to a sample that nobody can take back any more against the decision; returns how many."""
    return sum(
        _compare(sample_id=sample, view_id=view, agrees=agrees, actor=SAMPLER, at=at)
        for sample, view, agrees in sample_queries.to_compare(at=at)
    )


@durable
def _compare(*, sample_id: UUID, view_id: UUID, agrees: bool, actor: Actor, at: datetime) -> bool:
    """Once however often it is asked for."""
    sample = QaSample.objects.select_for_update(no_key=True).get(pk=sample_id)
    if QaAnswer.objects.filter(sample=sample).exists():
        return False
    QaAnswer.objects.create(sample=sample, view_id=view_id, agrees=agrees, compared_at=at)
    data = {"blind_answer": str(view_id), "agrees": agrees}
    audit.record("qa_sample.compared", subject=sample, actor=actor, at=at, queue_id=sample.queue_id, data=data)
    return True


@durable
def resolve(*, sample_id: UUID, ruling: str, reason: str, actor: Actor, at: datetime) -> QaSample:
    """Say whether the decision stands from which the answer to its sample differs. Only a decision that was wrong counts as an error.

    Nothing else changes by it: a lead reopens the case of a person's decision themselves.

    :raises NotFound: the same for what is no such sample and what is one in a queue that the actor does not lead.
    :raises OwnAnswer: if the actor gave one of the two answers. :raises AlreadyResolved:
    :raises AdviceWithheld: while either case was reopened and is withheld from the actor.
    :raises Invalid: with a pointer for each fault.
    """
    sample = _locked(sample_id, actor)
    if QaResolution.objects.filter(answer=sample_id).exists():
        raise AlreadyResolved
    if sample_queries.gave_an_answer(sample, actor):
        raise OwnAnswer
    for case in sample_queries.cases_shown(sample):
        refuse_withheld(case, actor)
    _refuse_faults(ruling, reason.strip())
    QaResolution.objects.create(
        answer_id=sample_id,
        ruling=ruling,
        reason=reason.strip(),
        made_by_id=cast("UUID", actor.user_id),
        made_at=at,
    )
    audit.record(
        "qa_sample.resolved",
        subject=sample,
        actor=actor,
        at=at,
        queue_id=sample.queue_id,
        data={"ruling": ruling},
        reason=reason.strip(),
    )
    resolved = sample_queries.differing(queues_of(actor, LEAD_QUEUE), is_resolved=True).get(pk=sample_id)
    sample_queries.reveal_cases([resolved], actor)
    return resolved


def _locked(sample_id: UUID, actor: Actor) -> QaSample:
    rows = QaSample.objects.filter(queue__in=queues_of(actor, LEAD_QUEUE).values("pk"), answer__agrees=False)
    sample = rows.select_for_update(of=("self",), no_key=True).filter(pk=sample_id).first()
    if sample is None:
        raise NotFound
    return sample


def _refuse_faults(ruling: str, reason: str) -> None:
    found = []
    if ruling not in list(Ruling):
        found.append(Problem("/ruling", "unknown_value", f"One of {', '.join(Ruling)}."))
    found += why_faults(reason, most=REASON_LENGTH)
    if found:
        raise Invalid("Not recorded: " + " ".join(fault.detail for fault in found), errors=found)
