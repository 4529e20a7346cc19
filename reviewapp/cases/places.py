"""Where readers of the audit trail open the case that an event is about."""

from collections.abc import Iterable

from django.urls import reverse

from reviewapp.cases.queries import visible_cases
from reviewapp.lib import query
from reviewapp.lib.actor import Actor


def case_places(ids: Iterable[str], actor: Actor) -> dict[str, tuple[str, str]]:
    """id of a case -> (address, number), of those that the actor may open."""
    rows = visible_cases(actor).filter(pk__in=filter(None, map(query.uuid, ids)))
    return {str(pk): (_address(pk), number) for pk, number in rows.values_list("pk", "external_id")}


def predicted_places(ids: Iterable[str], actor: Actor) -> dict[str, tuple[str, str]]:
    """id of a prediction -> (address, number) of the case that rests on it, of those that the actor may open."""
    rows = visible_cases(actor).filter(prediction__in=filter(None, map(query.uuid, ids)))
    return {
        str(prediction): (_address(pk), number)
        for prediction, pk, number in rows.values_list("prediction_id", "pk", "external_id")
    }


def _address(case_id: object) -> str:
    return reverse("cases:case", args=[case_id])
