"""Cases as the API shows them, and the shapes for the API document."""

from typing import Any
from uuid import UUID

from django.urls import reverse
from rest_framework import serializers

from reviewapp.cases.models import NOTE_LENGTH, REASON_LENGTH, Case
from reviewapp.cases.rules import Answer, CaseState
from reviewapp.predictions.serializers import ExplanationShape, ScoredShape


def case_line(case: Case) -> dict[str, Any]:
    """A case in a list: no statement of its own if `queue` is loaded."""
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
        "decided_at": case.decided_at,
        "outcome": case.outcome or None,
    }


def lease_answer(case: Case) -> dict[str, Any]:
    return {"id": str(case.pk), "lease": {"number": case.lease, "expires_at": case.lease_until}}


def taken_back_answer(case: Case) -> dict[str, Any]:
    """A case that is the actor's own again."""
    return case_line(case) | {"lease": lease_answer(case)["lease"]}


def reviewed_answer(case: Case) -> dict[str, Any]:
    return case_line(case) | {"lease": None}


def what_if_asked(what_if_id: UUID) -> dict[str, Any]:
    """What is kept under an Idempotency-Key: where the answer will be."""
    return {"what_if": str(what_if_id)}


class LeaseShape(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    expires_at = serializers.DateTimeField()


class CaseLine(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    external_id = serializers.CharField()
    url = serializers.CharField()
    queue = serializers.CharField()
    status = serializers.ChoiceField(choices=[state.value for state in CaseState])
    priority = serializers.IntegerField()
    advised = serializers.CharField()
    confidence = serializers.FloatField()
    why = serializers.CharField()
    opened_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.CharField(allow_null=True)


class CaseList(serializers.Serializer[Any]):
    results = CaseLine(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class CaseShape(CaseLine):
    use_case = serializers.CharField()
    lease = LeaseShape(allow_null=True)
    subject = serializers.CharField(allow_null=True)
    features = serializers.DictField()
    prediction = ScoredShape()
    explanation = ExplanationShape(allow_null=True)
    shown = serializers.CharField()


class ReviewedShape(CaseLine):
    lease = LeaseShape(allow_null=True)


class ReopenBody(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=REASON_LENGTH)


class LeaseAnswer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    lease = LeaseShape()


class LeaseBody(serializers.Serializer[Any]):
    lease = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class ReviewBody(LeaseBody):
    answer = serializers.ChoiceField(choices=[answer.value for answer in Answer])
    outcome = serializers.CharField(required=False, max_length=60)
    reason_codes = serializers.ListField(child=serializers.CharField(max_length=20), required=False, max_length=20)
    note = serializers.CharField(required=False, max_length=NOTE_LENGTH)
    shown = serializers.CharField(required=False, max_length=64)
    active_seconds = serializers.FloatField(required=False, min_value=0, max_value=86_400)


class WhatIfBody(serializers.Serializer[Any]):
    changes = serializers.DictField()


class SaidShape(serializers.Serializer[Any]):
    outcome = serializers.CharField()
    probabilities = serializers.DictField(child=serializers.FloatField())
    confidence = serializers.FloatField()
    margin = serializers.FloatField()


class WhatIfShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    case = serializers.UUIDField()
    changes = serializers.DictField()
    outside_training = serializers.ListField(child=serializers.CharField())
    before = SaidShape()
    prediction = ScoredShape()
    explanation = ExplanationShape()
