"""Reports as the API shows them, and the shapes for the API document."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from reviewapp.cases.models import Queue
from reviewapp.quality.models import QualityReport


def agreement_answer(queue: Queue, report: QualityReport | None, usernames: Mapping[str, str]) -> dict[str, Any]:
    """The report as it was worked out; null where nothing is worked out yet. :param usernames: by id."""
    body = report.body if report else None
    return {
        "queue": queue.slug,
        "made_at": report.made_at if report else None,
        "since": body["since"] if body else None,
        "fair": body["fair"] if body else None,
        "fair_because": body["fair_because"] if body else {},
        "asked": body["asked"] if body else None,
        "asked_because": body["asked_because"] if body else {},
        "without_outcome": body["without_outcome"] if body else 0,
        "people": [_named(row, usernames) for row in body["people"]] if body else [],
    }


def _named(row: Mapping[str, Any], usernames: Mapping[str, str]) -> dict[str, Any]:
    return {"people": sorted(usernames.get(person, person) for person in row["people"]), "raw": row["raw"]}


class EstimateShape(serializers.Serializer[Any]):
    """A figure, what it rests on, and whether it may be shown: below 30 only the interval, below 10 only the count."""

    n = serializers.IntegerField()
    status = serializers.ChoiceField(choices=["ok", "too_few", "undefined"])
    reason = serializers.CharField(allow_null=True)
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField()
    high = serializers.FloatField()


class ShiftShape(serializers.Serializer[Any]):
    """How often the second answer was a later or an earlier outcome than the first, and by two or more."""

    above = serializers.IntegerField()
    below = serializers.IntegerField()
    far_above = serializers.IntegerField()
    far_below = serializers.IntegerField()


class AgreementFigures(serializers.Serializer[Any]):
    """`table` counts (first answer, second answer) in the order of `outcomes`."""

    n = serializers.IntegerField()
    outcomes = serializers.ListField(child=serializers.CharField())
    table = serializers.ListField(child=serializers.ListField(child=serializers.IntegerField()))
    raw = EstimateShape()
    by_outcome = EstimateShape(many=True)
    kappa = EstimateShape()
    quadratic_kappa = EstimateShape(allow_null=True)
    alpha = EstimateShape()
    shift = ShiftShape(allow_null=True)


class PeopleShape(serializers.Serializer[Any]):
    people = serializers.ListField(child=serializers.CharField())
    raw = EstimateShape()


class AgreementShape(serializers.Serializer[Any]):
    """`fair` are the pairs that every answer or a drawn share gave. `asked` are those another rule asked for; they say nothing of the rest."""

    queue = serializers.CharField()
    made_at = serializers.DateTimeField(allow_null=True)
    since = serializers.DateTimeField(allow_null=True)
    fair = AgreementFigures(allow_null=True)
    fair_because = serializers.DictField(child=serializers.IntegerField())
    asked = AgreementFigures(allow_null=True)
    asked_because = serializers.DictField(child=serializers.IntegerField())
    without_outcome = serializers.IntegerField()
    people = PeopleShape(many=True)
