"""What people write to each other about a case, and ask of its leads."""

from django.db import models
from django.db.models import Q

from reviewapp.access.models import User
from reviewapp.cases.mentions import COMMENT_LENGTH
from reviewapp.cases.models.case import Case
from reviewapp.cases.rules import REASON_LENGTH, RequestState
from reviewapp.lib.ids import uuid7


class Comment(models.Model):
    """What somebody wrote about a case. Append-only, but for its withdrawal, which takes the text out of the table and leaves the fact.

    `knew_answers` and `knew_model`: what its author could see when they wrote it; `comments.shown_to` says from whom it is kept.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    text = models.TextField(max_length=COMMENT_LENGTH)
    round = models.PositiveSmallIntegerField()
    knew_answers = models.BooleanField()
    knew_model = models.BooleanField()
    written_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) & ~Q(text="") | Q(withdrawn_at__isnull=False, text=""),
                name="withdrawn_comment_has_no_text",
            )
        ]
        indexes = [models.Index(fields=["author", "written_at"], name="comment_by_author")]

    def __str__(self) -> str:
        return f"comment on {self.case_id}"


class Mention(models.Model):
    """Somebody whom a comment names, and since when they have seen it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    comment = models.ForeignKey(Comment, on_delete=models.PROTECT, related_name="mentions", db_index=False)
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    seen_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["comment", "person"], name="a_comment_mentions_somebody_once")]
        indexes = [models.Index(fields=["person", "-id"], name="mention_by_person")]

    def __str__(self) -> str:
        return f"mention in {self.comment_id}"


class ReopenRequest(models.Model):
    """Somebody asks the leads to reopen a decided case. Closed once, with the lead's answer, or because the case was reopened otherwise."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    round = models.PositiveSmallIntegerField()
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    asked_at = models.DateTimeField()
    reason = models.TextField(max_length=REASON_LENGTH)
    state = models.CharField(
        max_length=8, default=RequestState.OPEN, choices=[(state, state) for state in RequestState]
    )
    answered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, db_index=False)
    answered_at = models.DateTimeField(null=True)
    answer = models.TextField(default="", max_length=REASON_LENGTH)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["case", "asked_by"], condition=Q(state="open"), name="one_open_request_per_case_and_person"
            ),
            models.CheckConstraint(
                condition=Q(state="open", answered_at__isnull=True, answered_by__isnull=True, answer="")
                | Q(state="granted", answered_at__isnull=False, answered_by__isnull=False)
                | Q(state="declined", answered_at__isnull=False, answered_by__isnull=False) & ~Q(answer="")
                | Q(state="lapsed", answered_at__isnull=False, answered_by__isnull=True, answer=""),
                name="reopen_request_is_open_or_answered",
            ),
        ]
        indexes = [
            models.Index(fields=["asked_by", "-id"], name="reopen_request_by_asker"),
            models.Index(fields=["id"], condition=Q(state="open"), name="reopen_request_open"),
        ]

    def __str__(self) -> str:
        return f"asked reopening of {self.case_id}"
