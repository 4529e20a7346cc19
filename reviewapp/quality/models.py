"""Cases with a known answer, and reports on the answers of people."""

from django.db import models
from django.db.models import Q

from reviewapp.access.models import User
from reviewapp.cases.models import BlindAnswer, Case, Decision, Queue
from reviewapp.cases.rules import REASON_LENGTH
from reviewapp.lib.ids import uuid7
from reviewapp.predictions.models import Prediction
from reviewapp.quality.rules import Kind, Ruling, Sampled


class KnownAnswer(models.Model):
    """What a lead knows to be the right outcome of a prediction, so that it may be seeded in their queue. Append-only."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="+")
    prediction = models.OneToOneField(Prediction, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=60)
    reason = models.TextField(max_length=REASON_LENGTH)
    given_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    given_at = models.DateTimeField()

    class Meta:
        db_table = "quality_knownanswer"
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="known_answer_needs_a_reason")]

    def __str__(self) -> str:
        return f"answer to {self.prediction_id}"


class SeededCase(models.Model):
    """What a seeded case was taken from, a decision or a given answer, and what its answer is known to be. Append-only."""

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="+")
    drawn_for = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="+")  # the arrival
    source = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="+", null=True)
    answer = models.ForeignKey(KnownAnswer, on_delete=models.PROTECT, related_name="+", null=True)
    known_outcome = models.CharField(max_length=60)
    model_is_right = models.BooleanField()
    made_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(source__isnull=False, answer__isnull=True) | Q(source__isnull=True, answer__isnull=False),
                name="seeded_case_has_one_source",
            )
        ]

    def __str__(self) -> str:
        return f"seeded {self.case_id}"


class QualityReport(models.Model):
    """The figures of one kind of one queue, replaced as a whole. `body` is their JSON form; it names people by their ids alone."""

    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=12, choices=[(kind, kind) for kind in Kind])
    made_at = models.DateTimeField()
    body = models.JSONField()

    class Meta:
        db_table = "quality_report"
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["queue", "kind"], name="one_report_per_queue_and_kind")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.queue_id}"


class QaSample(models.Model):
    """A decision that was drawn to be read once more, and the case that was made of it. Append-only.

    `draw` is the HMAC that was compared with `probability`, of queue and prediction; the key is derived from the audit key.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=9, choices=[(kind, kind) for kind in Sampled])
    source = models.OneToOneField(Prediction, on_delete=models.PROTECT, related_name="+")
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="+", null=True)  # of a person
    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="+")  # the one that was made
    outcome = models.CharField(max_length=60)  # decided
    probability = models.FloatField()
    draw = models.BinaryField()
    made_at = models.DateTimeField()

    class Meta:
        db_table = "quality_qasample"
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=Sampled.HUMAN, decision__isnull=False)
                | Q(kind=Sampled.AUTOMATIC, decision__isnull=True),
                name="qa_sample_of_a_person_has_a_decision",
            ),
            models.CheckConstraint(condition=Q(probability__gt=0, probability__lte=1), name="qa_sample_had_a_chance"),
        ]

    def __str__(self) -> str:
        return f"sample {self.case_id}"


class QaAnswer(models.Model):
    """What was said of a sample, before sight of the model, held against the decision. Append-only."""

    sample = models.OneToOneField(QaSample, on_delete=models.PROTECT, primary_key=True, related_name="answer")
    view = models.OneToOneField(BlindAnswer, on_delete=models.PROTECT, related_name="+")
    agrees = models.BooleanField()
    compared_at = models.DateTimeField()

    class Meta:
        db_table = "quality_qaanswer"
        default_permissions = ()
        indexes = [models.Index(fields=["sample"], condition=Q(agrees=False), name="qa_answer_differing")]

    def __str__(self) -> str:
        return f"answer to {self.sample_id}"


class QaResolution(models.Model):
    """What a lead says of a decision from which the answer to its sample differs. Append-only."""

    answer = models.OneToOneField(QaAnswer, on_delete=models.PROTECT, primary_key=True, related_name="resolution")
    ruling = models.CharField(max_length=6, choices=[(ruling, ruling) for ruling in Ruling])
    reason = models.TextField(max_length=REASON_LENGTH)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        db_table = "quality_qaresolution"
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="qa_resolution_needs_a_reason")]

    def __str__(self) -> str:
        return f"{self.ruling}: {self.answer_id}"
