"""Queues, cases and what people answered."""

from collections.abc import Sequence
from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from reviewapp.access.models import User
from reviewapp.access.rules import LEAD_QUEUE, VIEW_QUEUE, WORK_QUEUE
from reviewapp.cases import rules
from reviewapp.cases.evidence import Correction, Document, DocumentContent  # noqa: F401 -- Django looks for tables here
from reviewapp.cases.ordering import NextOrder
from reviewapp.cases.proof import Shares
from reviewapp.cases.rules import AWAITED_LENGTH, BLIND_FIRST, Answer, Arm, CaseState, Stage
from reviewapp.cases.skills import SKILL_LENGTH
from reviewapp.cases.sla import LateAct, SlaStage
from reviewapp.catalog.models import NAME, UseCase
from reviewapp.lib.columns import BitsField, RealField
from reviewapp.lib.ids import uuid7
from reviewapp.predictions.models import Prediction

NOTE_LENGTH = 10_000


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
    # Which answers count: those since this round that nobody took back. An undone second answer leaves the first as it was.
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
    shown_comments: "Sequence[discussion.Comment] | None" = (
        None  # likewise: those its reader may see, oldest first, once they are loaded
    )
    is_revealed = False  # of this object alone: `withholding.reveal` has found that its reader may see the model's part

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


class Review(models.Model):
    """One person's answer. Append-only."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="reviews")
    round = models.PositiveSmallIntegerField()
    slot = models.PositiveSmallIntegerField()
    reviewer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="reviews")
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="+")
    stage = models.CharField(max_length=12, default=Stage.FIRST, db_default=Stage.FIRST.value)
    # Of a first answer: why a second was asked for; empty where it was not. With the chance it had, where it was drawn.
    second_because = models.CharField(max_length=12, default="", db_default="")
    second_share = models.FloatField(null=True)
    answer = models.CharField(max_length=12, choices=[(answer, answer) for answer in Answer])
    outcome = models.CharField(max_length=60, default="")
    reason_codes = ArrayField(models.CharField(max_length=20), default=list)
    note = models.TextField(default="", max_length=NOTE_LENGTH)
    lease = models.IntegerField()
    leased_at = models.DateTimeField()
    reviewed_at = models.DateTimeField()
    handle_seconds = models.FloatField()  # from taking the case to answering it, by the database's clock
    active_seconds = models.FloatField(null=True)  # time with the page in focus, as the browser counted it
    shown_digest = models.CharField(max_length=64)
    arm = models.CharField(
        max_length=10, default=Arm.SEEN_FIRST, db_default=Arm.SEEN_FIRST.value, choices=[(arm, arm) for arm in Arm]
    )

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["case", "round", "slot"], name="one_review_per_slot"),
            models.UniqueConstraint(fields=["case", "round", "reviewer"], name="nobody_reviews_twice_in_a_round"),
        ]
        indexes = [
            models.Index(fields=["reviewer", "-id"], name="review_by_reviewer"),
            models.Index(fields=["reviewed_at"], condition=Q(stage="second"), name="review_second"),
        ]

    def __str__(self) -> str:
        return f"{self.answer} on {self.case_id}"


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


class Selection(models.Model):
    """One draw about a case, made when it was opened, whatever came of it: what was not drawn is the other arm. Append-only.

    `draw` is the HMAC that was compared with `probability`, of policy version, prediction and purpose; the key is derived from the audit key.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="selections")
    purpose = models.CharField(max_length=12, choices=[(BLIND_FIRST, BLIND_FIRST)])
    probability = models.FloatField()
    stratum = models.CharField(max_length=120)
    arm = models.CharField(max_length=10, choices=[(arm, arm) for arm in Arm])
    draw = models.BinaryField()
    made_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["case", "purpose"], name="one_draw_per_case_and_purpose")]

    def __str__(self) -> str:
        return f"{self.arm} for {self.case_id}"


class BlindAnswer(models.Model):
    """What somebody said of a blind case before they saw what the model says. Append-only; it decides nothing."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="blind_answers")
    round = models.PositiveSmallIntegerField()
    reviewer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=60)
    sure = models.PositiveSmallIntegerField(null=True)  # 1 not very, 2 fairly, 3 very
    reason_codes = ArrayField(models.CharField(max_length=20), default=list)
    note = models.TextField(default="", max_length=NOTE_LENGTH)
    lease = models.IntegerField()
    answered_at = models.DateTimeField()
    active_seconds = models.FloatField(null=True)
    shown_digest = models.CharField(max_length=64)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["case", "reviewer"], name="nobody_answers_a_case_blind_twice")]

    def __str__(self) -> str:
        return f"blind answer to {self.case_id}"


class Draft(models.Model):
    """What someone typed and has not sent. It survives the lease."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="drafts")
    author = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    choice = models.CharField(max_length=80, blank=True, default="")
    reason_codes = ArrayField(models.CharField(max_length=20), default=list)
    note = models.TextField(blank=True, default="", max_length=NOTE_LENGTH)
    saved_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["case", "author"], name="one_draft_per_person_and_case")]

    def __str__(self) -> str:
        return f"draft on {self.case_id}"


class Decision(models.Model):
    """The final, binding record of a round. Append-only."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="decisions")
    round = models.PositiveSmallIntegerField()
    review = models.OneToOneField(Review, on_delete=models.PROTECT, related_name="decision")
    outcome = models.CharField(max_length=60)
    predicted_outcome = models.CharField(max_length=60)
    direction = models.CharField(max_length=12, default="")
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["case", "round"], name="one_decision_per_round")]

    def __str__(self) -> str:
        return f"{self.outcome} on {self.case_id}"


class Reversal(models.Model):
    """A round that ended, and why. Append-only, like what it takes back: `review` for an undo, all answers up to it for a reopening."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="reversals")
    round = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=6, choices=[(kind, kind) for kind in rules.Reversal])
    review = models.OneToOneField(Review, on_delete=models.PROTECT, related_name="reversal", null=True)
    reason = models.TextField(default="", max_length=rules.REASON_LENGTH)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["case", "round"], name="a_round_is_reversed_once"),
            models.CheckConstraint(condition=Q(kind="undo") | ~Q(reason=""), name="reopening_needs_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of round {self.round} of {self.case_id}"


class Outbox(models.Model):
    """A decision that is not a label yet. Deleted in the transaction that writes the label."""

    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, primary_key=True, related_name="outbox")
    created_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    failure = models.CharField(max_length=120, default="")

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["next_try_at"], name="outbox_by_next_try")]

    def __str__(self) -> str:
        return f"outbox of {self.decision_id}"


class Precedent(models.Model):
    """A labelled decision that counts, to be found by how the model argued it. Written with the label, deleted when the case is reopened.

    Only an index of what is on record elsewhere, so that a search reads one narrow table. Without a frame it waits for its explanation.
    """

    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, primary_key=True, related_name="+")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="+", db_index=False)
    frame = models.UUIDField(null=True)  # what may be compared with what
    code = BitsField(null=True)
    argument = ArrayField(RealField(), null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(frame__isnull=True, code__isnull=True, argument__isnull=True)
                | Q(frame__isnull=False, code__isnull=False, argument__isnull=False),
                name="precedent_is_whole_or_waits",
            )
        ]
        indexes = [
            models.Index(fields=["frame", "queue"], condition=Q(frame__isnull=False), name="precedent_by_frame"),
            models.Index(fields=["decision"], condition=Q(frame__isnull=True), name="precedent_waiting"),
        ]

    def __str__(self) -> str:
        return f"precedent of {self.decision_id}"


from reviewapp.cases import discussion  # noqa: E402 -- Django looks for models here, and these are about cases
