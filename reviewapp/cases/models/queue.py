"""Teams and their inboxes."""

from django.db import models
from django.db.models import Q
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from reviewapp.access.models import User
from reviewapp.access.rules import LEAD_QUEUE, VIEW_QUEUE, WORK_QUEUE
from reviewapp.cases import rules
from reviewapp.cases.ordering import NextOrder
from reviewapp.cases.proof import Shares
from reviewapp.cases.sla import LateAct
from reviewapp.catalog.models import NAME, UseCase
from reviewapp.lib.ids import uuid7


class Queue(models.Model):
    """A team's inbox. One queue of a use case may be its lead queue, where referred cases go."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    use_case = models.ForeignKey(UseCase, on_delete=models.PROTECT, related_name="queues")
    slug = models.CharField(max_length=60, unique=True, validators=[NAME])
    name = models.CharField(max_length=80)
    is_lead = models.BooleanField(default=False)
    sla_minutes = models.PositiveIntegerField(default=60)
    lease_minutes = models.PositiveIntegerField(default=15)
    most_held = models.PositiveSmallIntegerField(default=5)  # cases one person may hold at once
    blind_share = models.FloatField(
        default=0, db_default=0
    )  # of its cases, that a person answers before they see the model's part
    density = models.CharField(max_length=6, default="auto", choices=[("auto", "By device"), ("touch", "Touch")])
    seeded_share = models.FloatField(default=0.0, db_default=0.0)  # cases with a known answer, for each that arrives
    review_policy = models.JSONField(default=dict, db_default={}, blank=True)  # `second_review.ReviewPolicy` as JSON
    sla_rules = models.JSONField(default=list, blank=True)  # see `sla`; the first that matches says the minutes
    opening_hours = models.JSONField(null=True, blank=True)  # see `sla`; without them a queue is open round the clock
    risk_percent = models.PositiveSmallIntegerField(default=75)  # of its time, from which on a case is at risk
    next_order = models.CharField(
        max_length=8,
        default=NextOrder.PRIORITY,
        db_default=NextOrder.PRIORITY,
        choices=[(order, order) for order in NextOrder],
    )
    skill_rules = models.JSONField(default=list, db_default=[], blank=True)  # see `skills`
    answers_again = models.BooleanField(default=False, db_default=False)  # people answer again what was reopened
    late_act = models.CharField(max_length=8, default=LateAct.ESCALATE, choices=[(act, act) for act in LateAct])
    late_queue = models.ForeignKey("self", on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    late_person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    # Of decisions, that are read once more to see whether they were right: of those that passed, and of those of people.
    qa_automatic_share = models.FloatField(default=0.0, db_default=0.0)
    qa_human_share = models.FloatField(default=0.0, db_default=0.0)

    class Meta:
        default_permissions = ()
        permissions = [
            (VIEW_QUEUE, "May read cases"),
            (WORK_QUEUE, "May take and answer cases"),
            (LEAD_QUEUE, "May lead the queue"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["use_case"], condition=Q(is_lead=True), name="one_lead_queue_per_use_case"),
            models.CheckConstraint(
                condition=Q(sla_minutes__gt=0, lease_minutes__gt=0, most_held__gt=0), name="queue_times_are_positive"
            ),
            models.CheckConstraint(
                condition=Q(blind_share__gte=0, blind_share__lte=1), name="queue_blind_share_is_a_share"
            ),
            models.CheckConstraint(
                condition=Q(late_act=LateAct.PERSON, late_person__isnull=False) | ~Q(late_act=LateAct.PERSON),
                name="giving_late_cases_needs_a_person",
            ),
            models.CheckConstraint(
                condition=Q(seeded_share__gte=0, seeded_share__lte=rules.MOST_SEEDED), name="queue_seeds_within_its_cap"
            ),
            models.CheckConstraint(
                condition=Q(
                    qa_automatic_share__gte=0, qa_automatic_share__lte=1, qa_human_share__gte=0, qa_human_share__lte=1
                ),
                name="queue_qa_shares_are_shares",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def wanted_proof(self) -> Shares:
        """As its lead set it; what may be drawn of it says `proof.lowered`."""
        return Shares(self.seeded_share, self.qa_human_share, self.qa_automatic_share, self.blind_share)


class QueueUserPermission(UserObjectPermissionBase):
    """A right of one user on one queue."""

    content_object = models.ForeignKey(Queue, on_delete=models.CASCADE)


class QueueGroupPermission(GroupObjectPermissionBase):
    """A right of one role on one queue."""

    content_object = models.ForeignKey(Queue, on_delete=models.CASCADE)
