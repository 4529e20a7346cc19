"""The shapes of corrections and documents, for the API document."""

from typing import Any

from rest_framework import serializers

from reviewapp.cases.documents.inspecting import TYPES
from reviewapp.cases.models.evidence import SOURCE_LENGTH, STATES


class CorrectedShape(serializers.Serializer[Any]):
    """The value before and after, and how it is known."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """One name is a word of Python, another one of serializers."""
        value = serializers.JSONField
        return {"from": value(allow_null=True), "to": value(allow_null=True), "source": serializers.CharField()}


class ProposedShape(serializers.Serializer[Any]):
    """`prediction` is the one with the corrected inputs; the case goes on with it once `state` is applied."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=STATES)
    made_at = serializers.DateTimeField()
    corrects = serializers.UUIDField()
    prediction = serializers.UUIDField()


class CorrectionShape(ProposedShape):
    changes = serializers.DictField(child=CorrectedShape())
    outcome_before = serializers.CharField(allow_null=True)


class CorrectionBody(serializers.Serializer[Any]):
    """The right values by input, and for each of them how it is known."""

    lease = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    changes = serializers.DictField()
    sources = serializers.DictField(child=serializers.CharField(max_length=SOURCE_LENGTH))


class DocumentBody(serializers.Serializer[Any]):
    file = serializers.FileField()


class AttachedShape(serializers.Serializer[Any]):
    """`url` opens it in a browser that is signed in; `sha256` is of what is kept, which of a picture is drawn anew."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=list(TYPES))
    size = serializers.IntegerField()
    pages = serializers.IntegerField(allow_null=True)
    width = serializers.IntegerField(allow_null=True)
    height = serializers.IntegerField(allow_null=True)
    sha256 = serializers.CharField()
    added_at = serializers.DateTimeField()
    url = serializers.CharField()


class DocumentShape(AttachedShape):
    name = serializers.CharField()
