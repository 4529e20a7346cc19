"""Snapshots of labels."""

from django.db import models
from django.db.models import Q

from reviewapp.access.grants import granted
from reviewapp.access.models import User
from reviewapp.access.rules import READ_LABELS
from reviewapp.catalog.models import UseCase
from reviewapp.datasets.rules import NAME_LENGTH, Split, State
from reviewapp.lib.actor import Actor
from reviewapp.lib.ids import uuid7
from reviewapp.predictions.models import Label


class SnapshotQuerySet(models.QuerySet["DatasetSnapshot"]):
    """Data sets, always through who asks."""

    def visible_to(self, actor: Actor) -> "SnapshotQuerySet":
        """Those of use cases whose labels the actor may read."""
        return self.filter(use_case__in=granted(UseCase.objects.all(), actor, READ_LABELS))


class DatasetSnapshot(models.Model):
    """A frozen set of labels. `digest` covers every row in order: the same labels give the same digest on any machine.

    While it is pending, `digest`, `counts` and `summary` say how far the freezing is; a trigger closes the row once it is not pending any more.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    use_case = models.ForeignKey(UseCase, on_delete=models.PROTECT, related_name="datasets")
    name = models.CharField(max_length=NAME_LENGTH)
    filters = models.JSONField(default=dict)
    up_to_position = models.BigIntegerField()
    state = models.CharField(max_length=8, default=State.PENDING, choices=[(state, state) for state in State])
    rows_done = models.PositiveIntegerField(default=0)
    rows_total = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)  # {split: {outcome: n}}
    summary = models.JSONField(default=dict)  # see freezing.Summary
    versions = models.JSONField(default=dict)  # {program: version} of what froze it
    digest = models.CharField(max_length=64, default="")
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    frozen_at = models.DateTimeField(null=True)

    objects = SnapshotQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(state__in=list(State)), name="dataset_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state=State.FROZEN) | Q(frozen_at__isnull=False) & ~Q(digest=""),
                name="frozen_dataset_has_digest_and_time",
            ),
        ]
        indexes = [models.Index(fields=["requested_at"], condition=Q(state="pending"), name="dataset_pending")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_frozen(self) -> bool:
        return self.state == State.FROZEN


class DatasetRow(models.Model):
    """One label, by its position, in one snapshot. Append-only."""

    snapshot = models.ForeignKey(DatasetSnapshot, on_delete=models.PROTECT, related_name="rows", db_index=False)
    label = models.ForeignKey(
        Label, to_field="position", db_column="position", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    split = models.CharField(max_length=10, choices=[(split, split) for split in Split])

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["snapshot", "label"], name="label_once_per_dataset")]

    def __str__(self) -> str:
        return f"{self.snapshot_id} {self.label_id}"
