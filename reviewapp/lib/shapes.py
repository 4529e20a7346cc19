"""Shapes for the API document that more than one room answers with."""

from typing import Any

from rest_framework import serializers


class ProblemError(serializers.Serializer[Any]):
    pointer = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemShape(serializers.Serializer[Any]):
    """RFC 9457; `code` is stable."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    errors = ProblemError(many=True)  # type: ignore[assignment]  # a field; DRF keeps fields apart from its own names
