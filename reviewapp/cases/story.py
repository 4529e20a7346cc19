"""What happened to a case, as the audit trail has it."""

from heapq import merge
from uuid import UUID

from django.db.models import QuerySet

from reviewapp.audit.models import AuditEvent
from reviewapp.audit.queries import of_object
from reviewapp.cases.models import Case
from reviewapp.lib.prepared import prepared
from reviewapp.predictions.models import Prediction

MOST_EVENTS = 500


def story_of(case: Case) -> list[AuditEvent]:
    """What happened to the case and before it to its prediction, oldest first; of a very long story the newest part.

    A copy has arrived as what it is a copy of; `case.prediction` is loaded.
    """
    first = first_prediction(case)
    before = [*_arrival_of_copy(first, case.why), *_of_prediction(first.pk)]
    since = _newest_of_case(case.pk)
    # what is done to the prediction later, as a look at its routing, stands where it happened
    return list(merge(before, reversed(since), key=lambda event: event.at))


@prepared
def _of_prediction(prediction_id: UUID) -> QuerySet[AuditEvent]:
    return of_object("predictions.prediction", [str(prediction_id)])


@prepared
def _newest_of_case(case_id: UUID) -> QuerySet[AuditEvent]:
    return of_object("cases.case", [str(case_id)]).reverse()[:MOST_EVENTS]


_ARRIVAL = ("prediction.received", "prediction.scored", "prediction.explained")


def first_prediction(case: Case) -> Prediction:
    """The one that opened the case; `case.prediction` is loaded. A statement only where inputs were corrected."""
    if case.prediction.corrects_id is None:
        return case.prediction
    return case.corrections.select_related("before__copy_of").filter(before__corrects=None).earliest("pk").before


def _arrival_of_copy(arrived: Prediction, why: str) -> list[AuditEvent]:
    original = arrived.copy_of
    if original is None:
        return []
    events = list(of_object("predictions.prediction", [str(original.pk)]).filter(action__in=_ARRIVAL))
    for event in events:
        event.at += arrived.received_at - original.received_at
        if "rule" in event.data:  # of an original that passed it would tell so
            event.data = event.data | {"rule": why}
    return events
