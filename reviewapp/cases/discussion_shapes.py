"""Comments, mentions and asked reopenings, as the API document describes them."""

from typing import Any

from rest_framework import serializers

from reviewapp.cases.mentions import COMMENT_LENGTH
from reviewapp.cases.rules import RequestState


class CommentBody(serializers.Serializer[Any]):
    text = serializers.CharField(
        max_length=COMMENT_LENGTH, help_text="@username mentions somebody who can read the case"
    )


class WrittenShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    case = serializers.UUIDField()
    round = serializers.IntegerField()
    written_at = serializers.DateTimeField()
    withdrawn_at = serializers.DateTimeField(allow_null=True)


class CommentLine(WrittenShape):
    author = serializers.CharField(help_text="User name")
    text = serializers.CharField(allow_null=True, help_text="Null once it is withdrawn")
    mentions = serializers.ListField(child=serializers.CharField(), help_text="User names")


class CommentList(serializers.Serializer[Any]):
    results = CommentLine(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class MentionLine(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    comment = CommentLine()
    external_id = serializers.CharField()
    queue = serializers.CharField()
    url = serializers.CharField()
    seen_at = serializers.DateTimeField(allow_null=True)


class MentionList(serializers.Serializer[Any]):
    results = MentionLine(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class ReopenRequestShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    case = serializers.UUIDField()
    round = serializers.IntegerField()
    state = serializers.ChoiceField(choices=[state.value for state in RequestState])
    asked_at = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)


class ReopenRequestLine(ReopenRequestShape):
    external_id = serializers.CharField()
    queue = serializers.CharField()
    asked_by = serializers.CharField(help_text="User name")
    reason = serializers.CharField(allow_null=True, help_text="Null while the model's part is withheld")
    answered_by = serializers.CharField(allow_null=True, help_text="User name")
    answer = serializers.CharField(
        allow_null=True, help_text="Why it was declined; null while the model's part is withheld"
    )


class ReopenRequestList(serializers.Serializer[Any]):
    results = ReopenRequestLine(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
