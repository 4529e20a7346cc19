"""Reports on the answers of people."""

from django.db import models

from reviewapp.cases.models import Queue
from reviewapp.quality.rules import Kind


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
