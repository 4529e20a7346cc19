"""What people answered, and what became of it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from reviewapp.access.models import User
from reviewapp.cases import rules
from reviewapp.cases.models.case import Case
from reviewapp.cases.models.queue import Queue
from reviewapp.cases.rules import BLIND_FIRST, Answer, Arm, Stage
from reviewapp.lib.columns import BitsField, RealField
from reviewapp.lib.ids import uuid7

NOTE_LENGTH = 10_000


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
