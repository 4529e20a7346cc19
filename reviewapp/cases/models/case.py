"""Cases."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q

from reviewapp.access.models import User
from reviewapp.cases.models.queue import Queue
from reviewapp.cases.ordering import NextOrder
from reviewapp.cases.rules import AWAITED_LENGTH, CaseState, Stage
from reviewapp.cases.skills import SKILL_LENGTH
from reviewapp.cases.sla import SlaStage
from reviewapp.lib.ids import uuid7
from reviewapp.predictions.models import Prediction

if TYPE_CHECKING:
    from reviewapp.cases.models.discussion import Comment

# By which the order "least sure first" goes. What the model thinks of a blind case is told by no order, not even after it was moved.
SURENESS = models.Case(models.When(is_blind=True, then=models.Value(1.0)), default=F("confidence"))


class Case(models.Model):
    """One routed prediction that a person answers. Columns that lists show are copied here, so that a list joins nothing."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    prediction = models.OneToOneField(Prediction, on_delete=models.PROTECT, related_name="case")
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="cases")
    external_id = models.CharField(max_length=120)
    advised = models.CharField(max_length=60)
    confidence = models.FloatField()
    why = models.CharField(max_length=120)
    summary = models.JSONField(default=dict)  # the use case's summary features
    is_blind = models.BooleanField(
        default=False, db_default=False
    )  # whoever answers it does so before they see what the model says
    state = models.CharField(max_length=8, default=CaseState.OPEN, choices=[(state, state) for state in CaseState])
    round = models.PositiveSmallIntegerField(default=1)
    # Which answers count: those since this round that nobody took back. An undone adjudication leaves the two answers as they were.
    counted_from = models.PositiveSmallIntegerField(default=1, db_default=1)
    stage = models.CharField(
        max_length=12, default=Stage.FIRST, db_default=Stage.FIRST.value, choices=[(stage, stage) for stage in Stage]
    )  # what the next answer is
    skill = models.CharField(max_length=SKILL_LENGTH, default="", db_default="")  # who answers it has this one
    priority = models.SmallIntegerField(default=0)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    risk_at = models.DateTimeField()
    sla_stage = models.CharField(
        max_length=9,
        default=SlaStage.RUNNING,
        db_default=SlaStage.RUNNING,
        choices=[(stage, stage) for stage in SlaStage],
    )
    watch_at = models.DateTimeField(null=True)  # when the clock has something to say next
    lease = models.IntegerField(default=0)
    holder = models.ForeignKey(User, on_delete=models.PROTECT, related_name="held_cases", null=True)
    lease_until = models.DateTimeField(null=True)
    leased_at = models.DateTimeField(null=True)
    follow_up_at = models.DateTimeField(null=True)
    pended_by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="pended_cases", null=True, db_index=False
    )
    awaited = models.CharField(
        max_length=AWAITED_LENGTH, default="", db_default=""
    )  # stays when the case is back, for whoever takes it up
    outcome = models.CharField(max_length=60, default="")
    decided_at = models.DateTimeField(null=True)
    is_correcting = models.BooleanField(default=False, db_default=False)  # corrected inputs wait for the model worker

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    state=CaseState.LEASED, holder__isnull=False, lease_until__isnull=False, leased_at__isnull=False
                )
                | Q(holder__isnull=True, lease_until__isnull=True, leased_at__isnull=True) & ~Q(state=CaseState.LEASED),
                name="case_lease_needs_holder_and_expiry",
            ),
            models.CheckConstraint(condition=Q(state__in=list(CaseState)), name="case_state_is_known"),
            models.CheckConstraint(condition=Q(stage__in=list(Stage)), name="case_stage_is_known"),
            models.CheckConstraint(condition=Q(counted_from__lte=F("round")), name="case_counts_from_a_round_it_had"),
            models.CheckConstraint(
                condition=Q(state=CaseState.PENDED, follow_up_at__isnull=False, pended_by__isnull=False)
                & ~Q(awaited="")
                | Q(follow_up_at__isnull=True, pended_by__isnull=True) & ~Q(state=CaseState.PENDED),
                name="pended_case_has_follow_up",
            ),
            models.CheckConstraint(
                condition=Q(state=CaseState.DECIDED, decided_at__isnull=False) & ~Q(outcome="")
                | Q(decided_at__isnull=True, outcome="") & ~Q(state=CaseState.DECIDED),
                name="decided_case_has_outcome_and_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["queue", "-priority", "due_at", "id"], condition=~Q(state="decided"), name="case_next"
            ),
            models.Index(fields=["queue", "due_at", "id"], condition=~Q(state="decided"), name="case_by_due"),
            models.Index(
                "queue",
                F("priority").desc(),
                SURENESS,
                "due_at",
                "id",
                condition=~Q(state="decided"),
                name="case_by_doubt",
            ),
            models.Index(
                fields=["queue", "-priority", "opened_at", "id"], condition=~Q(state="decided"), name="case_by_age"
            ),
            models.Index(fields=["queue", "state", "id"], name="case_by_state"),
            models.Index(
                fields=["queue", "confidence", "id"], condition=~Q(state="decided"), name="case_by_confidence"
            ),
            models.Index(fields=["queue", "decided_at", "id"], condition=Q(state="decided"), name="case_by_decision"),
            models.Index(fields=["holder"], condition=Q(state="leased"), name="case_by_holder"),
            models.Index(fields=["follow_up_at"], condition=Q(state="pended"), name="case_by_follow_up"),
            models.Index(fields=["pended_by"], condition=Q(state="pended"), name="case_by_pender"),
            models.Index(fields=["external_id"], name="case_by_external_id"),
            models.Index(fields=["queue", "skill"], condition=~Q(skill="") & ~Q(state="decided"), name="case_by_skill"),
            models.Index(
                fields=["queue", "due_at", "id"],
                condition=Q(stage="adjudication") & ~Q(state="decided"),
                name="case_to_adjudicate",
            ),
            models.Index(
                fields=["watch_at", "queue"],
                condition=Q(watch_at__isnull=False) & ~Q(state="decided"),
                name="case_to_watch",
            ),
            models.Index(
                fields=["queue", "due_at", "id"],
                condition=Q(sla_stage="at_risk") & ~Q(state="decided"),
                name="case_at_risk",
            ),
        ]

    next_order: str = NextOrder.PRIORITY  # of this object alone: the order by which a claim has found it
    shown_comments: "Sequence[Comment] | None" = (
        None  # likewise: those its reader may see, oldest first, once they are loaded
    )
    is_revealed = False  # of this object alone: `withholding.reveal` has found that its reader may see the model's part
    is_awaited_told = False  # likewise: what a pended case waits for is the reader's own text, or by somebody who had not seen that part

    def __str__(self) -> str:
        return self.external_id

    @property
    def time_left_when_taken(self) -> timedelta:
        """Of a case that somebody has in hand: until it is due, negative where it was late."""
        assert self.leased_at is not None  # noqa: S101 -- for the type checker
        return self.due_at - self.leased_at

    @property
    def is_withheld(self) -> bool:
        """Whether the model's part must not be sent: so it is with every blind case until it is decided or `withholding.reveal` found otherwise."""
        return self.is_blind and self.state != CaseState.DECIDED and not self.is_revealed

    @property
    def shown_priority(self) -> int | None:
        """None where it is withheld: a rule may have given it for what the model said."""
        return None if self.is_withheld else self.priority

    @property
    def shown_awaited(self) -> str:
        """What a pended case waits for; empty for any other, and where it was written by somebody who had seen what is withheld."""
        is_told = self.is_awaited_told or not self.is_withheld
        return self.awaited if self.state == CaseState.PENDED and is_told else ""
