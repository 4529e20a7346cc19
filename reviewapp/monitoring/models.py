"""What is expected of each queue, and who was said to work on it."""

from django.db import models
from django.db.models import Q

from reviewapp.access.models import User
from reviewapp.cases.models import Queue
from reviewapp.monitoring.rules import MOST_PEOPLE


class Forecast(models.Model):
    """The next hours of one queue, replaced as a whole. `body` is its JSON form."""

    queue = models.OneToOneField(Queue, on_delete=models.CASCADE, related_name="+")
    made_at = models.DateTimeField()
    body = models.JSONField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"forecast of {self.queue_id}"


class Shift(models.Model):
    """How many people work on a queue until when, as one of its leads said last."""

    queue = models.OneToOneField(Queue, on_delete=models.CASCADE, related_name="+")
    people = models.PositiveSmallIntegerField()
    until = models.DateTimeField()
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(people__lte=MOST_PEOPLE), name="shift_has_people_within_reason")
        ]

    def __str__(self) -> str:
        return f"{self.people} on {self.queue_id}"
