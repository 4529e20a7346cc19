"""Policies and their versions."""

from django.db import models

from reviewapp.access.models import User
from reviewapp.catalog.models import UseCase
from reviewapp.lib.ids import uuid7


class PolicyVersion(models.Model):
    """One published policy of a use case; the highest number is in force. Append-only. `body` is described in `policies.rules`."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    use_case = models.ForeignKey(UseCase, on_delete=models.PROTECT, related_name="policy_versions")
    number = models.PositiveIntegerField()
    body = models.JSONField()
    digest = models.CharField(max_length=64)
    reason = models.CharField(max_length=300)
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["use_case", "number"], name="policy_number_is_unique_in_use_case")
        ]

    def __str__(self) -> str:
        return f"{self.use_case_id} policy {self.number}"
