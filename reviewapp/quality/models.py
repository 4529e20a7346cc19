"""Cases with a known answer, and reports on the answers of people."""

from django.db import models

from reviewapp.cases.models import Case, Decision, Queue
from reviewapp.quality.rules import Kind


class SeededCase(models.Model):
    """What a seeded case was taken from and what its answer is known to be. Append-only."""

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="+")
    drawn_for = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="+")  # the arrival
    source = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="+")
    known_outcome = models.CharField(max_length=60)
    model_is_right = models.BooleanField()
    made_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

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
