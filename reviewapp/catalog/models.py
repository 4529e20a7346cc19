"""Use cases, their schemas and reasons, models and their immutable versions."""

from functools import cached_property

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from reviewapp.access.models import User
from reviewapp.access.rules import MANAGE, READ_LABELS, READ_PREDICTIONS, SUBMIT
from reviewapp.catalog.rules import Outcome, OutcomeKind, Stage, outcomes
from reviewapp.lib.ids import uuid7

NAME = RegexValidator(r"^[a-z0-9][a-z0-9-]*$", "Use lower-case letters, digits and dashes.")


class UseCase(models.Model):
    """One reviewed business process. `outcomes`: [{value, label, adverse, plural?}], most severe first when ordered."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.CharField(max_length=60, unique=True, validators=[NAME])
    name = models.CharField(max_length=80)
    description = models.TextField()
    subject_noun = models.CharField(max_length=30)  # "applicant": the person concerned
    case_noun = models.CharField(max_length=30)  # "application": what is decided about
    case_noun_plural = models.CharField(max_length=30)
    severity_noun = models.CharField(
        max_length=30, blank=True, default=""
    )  # "urgent": ordered outcomes push towards more or less of it
    outcome_kind = models.CharField(max_length=12, choices=[(kind, kind) for kind in OutcomeKind])
    outcomes = models.JSONField()
    summary_features = ArrayField(models.CharField(max_length=60), default=list)  # shown in lists
    facts_layout = models.CharField(max_length=8, default="facts", choices=[("facts", "facts"), ("vitals", "vitals")])
    correction_needs_note = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        permissions = [
            (SUBMIT, "May send predictions"),
            (READ_PREDICTIONS, "May read predictions"),
            (READ_LABELS, "May read labels and data sets"),
            (MANAGE, "May publish policies and promote models"),
        ]

    def __str__(self) -> str:
        return self.name

    @cached_property
    def outcome_list(self) -> tuple[Outcome, ...]:
        return outcomes(self.outcomes)

    @property
    def outcome_values(self) -> list[str]:
        return [outcome.value for outcome in self.outcome_list]

    @property
    def adverse_outcomes(self) -> frozenset[str]:
        return frozenset(outcome.value for outcome in self.outcome_list if outcome.adverse)

    def outcome_label(self, value: str) -> str:
        return next((outcome.label for outcome in self.outcome_list if outcome.value == value), value)


class UseCaseUserPermission(UserObjectPermissionBase):
    """A right of one user on one use case."""

    content_object = models.ForeignKey(UseCase, on_delete=models.CASCADE)


class UseCaseGroupPermission(GroupObjectPermissionBase):
    """A right of one role on one use case."""

    content_object = models.ForeignKey(UseCase, on_delete=models.CASCADE)


class FeatureSchemaVersion(models.Model):
    """The inputs of a use case, immutable; the highest number is current. `body` is inference.schema.FeatureSchema's JSON form."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    use_case = models.ForeignKey(UseCase, on_delete=models.PROTECT, related_name="schemas")
    number = models.PositiveIntegerField()
    body = models.JSONField()
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["use_case", "number"], name="schema_number_is_unique_in_use_case")
        ]

    def __str__(self) -> str:
        return f"{self.use_case_id} schema {self.number}"


class ReasonCode(models.Model):
    """A catalogued reason, immutable: a change of words is a new version. Mapped to the inputs it speaks about."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    use_case = models.ForeignKey(UseCase, on_delete=models.PROTECT, related_name="reason_codes")
    code = models.CharField(max_length=20)
    version = models.PositiveIntegerField(default=1)
    text = models.CharField(max_length=120)
    subject_text = models.CharField(max_length=300)
    features = ArrayField(models.CharField(max_length=60), default=list)
    outcomes = ArrayField(models.CharField(max_length=60), default=list)  # empty: any outcome
    position = models.PositiveSmallIntegerField(default=0)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        ordering = ["position", "code"]
        constraints = [
            models.UniqueConstraint(fields=["use_case", "code", "version"], name="reason_code_version_is_unique")
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


class Model(models.Model):
    """A named model of a use case."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    use_case = models.ForeignKey(UseCase, on_delete=models.PROTECT, related_name="models")
    name = models.CharField(max_length=60, unique=True, validators=[NAME])
    description = models.TextField(default="")
    created_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class ModelVersion(models.Model):
    """One immutable artifact. Everything but `stage` and its times is frozen by a trigger.

    `artifact` is a folder name under ARTIFACT_DIR; empty for a model that runs elsewhere and whose predictions are brought along.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="versions")
    version = models.CharField(max_length=30)
    schema = models.ForeignKey(FeatureSchemaVersion, on_delete=models.PROTECT, related_name="+")
    stage = models.CharField(max_length=12, default=Stage.REGISTERED, choices=[(stage, stage) for stage in Stage])
    artifact = models.CharField(max_length=120, blank=True, default="")
    artifact_digest = models.CharField(max_length=64, blank=True, default="")
    manifest = models.JSONField(default=dict)
    metrics = models.JSONField(default=dict)
    lineage = models.JSONField(default=dict)
    calibration_table = models.JSONField(
        default=dict
    )  # counts behind "of 100 scored like this"; see inference.confidence
    registered_at = models.DateTimeField()
    registered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)
    live_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["model", "version"], name="model_version_is_unique"),
            models.UniqueConstraint(fields=["model"], condition=Q(stage="live"), name="one_live_version_per_model"),
        ]

    def __str__(self) -> str:
        return f"{self.model_id} version {self.version}"
