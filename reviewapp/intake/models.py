"""What was sent under which external id, so that a retry is answered and a contradiction refused."""

from django.db import models

from reviewapp.catalog.models import UseCase


class IngestKey(models.Model):
    """One `external_id` of a use case. A parallel twin waits on the unique constraint. Append-only."""

    use_case = models.ForeignKey(UseCase, on_delete=models.PROTECT, related_name="+")
    external_id = models.CharField(max_length=120)
    body_digest = models.BinaryField(max_length=32)
    prediction_id = models.UUIDField()
    received_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["use_case", "external_id"], name="external_id_is_unique_in_use_case")
        ]

    def __str__(self) -> str:
        return self.external_id
