"""What people bring to a case beside their answers."""

from django.db import models
from django.db.models import Q

from reviewapp.access.models import User
from reviewapp.cases.documents.inspecting import TYPES
from reviewapp.lib.ids import uuid7
from reviewapp.predictions.models import Prediction, Subject

SOURCE_LENGTH = 200
WAITING, APPLIED, LAPSED, FAILED = "waiting", "applied", "lapsed", "failed"
STATES = (WAITING, APPLIED, LAPSED, FAILED)


class Correction(models.Model):
    """Somebody who has a case in hand says that some of its inputs are wrong, what they are, and how they know.

    The case's prediction stays as it arrived (`before`). `after` is a prediction with the corrected inputs that the model worker scores;
    then it takes the place of `before` in the case, a new round begins, and what was answered before counts no more. States:
    waiting -> applied; waiting -> lapsed, as the case was answered, its round ended or its maker was recused first; waiting -> failed, as the
    model could not be run.

    `sources` is text of people, by input: it is in this column only. The values are those of the two predictions.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="corrections")
    round = models.PositiveSmallIntegerField()  # in which it was made
    stage = models.CharField(max_length=12)  # of the case then
    before = models.ForeignKey(Prediction, on_delete=models.PROTECT, related_name="corrections")
    after = models.OneToOneField(Prediction, on_delete=models.PROTECT, related_name="correction")
    sources = models.JSONField()
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    state = models.CharField(max_length=8, default=WAITING, choices=[(state, state) for state in STATES])
    ended_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "cases"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(state="waiting"), name="one_correction_waits_per_case"
            ),
            models.UniqueConstraint(
                fields=["before"], condition=Q(state="applied"), name="a_prediction_is_corrected_once"
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", ended_at__isnull=True)
                | ~Q(state="waiting") & Q(ended_at__isnull=False, state__in=STATES),
                name="correction_waits_or_has_ended",
            ),
        ]

    def __str__(self) -> str:
        return f"correction of {self.case_id}"


class DocumentContent(models.Model):
    """The bytes of a document, in a table of their own that no list reads. Append-only.

    Sealed under the data key of `subject`, the person it is about: who destroys that key, destroys them. Without a subject they are as sent.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="+", null=True)
    data = models.BinaryField()

    class Meta:
        app_label = "cases"
        default_permissions = ()

    def __str__(self) -> str:
        return f"content {self.pk}"


class Document(models.Model):
    """A PDF or a picture that somebody attached to a case, or the sender to its prediction. Append-only.

    It belongs to the prediction that arrived, so it stays with the case when inputs are corrected. The name is text of people: it is in
    this column only.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    prediction = models.ForeignKey(Prediction, on_delete=models.PROTECT, related_name="documents")
    content = models.ForeignKey(DocumentContent, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=4, choices=[(kind, kind) for kind in TYPES])
    size = models.PositiveIntegerField()  # in bytes, as kept
    pages = models.PositiveSmallIntegerField(null=True)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    digest = models.BinaryField(max_length=32)  # SHA-256 of what is kept
    sent_digest = models.BinaryField(max_length=32)  # and of what was sent: a picture is drawn anew
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        app_label = "cases"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["prediction", "sent_digest"], name="a_document_is_attached_once"),
            models.CheckConstraint(
                condition=Q(kind="pdf", pages__isnull=False)
                | Q(kind__in=["png", "jpeg"], width__isnull=False, height__isnull=False),
                name="document_has_a_size",
            ),
        ]

    def __str__(self) -> str:
        return f"document {self.pk}"
