"""What the API answers to questions about a case: what if, what would change it, what was alike."""

from typing import Any
from uuid import UUID

from rest_framework import serializers

from reviewapp.predictions.serializers import ExplanationShape, ScoredShape


def what_if_asked(what_if_id: UUID) -> dict[str, Any]:
    """What is kept under an Idempotency-Key: where the answer will be."""
    return {"what_if": str(what_if_id)}


class WhatIfBody(serializers.Serializer[Any]):
    changes = serializers.DictField()


class SaidShape(serializers.Serializer[Any]):
    outcome = serializers.CharField()
    probabilities = serializers.DictField(child=serializers.FloatField())
    confidence = serializers.FloatField()
    margin = serializers.FloatField()


class WhatIfShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    case = serializers.UUIDField()
    changes = serializers.DictField()
    outside_training = serializers.ListField(child=serializers.CharField())
    before = SaidShape()
    prediction = ScoredShape()
    explanation = ExplanationShape()


class NearShape(serializers.Serializer[Any]):
    """A decided case. `difference` is 0 where the model argued alike and 1 where it argued the opposite; `near` says it in words."""

    case = serializers.UUIDField()
    external_id = serializers.CharField()
    url = serializers.CharField()
    queue = serializers.CharField()
    near = serializers.CharField()
    difference = serializers.FloatField()
    outcome = serializers.CharField()
    advised = serializers.CharField()
    reason_codes = serializers.ListField(child=serializers.CharField())
    decided_at = serializers.DateTimeField()


class SimilarShape(serializers.Serializer[Any]):
    """`pending` while the reasons of this case are on their way, `unavailable` where there are none to compare by."""

    case = serializers.UUIDField()
    status = serializers.ChoiceField(choices=["ready", "pending", "unavailable"])
    results = NearShape(many=True)


class FlipShape(serializers.Serializer[Any]):
    changes = serializers.DictField()
    sentence = serializers.CharField()
    prediction = SaidShape()


class FlipsShape(serializers.Serializer[Any]):
    """At most three answers, the smallest first; none where no change of up to three inputs flips the outcome. `tried` names the inputs."""

    id = serializers.UUIDField()
    case = serializers.UUIDField()
    before = SaidShape()
    flips = FlipShape(many=True)
    tried = serializers.ListField(child=serializers.CharField())
