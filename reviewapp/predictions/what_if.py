"""What would the model say if some inputs were otherwise, and what would change its outcome? A person asks by a row, the model worker
answers into it, whoever asked waits for it.

Nothing here is ever the prediction of a case. The rows hold values, so they live for a day.
"""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import QuerySet

from inference.schema import FeatureSchema
from reviewapp.lib import bell
from reviewapp.lib.actor import Actor
from reviewapp.lib.errors import Conflict, Invalid, Problem, Unavailable
from reviewapp.lib.ids import uuid7
from reviewapp.predictions.models import WHAT_IF, Prediction, WhatIf
from reviewapp.predictions.versions import schema_of

TASK = "intake.answer_what_ifs"
PATIENCE = 1.5  # seconds a web process waits for the model worker
KEPT = timedelta(days=1)
_LOOK_AGAIN = 0.01
_NAME_LENGTH = 64


class ModelNotRegistered(Conflict):
    """The model of this prediction is not registered here, so it cannot be asked."""

    code = "model-not-registered"


class NotAnsweredYet(Unavailable):
    """The model worker has not answered yet. Ask the same again in a moment."""

    code = "what-if-pending"
    retry_after = 2


class NotAnswered(Unavailable):
    """The model could not be run on these inputs. Ask again later."""

    code = "what-if-failed"


class Forgotten(Conflict):
    """This answer was kept for a day and is gone. Ask again, under a new Idempotency-Key."""

    code = "what-if-forgotten"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model worker found out about one question: the answer, or the name of what went wrong."""

    id: UUID
    answer: Mapping[str, Any] | None = None
    failure: str = ""


def is_possible(prediction: Prediction) -> bool:
    """Whether the model of the prediction can be run here; `model_version` is loaded."""
    return prediction.model_version is not None and bool(prediction.model_version.artifact)


def real_changes(prediction: Prediction, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Those of `changes` that differ from what the case has.

    :raises Invalid: if there are none, or with a pointer for each value that intake would refuse. A protected feature is as unknown
        as one that does not exist.
    """
    schema = schema_of(prediction)
    problems = _problems(schema, prediction.features, changes)
    found = {name: value for name, value in changes.items() if not _same(value, prediction.features.get(name))}
    if not problems and not found:
        problems = [Problem("/changes", "nothing_changed", "Change at least one input.")]
    if problems:
        raise Invalid(" ".join(problem.detail for problem in problems[:3]), errors=problems)
    return found


def _problems(schema: FeatureSchema, features: Mapping[str, Any], changes: Mapping[str, Any]) -> list[Problem]:
    inputs = set(schema.model_inputs)
    unknown = [
        Problem(f"/changes/{name[:_NAME_LENGTH]}", "unknown_feature", "The model takes no input of this name.")
        for name in changes
        if name not in inputs
    ]
    known = {name: value for name, value in changes.items() if name in inputs}
    refused = [problem for problem in schema.validate({**features, **known}) if problem.name in known]
    return unknown + [Problem(f"/changes/{problem.name}", problem.code, problem.detail) for problem in refused]


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: true is not 1, and 36.0 is 36."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


_ASK = """
insert into predictions_whatif (id, prediction_id, kind, digest, changes, asked_by_id, asked_at, failure)
values (%s, %s, %s, %s, %s, %s, %s, '')
on conflict (prediction_id, kind, digest) do update set asked_by_id = excluded.asked_by_id, asked_at = excluded.asked_at, failure = ''
returning id
"""


def ask(prediction: Prediction, changes: Mapping[str, Any], *, actor: Actor, at: datetime, kind: str = WHAT_IF) -> UUID:
    """Put the question, in the caller's transaction and under its audit event; `changes` are `real_changes`, none for FLIPS.

    The same question finds its row again, with the answer if it has one. :raises ModelNotRegistered:
    """
    if not is_possible(prediction):
        raise ModelNotRegistered
    asked = orjson.dumps(changes, option=orjson.OPT_SORT_KEYS)
    row = (uuid7(), prediction.pk, kind, _digest(prediction, changes), asked.decode(), actor.user_id, at)
    with connection.cursor() as cursor:
        cursor.execute(_ASK, row)
        found: UUID = cursor.fetchone()[0]
    bell.ring(TASK, queue="models")
    return found


def _digest(prediction: Prediction, changes: Mapping[str, Any]) -> bytes:
    parts = [str(prediction.model_version_id), {**prediction.features, **changes}]
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).digest()


def asked_about(prediction: Prediction, what_if_id: UUID, *, kind: str = WHAT_IF) -> WhatIf | None:
    """One question about this very prediction; None once it is too old."""
    return WhatIf.objects.filter(pk=what_if_id, prediction=prediction, kind=kind).first()


def wait_for_answer(what_if_id: UUID, *, seconds: float = PATIENCE) -> WhatIf | None:
    """The row once it is answered or has failed, or as it is when the time is up."""
    end = time.monotonic() + seconds
    while True:
        row = WhatIf.objects.filter(pk=what_if_id).first()
        if row is None or row.answer is not None or row.failure or time.monotonic() >= end:
            return row
        time.sleep(_LOOK_AGAIN)


def answered(row: WhatIf | None) -> WhatIf:
    """`row` with an answer. :raises NotAnsweredYet, NotAnswered, Forgotten:"""
    if row is None:
        raise Forgotten
    if row.answer is None:
        raise NotAnswered if row.failure else NotAnsweredYet
    return row


# The model worker's side


def lock_waiting(most: int, *, kind: str = WHAT_IF) -> QuerySet[WhatIf]:
    """What waits for an answer and nobody else is at work on, oldest first, with prediction and model version."""
    heavy = (f"prediction__model_version__{name}" for name in ("manifest", "metrics", "lineage", "calibration_table"))
    rows = WhatIf.objects.filter(kind=kind, answer__isnull=True, failure="").select_for_update(
        of=("self",), skip_locked=True
    )
    return rows.select_related("prediction__model_version", "prediction__use_case").defer(*heavy).order_by("id")[:most]


_REPLY = """
update predictions_whatif w set answer = t.answer::jsonb, failure = t.failure
from unnest(%s::uuid[], %s::text[], %s::text[]) as t(id, answer, failure) where w.id = t.id
"""


def reply(replies: Sequence[Reply]) -> None:
    """Write the answers, in the transaction that locked their rows."""
    answers = [None if one.answer is None else orjson.dumps(one.answer).decode() for one in replies]
    columns = ([one.id for one in replies], answers, [one.failure for one in replies])
    with connection.cursor() as cursor:
        cursor.execute(_REPLY, list(columns))


def forget_old(*, at: datetime) -> int:
    """Delete what was last asked more than a day ago; returns how many."""
    return WhatIf.objects.filter(asked_at__lt=at - KEPT).delete()[0]
