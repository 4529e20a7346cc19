"""The shape of what the API says about presence."""

from typing import Any

from rest_framework import serializers

from reviewapp.access.models import User


def person_line(person: User) -> dict[str, Any]:
    return {"id": str(person.pk), "username": person.username, "name": person.display_name}


class PresentPerson(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    username = serializers.CharField()
    name = serializers.CharField()


class PresenceShape(serializers.Serializer[Any]):
    people = PresentPerson(many=True)
