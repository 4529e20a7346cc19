"""Predictions as the API shows them, and the shapes for the API document."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from reviewapp.predictions.models import Prediction, RoutingResult


def prediction_answer(prediction: Prediction) -> dict[str, Any]:
    """What the model said; `model_version.model` is loaded."""
    version = prediction.model_version
    return {
        "outcome": prediction.outcome or None,
        "probabilities": prediction.probabilities,
        "confidence": prediction.confidence,
        "margin": prediction.margin,
        "model": version.model.name if version else None,
        "model_version": version.version if version else None,
    }


def explanation_answer(prediction: Prediction) -> dict[str, Any] | None:
    """Why the model said it; `explanation` is loaded. None while it waits, and where no artifact here can tell."""
    explanation = getattr(prediction, "explanation", None)
    if explanation is None:
        return None
    return explanation_parts(explanation.method, explanation.output_space, explanation.body, explanation.additive)


def explanation_parts(method: str, output_space: str, body: Mapping[str, Any], additive: bool | None) -> dict[str, Any]:
    """The answer from the columns of an explanation."""
    return {
        "method": method,
        "output_space": output_space,
        "base_value": body["base_value"],
        "contributions": body["contributions"],
        "alternatives": body.get("alternatives") or {},
        "background": body.get("background"),
        "additive": additive,
    }


def routing_answer(routing: RoutingResult | None) -> dict[str, Any] | None:
    if routing is None:
        return None
    return {
        "result": routing.result,
        "policy_version": routing.policy_number,
        "rule": routing.rule,
        "trace": routing.trace,
    }


class ScoredShape(serializers.Serializer[Any]):
    outcome = serializers.CharField(allow_null=True)
    probabilities = serializers.DictField(child=serializers.FloatField())
    confidence = serializers.FloatField(allow_null=True)
    margin = serializers.FloatField(allow_null=True)
    model = serializers.CharField(allow_null=True)
    model_version = serializers.CharField(allow_null=True)


class ExplanationShape(serializers.Serializer[Any]):
    method = serializers.CharField()
    output_space = serializers.CharField()
    base_value = serializers.FloatField()
    contributions = serializers.DictField(child=serializers.FloatField())
    alternatives = serializers.DictField()
    background = serializers.DictField(allow_null=True)
    additive = serializers.BooleanField(allow_null=True)


class TraceShape(serializers.Serializer[Any]):
    rule = serializers.CharField()
    matched = serializers.BooleanField()
    detail = serializers.CharField()


class RoutingShape(serializers.Serializer[Any]):
    result = serializers.ChoiceField(choices=["auto", "review"])
    policy_version = serializers.IntegerField()
    rule = serializers.CharField()
    trace = TraceShape(many=True)
