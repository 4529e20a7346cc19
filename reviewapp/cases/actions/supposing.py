"""Asking more about the advice on a case: what the model would say of other inputs, what would change it, and which decided cases it argued alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from reviewapp.access.idempotency import durable
from reviewapp.audit import actions as audit
from reviewapp.cases.models import Case
from reviewapp.cases.precedents import Near, nearest
from reviewapp.cases.queries import visible_cases, whole_case
from reviewapp.cases.withholding import refuse_withheld
from reviewapp.lib.actor import Actor
from reviewapp.lib.errors import NotFound
from reviewapp.predictions import what_if
from reviewapp.predictions.arguments import point_of
from reviewapp.predictions.models import FLIPS
from reviewapp.predictions.what_if import ModelNotRegistered


def advised_case(case_id: UUID, *, actor: Actor) -> Case:
    """The whole case, to whoever may see it with its advice. Every question about the advice comes through here.

    :raises NotFound: :raises AdviceWithheld: of a blind case that the actor has not answered.
    """
    case = whole_case(visible_cases(actor), case_id)
    if case is None:
        raise NotFound
    refuse_withheld(case, actor)
    return case


@durable
def ask_what_if(*, case_id: UUID, changes: Mapping[str, Any], actor: Actor, at: datetime) -> UUID:
    """Ask the model worker; returns the question's id, by which `what_if.wait_for_answer` finds the answer.

    On record as evidence that the actor looked at, with the names of the inputs and never a value.

    :raises NotFound, AdviceWithheld, ModelNotRegistered:
    :raises Invalid: with a pointer for each value that cannot be.
    """
    case = advised_case(case_id, actor=actor)
    if not what_if.is_possible(case.prediction):
        raise ModelNotRegistered
    changed = what_if.real_changes(case.prediction, changes)
    data = {"changed_inputs": sorted(changed)}
    audit.record("case.what_if_asked", subject=case, actor=actor, at=at, queue_id=case.queue_id, data=data)
    return what_if.ask(case.prediction, changed, actor=actor, at=at)


@durable
def ask_flips(*, case_id: UUID, actor: Actor, at: datetime) -> UUID:
    """Ask the model worker for the smallest changes that flip its outcome; returns the question's id, as `ask_what_if` does.

    :raises NotFound, AdviceWithheld, ModelNotRegistered:
    """
    case = advised_case(case_id, actor=actor)
    asked = what_if.ask(case.prediction, {}, actor=actor, at=at, kind=FLIPS)
    audit.record("case.flips_asked", subject=case, actor=actor, at=at, queue_id=case.queue_id)
    return asked


@dataclass(frozen=True, slots=True)
class Similar:
    """The decided cases nearest to `case`, or none because it cannot be compared."""

    case: Case
    is_comparable: bool
    near: list[Near]


@durable
def view_similar(*, case_id: UUID, actor: Actor, at: datetime) -> Similar:
    """The decided cases that the model argued alike, of queues the actor may read. Which ones were shown is on record. :raises NotFound:"""
    case = advised_case(case_id, actor=actor)
    point = point_of(case.prediction, case.queue.use_case)
    near = nearest(case, point, actor=actor) if point else []
    data = {"cases": [str(row.decision.case_id) for row in near]}
    audit.record("case.similar_viewed", subject=case, actor=actor, at=at, queue_id=case.queue_id, data=data)
    return Similar(case, point is not None, near)
