"""Predictions as the API shows them, and the shapes for the API document."""

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework import serializers


def prediction_parts(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the model said, from the columns of a statement by hand; probabilities come as JSON text."""
    return {
        "outcome": row["outcome"] or None,
        "probabilities": orjson.loads(row["probabilities"]),
        "confidence": row["confidence"],
        "margin": row["margin"],
        "model": row["model"],
        "model_version": row["model_version"],
    }


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
