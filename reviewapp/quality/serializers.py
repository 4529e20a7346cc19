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


def reliance_answer(queue: Queue, report: QualityReport | None, usernames: Mapping[str, str] | None) -> dict[str, Any]:
    """:param usernames: by id; None for whoever may not read of people."""
    body = report.body if report else None
    people = body["people"] if body and usernames is not None else []
    named = [row | {"person": (usernames or {}).get(row["person"], row["person"])} for row in people]
    return {
        "queue": queue.slug,
        "made_at": report.made_at if report else None,
        "since": body["since"] if body else None,
        "until": body["until"] if body else None,
        "floor": body["floor"] if body else None,
        "n": body["n"] if body else 0,
        "team": body["team"] if body else None,
        "people": sorted(named, key=lambda row: row["person"]),
        "influence": body.get("influence") if body else None,
    }


class EstimateShape(serializers.Serializer[Any]):
    """A figure, what it rests on, and whether it may be shown: below 30 only the interval, below 10 only the count.

    Where cases stand for unequal numbers of decisions, `effective_n` says as how many that count alike they say; these are then what counts.
    """

    n = serializers.IntegerField()
    effective_n = serializers.FloatField(required=False)
    status = serializers.ChoiceField(choices=["ok", "too_few", "undefined"])
    reason = serializers.CharField(allow_null=True)
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField()
    high = serializers.FloatField()


class DirectionsShape(serializers.Serializer[Any]):
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
    shift = DirectionsShape(allow_null=True)


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


class RateShape(serializers.Serializer[Any]):
    """A person's rate, seen against the team. Too few: with reason interval_only the interval may be shown, else only the count."""

    n = serializers.IntegerField()
    hits = serializers.IntegerField()
    status = serializers.ChoiceField(choices=["ok", "too_few"])
    reason = serializers.CharField(allow_null=True)
    mean = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    beyond = serializers.FloatField(help_text="How probable it is that the rate is above 0.2.")
    is_flagged = serializers.BooleanField()


class HasteShape(serializers.Serializer[Any]):
    """How right a person is where quick."""

    n = serializers.IntegerField()
    right = serializers.IntegerField()
    status = serializers.ChoiceField(choices=["ok", "too_few"])
    reason = serializers.CharField(allow_null=True)
    mean = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    below = serializers.FloatField(help_text="How probable it is that fewer than 0.8 are right.")
    is_flagged = serializers.BooleanField()


class PersonShape(serializers.Serializer[Any]):
    person = serializers.CharField()
    over = RateShape()
    under = RateShape()
    fast = EstimateShape()
    haste = HasteShape()


class TeamShape(serializers.Serializer[Any]):
    """`over`: followed a wrong model; `under`: overruled a right one; `fast`: answers of less active time than `floor`."""

    over = EstimateShape()
    under = EstimateShape()
    over_after_what_if = EstimateShape()
    over_without = EstimateShape()
    fast = EstimateShape()


class ArmsShape(serializers.Serializer[Any]):
    """How often a first answer names the model's outcome: with it in sight, without, and what seeing it makes of that, from -1 to 1."""

    seen_first = EstimateShape()
    blind = EstimateShape()
    difference = EstimateShape()


class InfluenceShape(serializers.Serializer[Any]):
    """Of all cases that were drawn, and of those on which a lead decided between two people, by whether the model was right."""

    all = ArmsShape()
    model_right = ArmsShape()
    model_wrong = ArmsShape()


class RelianceShape(serializers.Serializer[Any]):
    """`people` is empty for whoever does not lead the queue; by name, never by figure."""

    queue = serializers.CharField()
    made_at = serializers.DateTimeField(allow_null=True)
    since = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)
    floor = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()
    team = TeamShape(allow_null=True)
    people = PersonShape(many=True)
    influence = InfluenceShape(allow_null=True)
