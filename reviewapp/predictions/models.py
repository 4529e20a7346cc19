"""Subjects, predictions, explanations, routing results and labels."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from reviewapp.access.models import User
from reviewapp.catalog.models import FeatureSchemaVersion, ModelVersion, UseCase
from reviewapp.lib.ids import uuid7

STATUSES = ["pending", "routed", "failed"]
WHAT_IF, FLIPS = "what_if", "flips"  # what a person may ask the model about a case
SCORE, EXPLAIN, RESCORE = "score", "explain", "rescore"  # what a model worker does; the last of corrected inputs


class Subject(models.Model):
    """The person concerned. Name, birth date, contact and reference are only in `identity`, under `data_key`."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    use_case = models.ForeignKey(UseCase, on_delete=models.PROTECT, related_name="+")
    reference_mac = models.BinaryField(
        max_length=32
    )  # keyed, so that a known reference finds its subject and nothing else
    data_key = models.BinaryField()
    identity = models.BinaryField()
    masked_name = models.CharField(max_length=80)
    created_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["use_case", "reference_mac"], name="one_subject_per_reference")]

    def __str__(self) -> str:
        return self.masked_name


class Prediction(models.Model):
    """One model output over one input snapshot. Once it has left `pending` a trigger freezes the row.

    With `copy_of` it is shown a second time to see what people answer: it never arrived, so what leaves the product and every figure leaves
    it out (`copy_of=None`), while to whoever reviews it, it is one like any other. With `corrects` it is another with inputs that somebody
    corrected; see `correcting`.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    use_case = models.ForeignKey(UseCase, on_delete=models.PROTECT, related_name="+")
    external_id = models.CharField(max_length=120)
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="+", null=True)
    schema = models.ForeignKey(FeatureSchemaVersion, on_delete=models.PROTECT, related_name="+")
    features = models.JSONField()
    snapshot_digest = models.BinaryField(max_length=32)
    context = models.JSONField(default=dict)
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+", null=True)
    brought_along = models.BooleanField()  # scored elsewhere
    status = models.CharField(max_length=8, choices=[(status, status) for status in STATUSES])
    failure = models.CharField(max_length=60, default="")
    outcome = models.CharField(max_length=60, default="")
    probabilities = models.JSONField(default=dict)
    confidence = models.FloatField(null=True)
    margin = models.FloatField(null=True)
    occurred_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField()
    received_from = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    copy_of = models.ForeignKey("self", on_delete=models.PROTECT, related_name="copies", null=True, db_index=False)
    corrects = models.ForeignKey("self", on_delete=models.PROTECT, related_name="+", null=True, db_index=False)

    class Meta:
        default_permissions = ()
        constraints = [
            # A copy's id is made up, and a corrected one's is that of another: they may not stand in the way of one that arrives.
            models.UniqueConstraint(
                fields=["use_case", "external_id"],
                condition=Q(copy_of=None, corrects=None),
                name="prediction_external_id_is_unique",
            ),
            models.CheckConstraint(condition=Q(status__in=STATUSES), name="prediction_status_is_known"),
            models.CheckConstraint(
                condition=~Q(status="routed") | (Q(confidence__isnull=False) & ~Q(outcome="")),
                name="routed_prediction_has_outcome",
            ),
        ]
        indexes = [models.Index(fields=["copy_of"], condition=Q(copy_of__isnull=False), name="prediction_copies")]

    def __str__(self) -> str:
        return self.external_id


class ModelWork(models.Model):
    """What a model worker still has to do for a prediction. Deleted in the transaction that does it, or in that of the last of 12 tries."""

    prediction = models.OneToOneField(Prediction, on_delete=models.PROTECT, primary_key=True, related_name="model_work")
    needs = models.CharField(max_length=7, choices=[(need, need) for need in (SCORE, EXPLAIN, RESCORE)])
    created_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    failure = models.CharField(max_length=120, default="")

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["next_try_at"], name="model_work_by_next_try")]

    def __str__(self) -> str:
        return f"{self.needs} {self.prediction_id}"


class Explanation(models.Model):
    """Why the model said so: attributions bound to one prediction. `body` is the JSON form of inference.explain."""

    prediction = models.OneToOneField(
        Prediction, on_delete=models.PROTECT, primary_key=True, related_name="explanation"
    )
    method = models.CharField(max_length=40)
    output_space = models.CharField(max_length=20)
    brought_along = models.BooleanField()
    additive = models.BooleanField(null=True)  # None: the sender gave no margin to check against
    body = models.JSONField()
    explained_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.method} of {self.prediction_id}"


class RoutingResult(models.Model):
    """Where the policy sent a prediction, with the full trace of values seen, and with what probability a person was asked."""

    prediction = models.OneToOneField(Prediction, on_delete=models.PROTECT, primary_key=True, related_name="routing")
    policy_version_id = models.UUIDField()
    policy_number = models.PositiveIntegerField()
    result = models.CharField(max_length=6, choices=[("auto", "auto"), ("review", "review")])
    outcome = models.CharField(max_length=60, default="")  # final, when auto
    queue_slug = models.CharField(max_length=60, default="")
    priority = models.SmallIntegerField(default=0)
    rule = models.CharField(max_length=120)
    trace = models.JSONField()
    selection_reason = models.CharField(max_length=20)
    selection_probability = models.FloatField()
    stratum = models.CharField(max_length=200)
    draw = models.FloatField(null=True)
    threshold = models.FloatField(null=True)  # the confidence from which the policy lets a case pass
    routed_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.result} by {self.rule}"


class WhatIf(models.Model):
    """What the model would say of a prediction's case with some inputs changed, or which changes would flip its outcome (`flips`).
    Asked by a person, answered by the model worker, never the prediction of anything, and deleted after a day."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    prediction = models.ForeignKey(Prediction, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(
        max_length=7, choices=[(WHAT_IF, WHAT_IF), (FLIPS, FLIPS)], default=WHAT_IF, db_default=WHAT_IF
    )
    digest = models.BinaryField(max_length=32)  # of model version and inputs: the same question has one answer
    changes = models.JSONField()  # none for flips
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    answer = models.JSONField(null=True)
    failure = models.CharField(max_length=120, default="")

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["prediction", "kind", "digest"], name="what_if_has_one_row_per_question")
        ]
        indexes = [
            models.Index(fields=["id"], name="what_if_waiting", condition=Q(answer__isnull=True, failure="")),
            models.Index(fields=["asked_at"], name="what_if_by_age"),
        ]

    def __str__(self) -> str:
        return f"what if of {self.prediction_id}"


class Label(models.Model):
    """A training row from one human decision. `decision_id` is unique: exactly one label per decision."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    position = models.BigIntegerField(
        unique=True
    )  # dense and in commit order, so that a reader's cursor misses nothing
    decision_id = models.UUIDField(unique=True)
    use_case = models.ForeignKey(UseCase, on_delete=models.PROTECT, related_name="labels")
    prediction = models.ForeignKey(Prediction, on_delete=models.PROTECT, related_name="labels")
    snapshot_digest = models.BinaryField(max_length=32)
    features = models.JSONField()
    predicted_outcome = models.CharField(max_length=60)
    outcome = models.CharField(max_length=60)
    agrees = models.BooleanField()
    direction = models.CharField(max_length=12, default="")
    confidence = models.FloatField()
    reason_codes = ArrayField(models.CharField(max_length=20), default=list)
    reviewer = models.CharField(max_length=24)  # pseudonym: keyed, stable, not reversible without the key
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+", null=True)
    model_name = models.CharField(max_length=60, default="")
    model_version_name = models.CharField(max_length=30, default="")
    policy_number = models.PositiveIntegerField()
    handle_seconds = models.FloatField()
    selection_reason = models.CharField(max_length=20)
    selection_probability = models.FloatField()
    stratum = models.CharField(max_length=200)
    decided_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["use_case", "position"], name="label_by_use_case"),
            models.Index(fields=["use_case", "outcome", "position"], name="label_by_outcome"),
        ]

    def __str__(self) -> str:
        return f"{self.predicted_outcome} -> {self.outcome}"


class SupersededLabel(models.Model):
    """A label whose decision was taken back by a reopening. The label stays; data sets frozen from then on leave it out. Append-only."""

    label = models.OneToOneField(Label, on_delete=models.PROTECT, primary_key=True, related_name="superseded")
    superseded_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.label_id} counts no more"
