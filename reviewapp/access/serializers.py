"""The shape of what people set for themselves, in the API."""

from typing import Any

from rest_framework import serializers


class OwnKeysShape(serializers.Serializer[Any]):
    """What one presses, by the key of the product; what is not named is pressed as it is."""

    own_keys = serializers.DictField(child=serializers.CharField(max_length=1))


class OwnKeysBody(OwnKeysShape):
    """All of them: what is not named is given back."""


class AbsenceShape(serializers.Serializer[Any]):
    """Until when one is out of office; null: one is here."""

    away_until = serializers.DateTimeField(allow_null=True)


class AbsenceBody(AbsenceShape):
    """A time to come, within a year, or null."""
