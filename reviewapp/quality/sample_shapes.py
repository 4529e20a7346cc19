"""The shapes of QA samples for the API document."""

from typing import Any

from rest_framework import serializers

from reviewapp.cases.rules import REASON_LENGTH
from reviewapp.quality.rules import MOST_ANSWERS, Ruling, Sampled
from reviewapp.quality.serializers import EstimateShape


class SampleSaid(serializers.Serializer[Any]):
    """What was decided or said; while it is withheld, no outcome. What passed without a person has neither reasons nor a note."""

    outcome = serializers.CharField(allow_null=True)
    reason_codes = serializers.ListField(child=serializers.CharField())
    note = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField()


class SampleShape(serializers.Serializer[Any]):
    """A decision and the answer that differs. `case` is where a person decided; `sample_case` is the same shown once more.

    While either of them was reopened and is withheld from you, `withheld` is true, and neither answer nor ruling is told.
    """

    id = serializers.UUIDField()
    queue = serializers.CharField()
    kind = serializers.ChoiceField(choices=[kind.value for kind in Sampled])
    prediction = serializers.UUIDField()
    external_id = serializers.CharField()
    case = serializers.UUIDField(allow_null=True)
    sample_case = serializers.UUIDField()
    first = SampleSaid()
    second = SampleSaid()
    withheld = serializers.BooleanField()
    compared_at = serializers.DateTimeField()
    ruling = serializers.ChoiceField(choices=[ruling.value for ruling in Ruling], allow_null=True)
    reason = serializers.CharField(allow_null=True)
    resolved_at = serializers.DateTimeField(allow_null=True)


class SampledShape(serializers.Serializer[Any]):
    """Of the decisions of one kind. While some wait for a lead, `error_rate` has an interval from none of them to all, and no value."""

    drawn = serializers.IntegerField()
    answered = serializers.IntegerField()
    differing = EstimateShape()
    waiting = serializers.IntegerField()
    wrong = serializers.IntegerField()
    error_rate = EstimateShape()


class SampleFigures(serializers.Serializer[Any]):
    made_at = serializers.DateTimeField()
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    automatic = SampledShape()
    human = SampledShape()


class SampleList(serializers.Serializer[Any]):
    figures = SampleFigures(allow_null=True)
    results = SampleShape(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class ResolveBody(serializers.Serializer[Any]):
    ruling = serializers.ChoiceField(choices=[ruling.value for ruling in Ruling])
    reason = serializers.CharField(max_length=REASON_LENGTH)


class KnownItem(serializers.Serializer[Any]):
    """`external_id` is of a prediction that came to the queue or passed; `reason` says how its outcome is known."""

    external_id = serializers.CharField(max_length=120)
    outcome = serializers.CharField(max_length=60)
    reason = serializers.CharField(max_length=REASON_LENGTH)


class AnswersBody(serializers.Serializer[Any]):
    queue = serializers.CharField(max_length=60)
    items = serializers.ListField(child=KnownItem(), min_length=1, max_length=MOST_ANSWERS)


class AnswersKept(serializers.Serializer[Any]):
    """How many were kept: all that were sent."""

    answers = serializers.IntegerField()
