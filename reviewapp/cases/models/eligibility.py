"""Who may not be given which cases, and who alone may."""

from django.db import models
from django.db.models import Q

from reviewapp.access.models import User
from reviewapp.cases import rules
from reviewapp.cases.models.case import Case
from reviewapp.cases.skills import SKILL_LENGTH
from reviewapp.catalog.models import UseCase
from reviewapp.lib.ids import uuid7


class Recusal(models.Model):
    """Somebody is linked to the person a case is about: they said so, or a lead recorded it (`recorded_by`). Until it is ended they are given
    neither this case nor any other of that person. Nothing of it changes but its end, once; what people said themselves has none.

    The person is the one of `reference_mac`, as in `predictions.Subject`; None where the prediction came without one.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    reference_mac = models.BinaryField(max_length=32, null=True)
    made_at = models.DateTimeField()
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, db_index=False)
    reason = models.CharField(max_length=rules.REASON_LENGTH, default="", db_default="")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, db_index=False)
    end_reason = models.CharField(max_length=rules.REASON_LENGTH, default="", db_default="")

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["user", "case"], condition=Q(ended_at=None), name="nobody_steps_back_from_a_case_twice"
            ),
            models.CheckConstraint(
                condition=Q(recorded_by=None, reason="") | Q(recorded_by__isnull=False) & ~Q(reason=""),
                name="recorded_conflict_has_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None, end_reason="")
                | Q(ended_at__isnull=False, ended_by__isnull=False, recorded_by__isnull=False) & ~Q(end_reason=""),
                name="only_recorded_conflicts_end_and_with_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"recusal from {self.case_id}"


class Skill(models.Model):
    """Somebody can answer the cases of a use case that need this skill."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    use_case = models.ForeignKey(UseCase, on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=SKILL_LENGTH)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "use_case", "name"], name="nobody_has_a_skill_twice")]

    def __str__(self) -> str:
        return self.name
