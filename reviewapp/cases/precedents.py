"""Decided cases by how the model argued them: kept with their labels, found by PostgreSQL in one pass over narrow rows.

A pass over 100,000 rows counts the bits in which two codes differ; what is nearest by it is put in order by the exact distance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from reviewapp.access.rules import VIEW_QUEUE
from reviewapp.cases.models import Case, Decision, Precedent
from reviewapp.cases.originals import CASES_OF
from reviewapp.cases.queries import queues_of
from reviewapp.lib.actor import Actor
from reviewapp.predictions.arguments import Point, difference, point_of

EXPLAINED = (
    "explanation",
    "model_work",
)  # of a prediction, read in one statement: one is there, the other, or neither will ever be
MOST_NEAR = 5
_CANDIDATES = 200
_BATCH = 200


@dataclass(frozen=True, slots=True)
class Near:
    """A decided case, and how far its argument is from the one asked about: 0 the same, 1 the opposite."""

    decision: Decision
    difference: float


def keep(decisions: Sequence[Decision]) -> None:
    """In the transaction that writes their labels; `case.prediction` is loaded with `EXPLAINED` and its use case."""
    placed = [(decision, _point(decision)) for decision in decisions]
    rows = [_row(decision, point) for decision, point in placed if point or _is_to_come(decision)]
    Precedent.objects.bulk_create(rows, ignore_conflicts=True)


def _point(decision: Decision) -> Point | None:
    return point_of(decision.case.prediction, decision.case.prediction.use_case)


def _is_to_come(decision: Decision) -> bool:
    prediction = decision.case.prediction
    return hasattr(prediction, "model_work") and not hasattr(prediction, "explanation")


def _row(decision: Decision, point: Point | None) -> Precedent:
    place = {"frame": point.frame, "code": point.code, "argument": list(point.values)} if point else {}
    return Precedent(decision=decision, case=decision.case, queue_id=decision.case.queue_id, **place)


def place_waiting() -> int:
    """Place those whose explanation came after their label; returns how many were dealt with."""
    done = 0
    while count := _place_batch():
        done += count
    return done


@transaction.atomic(durable=True)
def _place_batch() -> int:
    """No act of anybody: the index catches up with what is on record.

    Rows are changed where they stand: whoever reopens such a case meanwhile waits for the row and then deletes it.
    """
    rows = Precedent.objects.select_for_update(of=("self",), skip_locked=True).filter(frame=None)
    rows = rows.filter(case__prediction__explanation__isnull=False)
    found = list(rows.select_related("case__prediction__explanation", "case__prediction__use_case")[:_BATCH])
    for row in found:
        _place(row)
    return len(found)


def _place(row: Precedent) -> None:
    point = point_of(row.case.prediction, row.case.prediction.use_case)
    if point is None:
        row.delete()
    else:
        row.frame, row.code, row.argument = point.frame, point.code, list(point.values)
        row.save(update_fields=["frame", "code", "argument"])


def forget(case: Case) -> None:
    """In the transaction that takes the decision back."""
    Precedent.objects.filter(case=case).delete()


_NEAREST = """
with near as materialized (
    select decision_id, argument from cases_precedent
    where frame = %(frame)s and queue_id = any(%(queues)s) and case_id <> %(case)s
        and case_id <> all(array(
            select o.id from predictions_prediction p cross join lateral ({of_original}) o where p.id = %(prediction)s
        ))
    order by bit_count(code # %(code)s::bit varying) limit %(candidates)s
), ranked as (
    select decision_id, argument,
        sqrt((select sum((a - b) * (a - b)) from unnest(argument, %(argument)s::real[]) as t(a, b))) as distance
    from near order by distance, decision_id limit %(most)s
)
select decision_id, distance, sqrt((select sum(a * a) from unnest(argument) as t(a))) from ranked order by distance, decision_id
"""


def nearest(case: Case, point: Point, *, actor: Actor) -> list[Near]:
    """At most MOST_NEAR decided cases of queues that the actor may read, nearest first; three statements.

    None that this one is a copy of: it would say what was decided.
    """
    queues = list(queues_of(actor, VIEW_QUEUE).filter(use_case=case.queue.use_case_id).values_list("pk", flat=True))
    asked: dict[str, Any] = {
        "frame": point.frame, "queues": queues, "case": case.pk, "prediction": case.prediction_id, "code": point.code, "argument": list(point.values),
        "candidates": _CANDIDATES, "most": MOST_NEAR,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_NEAREST.format(of_original=CASES_OF.format("p.copy_of_id")), asked)
        found = cursor.fetchall()
    decisions = _whole([row[0] for row in found])
    return [Near(decisions[pk], difference(distance, point.size, size)) for pk, distance, size in found]


def _whole(ids: Sequence[UUID]) -> dict[UUID, Decision]:
    rows = Decision.objects.filter(pk__in=ids).select_related("review", "case__queue", "case__prediction")
    return {decision.pk: decision for decision in rows}
