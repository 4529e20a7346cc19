"""Snapshots of labels."""

from django.db import models
from django.db.models import Q

from reviewapp.access.models import User
from reviewapp.catalog.models import UseCase
from reviewapp.lib.ids import uuid7

STATES = ["pending", "frozen", "failed"]
SPLITS = ["train", "validation", "test"]


class DatasetSnapshot(models.Model):
    """A frozen set of labels. `digest` covers every row in order: the same labels give the same digest on any machine."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    use_case = models.ForeignKey(UseCase, on_delete=models.PROTECT, related_name="datasets")
    name = models.CharField(max_length=80)
    filters = models.JSONField(default=dict)
    up_to_position = models.BigIntegerField()
    state = models.CharField(max_length=8, default="pending", choices=[(state, state) for state in STATES])
    rows_done = models.PositiveIntegerField(default=0)
    rows_total = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)  # {split: {outcome: n}}
    digest = models.CharField(max_length=64, default="")
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    frozen_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(state__in=STATES), name="dataset_state_is_known")]
        indexes = [models.Index(fields=["requested_at"], condition=Q(state="pending"), name="dataset_pending")]

    def __str__(self) -> str:
        return self.name


class DatasetRow(models.Model):
    """One label in one snapshot. Append-only."""

    snapshot = models.ForeignKey(DatasetSnapshot, on_delete=models.PROTECT, related_name="rows")
    position = models.BigIntegerField()  # the label's position
    split = models.CharField(max_length=10)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["snapshot", "position"], name="label_once_per_dataset")]

    def __str__(self) -> str:
        return f"{self.snapshot_id} {self.position}"
