"""Cases as the API shows them, and the shapes for the API document."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from rest_framework import serializers

from reviewapp.cases.actions.leading import MOST_CASES, Result
from reviewapp.cases.evidence_serializers import CorrectionShape, DocumentShape
from reviewapp.cases.figures import QueueFigures
from reviewapp.cases.models import NOTE_LENGTH, Case, Review
from reviewapp.cases.rules import (
    AWAITED_LENGTH,
    BLIND,
    HIGHEST_PRIORITY,
    REASON_LENGTH,
    SURENESS,
    Answer,
    CaseState,
    LeadAct,
    Stage,
)
from reviewapp.cases.withholding import MODELS_PART
from reviewapp.lib.api import problem
from reviewapp.lib.shapes import ProblemShape
from reviewapp.predictions.serializers import ExplanationShape, ScoredShape


def case_line(case: Case) -> dict[str, Any]:
    """A case in a list: no statement of its own if `queue` is loaded, and the model's part only if `withholding.reveal` found that it may be seen."""
    withheld = dict.fromkeys(MODELS_PART) if case.is_withheld else {}
    return {
        "id": str(case.pk),
        "external_id": case.external_id,
        "url": reverse("cases:case", args=[case.pk]),
        "queue": case.queue.slug,
        "status": case.state,
        "priority": case.priority,
        "advised": case.advised,
        "confidence": case.confidence,
        "why": case.why,
        "opened_at": case.opened_at,
        "due_at": case.due_at,
        "risk_at": case.risk_at,
        "decided_at": case.decided_at,
        "outcome": case.outcome or None,
        "follow_up_at": case.follow_up_at,
        "awaited": case.shown_awaited or None,
        "withheld": case.is_withheld,
    } | withheld


def lease_answer(case: Case) -> dict[str, Any]:
    return {"id": str(case.pk), "lease": {"number": case.lease, "expires_at": case.lease_until}}


def taken_back_answer(case: Case) -> dict[str, Any]:
    """A case that is the actor's own again."""
    return case_line(case) | {"lease": lease_answer(case)["lease"]}


def reviewed_answer(case: Case) -> dict[str, Any]:
    """A case that has been answered, or given back. A blind answer leaves it in the hands it was in."""
    return taken_back_answer(case) if case.state == CaseState.LEASED else case_line(case) | {"lease": None}


def figures_line(figures: QueueFigures) -> dict[str, Any]:
    """How a queue stands; each count stops at 1,001."""
    return {
        "slug": figures.queue.slug,
        "name": figures.queue.name,
        "waiting": figures.waiting,
        "in_hand": figures.held,
        "pended": figures.pended,
        "to_adjudicate": figures.to_adjudicate,
        "at_risk": figures.at_risk,
        "breached": figures.breached,
        "next_due": figures.next_due,
    }


def board_line(case: Case) -> dict[str, Any]:
    """A case on the board: `queue` and `holder` are loaded."""
    holder = case.holder
    named = {"id": str(holder.pk), "username": holder.username, "name": holder.display_name} if holder else None
    lease = {"number": case.lease, "expires_at": case.lease_until} if holder else None
    return case_line(case) | {"holder": named, "held_since": case.leased_at, "lease": lease}


def review_line(review: Review, *, is_withheld: bool) -> dict[str, Any]:
    """An answer without its giver's name: who decides between two is not to be led by it.

    While the model's part is withheld, not even whether it agreed with it.
    """
    return {
        "stage": review.stage,
        "answer": None if is_withheld and review.outcome else review.answer,
        "outcome": review.outcome or None,
        "reason_codes": review.reason_codes,
        "note": review.note,
        "active_seconds": review.active_seconds,
        "reviewed_at": review.reviewed_at,
    }


def adjudication_line(case: Case, reviews: Sequence[Review]) -> dict[str, Any]:
    """A case on which two answers differ: `queue` and `holder` are loaded."""
    return board_line(case) | {"answers": [review_line(review, is_withheld=case.is_withheld) for review in reviews]}


def bulk_answer(results: list[Result]) -> dict[str, Any]:
    """What became of each case: 200 if it was done, else the status and problem that the same act on it alone would have."""
    return {"results": [_bulk_line(result) for result in results]}


def _bulk_line(result: Result) -> dict[str, Any]:
    error = result.problem
    if error is None:
        return {"id": str(result.case_id), "status": 200}
    told = problem(error.status, error.code, error.detail, error.errors)
    return {"id": str(result.case_id), "status": error.status, "problem": told}


class LeaseShape(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    expires_at = serializers.DateTimeField()


class CaseLine(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    external_id = serializers.CharField()
    url = serializers.CharField()
    queue = serializers.CharField()
    status = serializers.ChoiceField(choices=[state.value for state in CaseState])
    priority = serializers.IntegerField(allow_null=True)
    advised = serializers.CharField(allow_null=True)
    confidence = serializers.FloatField(allow_null=True)
    why = serializers.CharField(allow_null=True)
    withheld = serializers.BooleanField()
    opened_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    risk_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.CharField(allow_null=True)
    follow_up_at = serializers.DateTimeField(allow_null=True)
    awaited = serializers.CharField(allow_null=True)


class CaseList(serializers.Serializer[Any]):
    results = CaseLine(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class GivenShape(serializers.Serializer[Any]):
    stage = serializers.ChoiceField(choices=[stage.value for stage in Stage])
    answer = serializers.ChoiceField(choices=[answer.value for answer in Answer], allow_null=True)
    outcome = serializers.CharField(allow_null=True)
    reason_codes = serializers.ListField(child=serializers.CharField())
    note = serializers.CharField(allow_blank=True)
    active_seconds = serializers.FloatField(allow_null=True)
    reviewed_at = serializers.DateTimeField()


class LeaseBody(serializers.Serializer[Any]):
    lease = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class CaseShape(CaseLine):
    use_case = serializers.CharField()
    lease = LeaseShape(allow_null=True)
    subject = serializers.CharField(allow_null=True)
    skill = serializers.CharField(allow_null=True)
    features = serializers.DictField()
    prediction = ScoredShape()
    explanation = ExplanationShape(allow_null=True)
    answers = GivenShape(many=True, allow_null=True)
    corrections = CorrectionShape(many=True)
    documents = DocumentShape(many=True)
    shown = serializers.CharField()


class NextCaseShape(CaseShape):
    """`next_because`: why the order of the queue put this case first."""

    next_because = serializers.CharField()


class ReviewedShape(CaseLine):
    lease = LeaseShape(allow_null=True)


class ReopenBody(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=REASON_LENGTH)


class LeaseAnswer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    lease = LeaseShape()


class PendBody(LeaseBody):
    follow_up_at = serializers.DateTimeField()
    awaited = serializers.CharField(max_length=AWAITED_LENGTH)


class ReviewBody(LeaseBody):
    answer = serializers.ChoiceField(choices=[*(answer.value for answer in Answer), BLIND])
    outcome = serializers.CharField(required=False, max_length=60)
    reason_codes = serializers.ListField(child=serializers.CharField(max_length=20), required=False, max_length=20)
    note = serializers.CharField(required=False, max_length=NOTE_LENGTH)
    shown = serializers.CharField(required=False, max_length=64)
    active_seconds = serializers.FloatField(required=False, min_value=0, max_value=86_400)
    sure = serializers.IntegerField(required=False, min_value=min(SURENESS), max_value=max(SURENESS))


class FiguresShape(serializers.Serializer[Any]):
    """Each count stops at 1,001."""

    slug = serializers.CharField()
    name = serializers.CharField()
    waiting = serializers.IntegerField()
    in_hand = serializers.IntegerField()
    pended = serializers.IntegerField()
    to_adjudicate = serializers.IntegerField()
    at_risk = serializers.IntegerField()
    breached = serializers.IntegerField()
    next_due = serializers.DateTimeField(allow_null=True)


class HolderShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    username = serializers.CharField()
    name = serializers.CharField()


class BoardLine(CaseLine):
    holder = HolderShape(allow_null=True)
    held_since = serializers.DateTimeField(allow_null=True)
    lease = LeaseShape(allow_null=True)


class AdjudicationLine(BoardLine):
    answers = GivenShape(many=True)


class AdjudicationList(serializers.Serializer[Any]):
    results = AdjudicationLine(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class ClaimBody(serializers.Serializer[Any]):
    adjudicate = serializers.BooleanField(required=False)


class BoardShape(serializers.Serializer[Any]):
    queues = FiguresShape(many=True)
    results = BoardLine(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class BulkBody(serializers.Serializer[Any]):
    """`to` is the user name of a person for reassign and the slug of a queue for move; `priority` is for prioritise."""

    act = serializers.ChoiceField(choices=[act.value for act in LeadAct])
    cases = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MOST_CASES)
    to = serializers.CharField(required=False, max_length=60)
    priority = serializers.IntegerField(required=False, min_value=0, max_value=HIGHEST_PRIORITY)
    reason = serializers.CharField(max_length=REASON_LENGTH)


class BulkResult(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=[200, 404, 409])
    problem = ProblemShape(required=False)


class BulkAnswer(serializers.Serializer[Any]):
    results = BulkResult(many=True)
