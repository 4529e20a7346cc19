"""Comments, mentions and asked reopenings, as the API document describes them."""

from typing import Any

from rest_framework import serializers

from reviewapp.cases.mentions import COMMENT_LENGTH


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
