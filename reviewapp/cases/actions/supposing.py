"""Asking what the model would say if some inputs of a case were otherwise."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from reviewapp.access.idempotency import durable
from reviewapp.audit import actions as audit
from reviewapp.cases.queries import visible_cases, whole_case
from reviewapp.cases.withholding import refuse_withheld
from reviewapp.lib.actor import Actor
from reviewapp.lib.errors import NotFound
from reviewapp.predictions import what_if
from reviewapp.predictions.what_if import ModelNotRegistered


@durable
def ask_what_if(*, case_id: UUID, changes: Mapping[str, Any], actor: Actor, at: datetime) -> UUID:
    """Ask the model worker; returns the question's id, by which `what_if.wait_for_answer` finds the answer.

    On record as evidence that the actor looked at, with the names of the inputs and never a value.

    :raises NotFound, ModelNotRegistered:
    :raises AdviceWithheld: of a blind case that the actor has not answered.
    :raises Invalid: with a pointer for each value that cannot be.
    """
    case = whole_case(visible_cases(actor), case_id)
    if case is None:
        raise NotFound
    refuse_withheld(case, actor)
    if not what_if.is_possible(case.prediction):
        raise ModelNotRegistered
    changed = what_if.real_changes(case.prediction, changes)
    data = {"changed_inputs": sorted(changed)}
    audit.record("case.what_if_asked", subject=case, actor=actor, at=at, queue_id=case.queue_id, data=data)
    return what_if.ask(case.prediction, changed, actor=actor, at=at)
