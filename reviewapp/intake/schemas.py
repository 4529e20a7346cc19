"""The shapes of intake for the API document; `intake.reading` is what reads."""

from typing import Any

from rest_framework import serializers

from reviewapp.predictions.serializers import ExplanationShape, RoutingShape, ScoredShape


class SubjectShape(serializers.Serializer[Any]):
    reference = serializers.CharField(required=False, max_length=200)
    name = serializers.CharField(required=False, max_length=200)
    date_of_birth = serializers.DateField(required=False)
    contact = serializers.CharField(required=False, max_length=200)


class GivenPrediction(serializers.Serializer[Any]):
    outcome = serializers.CharField()
    probabilities = serializers.DictField(child=serializers.FloatField(min_value=0, max_value=1))


class GivenExplanation(serializers.Serializer[Any]):
    method = serializers.CharField(max_length=40)
    output_space = serializers.ChoiceField(choices=["log_odds", "probability", "raw"])
    base_value = serializers.FloatField()
    contributions = serializers.DictField(child=serializers.FloatField())
    margin = serializers.FloatField(required=False, allow_null=True)


class PredictionBody(serializers.Serializer[Any]):
    use_case = serializers.CharField(max_length=60)
    external_id = serializers.CharField(max_length=120)
    features = serializers.DictField()
    subject = SubjectShape(required=False, allow_null=True)
    model = serializers.CharField(required=False, allow_null=True)
    model_version = serializers.CharField(required=False, allow_null=True)
    prediction = GivenPrediction(required=False, allow_null=True)
    explanation = GivenExplanation(required=False, allow_null=True)
    occurred_at = serializers.DateTimeField(required=False, allow_null=True)
    context = serializers.DictField(required=False, allow_null=True)  # type: ignore[assignment]


class BatchBody(serializers.Serializer[Any]):
    items = serializers.ListField(child=PredictionBody(), max_length=1000)


class CaseLink(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    url = serializers.CharField()
    queue = serializers.CharField()
    status = serializers.CharField()
    due_at = serializers.DateTimeField()


class DecisionShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    outcome = serializers.CharField()
    direction = serializers.CharField(allow_blank=True)
    decided_at = serializers.DateTimeField()


class PredictionAnswer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    external_id = serializers.CharField()
    use_case = serializers.CharField()
    status = serializers.ChoiceField(choices=["pending", "routed", "failed"])
    failure = serializers.CharField(allow_null=True)
    received_at = serializers.DateTimeField()
    prediction = ScoredShape()
    explanation = ExplanationShape(allow_null=True)
    routing = RoutingShape(allow_null=True)
    outcome = serializers.CharField(allow_null=True)
    withheld = serializers.BooleanField()
    case = CaseLink(allow_null=True)
    decision = DecisionShape(allow_null=True)
    corrects = serializers.UUIDField(allow_null=True)
    corrected_by = serializers.UUIDField(allow_null=True)


class PredictionList(serializers.Serializer[Any]):
    results = PredictionAnswer(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class BatchResult(serializers.Serializer[Any]):
    status = serializers.IntegerField()
    id = serializers.UUIDField(required=False)
    external_id = serializers.CharField(required=False)
    result = serializers.CharField(required=False, allow_null=True)
    outcome = serializers.CharField(required=False, allow_null=True)
    case = serializers.UUIDField(required=False, allow_null=True)
    problem = serializers.DictField(required=False)


class BatchAnswer(serializers.Serializer[Any]):
    results = BatchResult(many=True)
