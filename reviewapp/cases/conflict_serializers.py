"""The shape of recusals and conflicts in the API."""

from typing import Any

from rest_framework import serializers

from reviewapp.cases.rules import REASON_LENGTH


class RecuseBody(serializers.Serializer[Any]):
    """One's own: `lease`. Of somebody else, as a lead: `person`, a user name, and `reason`."""

    lease = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False)
    person = serializers.CharField(max_length=60, required=False)
    reason = serializers.CharField(max_length=REASON_LENGTH, required=False)


class EndBody(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=REASON_LENGTH)


class LinkedPerson(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    username = serializers.CharField()
    name = serializers.CharField()


class ConflictShape(serializers.Serializer[Any]):
    """`recorded_by` is null where the person said it themself; such a one does not end."""

    id = serializers.UUIDField()
    person = LinkedPerson()
    case = serializers.UUIDField()
    external_id = serializers.CharField()
    recorded_by = LinkedPerson(allow_null=True)
    recorded_at = serializers.DateTimeField()
    reason = serializers.CharField(allow_blank=True)
    ended_by = LinkedPerson(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    end_reason = serializers.CharField(allow_blank=True)


class ConflictList(serializers.Serializer[Any]):
    results = ConflictShape(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
