"""The shape of skills in the API."""

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers

from reviewapp.access.models import User
from reviewapp.cases.skills import MOST_SKILLS, SKILL_LENGTH


def person_skills(found: tuple[User, Sequence[str]]) -> dict[str, Any]:
    person, skills = found
    return {"id": str(person.pk), "username": person.username, "name": person.display_name, "skills": list(skills)}


class SkillsBody(serializers.Serializer[Any]):
    """A user name, and all the skills they have from now on in the use case of the queue."""

    person = serializers.CharField(max_length=60)
    skills = serializers.ListField(child=serializers.CharField(max_length=SKILL_LENGTH), max_length=MOST_SKILLS)


class SkilledPerson(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    username = serializers.CharField()
    name = serializers.CharField()
    skills = serializers.ListField(child=serializers.CharField())


class SkillsShape(serializers.Serializer[Any]):
    """`skills` are those that rules ask for or somebody has."""

    skills = serializers.ListField(child=serializers.CharField())
    people = SkilledPerson(many=True)
