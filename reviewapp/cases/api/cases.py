"""The API of cases: claim, heartbeat, release, pend, review, undo, reopen, read, and ask about the advice."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import orjson
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviewapp.access.idempotency import Replayed, once_of
from reviewapp.access.replies import answered
from reviewapp.access.rules import Scope
from reviewapp.cases import actions, asked_serializers, queries, serializers
from reviewapp.cases.answers import case_answer, what_if_answer
from reviewapp.cases.flips_panel import flips_answer
from reviewapp.cases.models import NOTE_LENGTH, Case
from reviewapp.cases.ordering import because
from reviewapp.cases.rules import (
    AWAITED_LENGTH,
    BLIND,
    MOST_LEASE,
    REASON_LENGTH,
    SURENESS,
    Answer,
    CaseState,
    Stage,
)
from reviewapp.cases.similar_panel import similar_answer
from reviewapp.cases.withholding import reveal
from reviewapp.lib import paging, query
from reviewapp.lib.actor import Actor
from reviewapp.lib.api import require_scope
from reviewapp.lib.errors import Malformed
from reviewapp.lib.fields import Fields
from reviewapp.predictions import what_if

LIST_ORDER = ("-opened_at", "-id")
_FILTERS = ("queue", "status", "external_id", "cursor", "page_size")


class CaseListView(APIView):
    """The cases one may see, newest first."""

    @extend_schema(
        operation_id="list_cases",
        parameters=[
            OpenApiParameter("queue", str, description="Slug of a queue"),
            OpenApiParameter("status", str, enum=[state.value for state in CaseState]),
            OpenApiParameter("external_id", str),
            OpenApiParameter("cursor", str),
            OpenApiParameter("page_size", int),
        ],
        responses={200: serializers.CaseList},
    )
    def get(self, request: Request) -> Response:
        actor = require_scope(request, Scope.CASES_READ)
        values = query.read(request.query_params, allowed=_FILTERS)
        rows = _filtered(queries.visible_cases(actor).select_related("queue"), values)
        page = paging.paginate(
            rows,
            order=LIST_ORDER,
            cursor=values.get("cursor"),
            size=query.size(values),
            purpose=f"cases {values.get('queue')}",
        )
        reveal(page.rows, actor)
        answer = {
            "results": [serializers.case_line(case) for case in page.rows],
            "next": page.next,
            "previous": page.previous,
        }
        return Response(answer)


def _filtered(rows: Any, values: dict[str, str]) -> Any:
    if "status" in values and values["status"] not in list(CaseState):
        raise Malformed(f"status is one of {', '.join(CaseState)}.", code="bad-param")
    if "queue" in values:
        rows = rows.filter(queue__slug=values["queue"])
    if "status" in values:
        rows = rows.filter(state=values["status"])
    if "external_id" in values:
        rows = rows.filter(external_id=values["external_id"])
    return rows


class CaseView(APIView):
    """One case. Reading it is on record."""

    @extend_schema(operation_id="read_case", responses={200: serializers.CaseShape})
    def get(self, request: Request, case_id: UUID) -> Response:
        actor = require_scope(request, Scope.CASES_READ)
        query.read(request.query_params, allowed=())
        case = actions.record_view(case_id=case_id, actor=actor, at=timezone.now())
        return Response(case_answer(case_id, actor, adjudicates=queries.may_adjudicate(case, actor)))


class WhatIfView(APIView):
    """What the model would say if some inputs were otherwise. Asking is on record; the case stays as it is."""

    @extend_schema(
        operation_id="ask_what_if", request=asked_serializers.WhatIfBody, responses={200: asked_serializers.WhatIfShape}
    )
    def post(self, request: Request, case_id: UUID) -> Response:
        actor = require_scope(request, Scope.CASES_READ)
        asked, headers = _asked(request, actions.ask_what_if, case_id=case_id, changes=_changes(request), actor=actor)
        row = what_if.answered(what_if.wait_for_answer(asked))
        return Response(what_if_answer(actions.advised_case(case_id, actor=actor), row), headers=headers)


def _changes(request: Request) -> dict[str, Any]:
    fields = Fields(request.data)
    changes = fields.mapping("changes")
    if not changes and not fields.problems:
        fields.add("changes", "nothing_changed", "Change at least one input.")
    fields.done()
    return changes


def _asked(request: Request, ask: Callable[..., UUID], **asked: Any) -> tuple[UUID, dict[str, str]]:
    """The question's id. A repeated call under the same Idempotency-Key asks nothing new and gets the same answer."""
    once = once_of(request, render=asked_serializers.what_if_asked)
    try:
        found = ask(**asked, at=timezone.now(), once=once)
    except Replayed as earlier:
        return UUID(orjson.loads(earlier.answer)["what_if"]), {"Idempotent-Replayed": "true"}
    return found, {}


class FlipsView(APIView):
    """What would change this: the smallest changes to inputs that flip the model's outcome. Asking is on record; it is no advice."""

    @extend_schema(operation_id="ask_flips", request=None, responses={200: asked_serializers.FlipsShape})
    def post(self, request: Request, case_id: UUID) -> Response:
        actor = require_scope(request, Scope.CASES_READ)
        Fields(request.data).done()
        asked, headers = _asked(request, actions.ask_flips, case_id=case_id, actor=actor)
        row = what_if.answered(what_if.wait_for_answer(asked))
        return Response(flips_answer(actions.advised_case(case_id, actor=actor), row), headers=headers)


class SimilarView(APIView):
    """The decided cases that the same model version argued alike, nearest first. Looking is on record, with which ones were shown."""

    @extend_schema(operation_id="read_similar_cases", responses={200: asked_serializers.SimilarShape})
    def get(self, request: Request, case_id: UUID) -> Response:
        actor = require_scope(request, Scope.CASES_READ)
        query.read(request.query_params, allowed=())
        return Response(similar_answer(actions.view_similar(case_id=case_id, actor=actor, at=timezone.now())))


class ClaimView(APIView):
    """Take the next case of a queue; with `adjudicate`, as its lead, the next on which two answers differ."""

    @extend_schema(
        operation_id="claim_next_case",
        request=serializers.ClaimBody,
        responses={200: serializers.NextCaseShape, 204: None},
    )
    def post(self, request: Request, slug: str) -> Response:
        actor = require_scope(request, Scope.CASES_REVIEW)
        fields = Fields(request.data)
        adjudicates = fields.flag("adjudicate")
        fields.done()
        return _take(request, actor, actions.claim_next, answer=_given_next, slug=slug, adjudicates=adjudicates)


_KEPT_OF_CLAIM = ("id", "next_because")


def _take(
    request: Request,
    actor: Actor,
    claim: Callable[..., Case | None],
    *,
    answer: Callable[[Actor, Case], dict[str, Any]],
    **asked: Any,
) -> Response:
    """The case that was taken, whole. Under an Idempotency-Key is kept which one it was and no more: what it says must not outlive the right
    to read it, nor stand in a second place."""
    said: dict[str, Any] = {}

    def kept(case: Case) -> dict[str, Any]:
        said.update(answer(actor, case))
        return {name: said[name] for name in _KEPT_OF_CLAIM if name in said}

    once = once_of(request, render=kept, says=lambda case: 200 if case else 204)
    try:
        case = claim(**asked, actor=actor, at=timezone.now(), once=once)
    except Replayed as earlier:
        return _taken_before(earlier, actor)
    return Response(said or answer(actor, case)) if case else Response(status=204)


def _taken_before(earlier: Replayed, actor: Actor) -> Response:
    """The same case as it is now, to whoever may still read it; a look of its own."""
    headers = {"Idempotent-Replayed": "true"}
    if not earlier.answer:
        return Response(status=earlier.status, headers=headers)
    kept = orjson.loads(earlier.answer)
    case = actions.record_view(case_id=UUID(kept["id"]), actor=actor, at=timezone.now())
    told = {name: kept[name] for name in _KEPT_OF_CLAIM if name in kept}
    return Response(
        case_answer(case.pk, actor, adjudicates=queries.may_adjudicate(case, actor)) | told, headers=headers
    )


def _claimed(actor: Actor, case: Case) -> dict[str, Any]:
    return case_answer(case.pk, actor, adjudicates=case.stage == Stage.ADJUDICATION)


def _given_next(actor: Actor, case: Case) -> dict[str, Any]:
    """With why the order of the queue put it first, and no word of that which is withheld."""
    answer = _claimed(actor, case)
    told = because(
        order=case.next_order,
        priority=case.priority,
        left=case.time_left_when_taken,
        is_withheld=answer["withheld"],
    )
    return answer | {"next_because": told}


class ClaimCaseView(APIView):
    """Take this very case, waiting or pended."""

    @extend_schema(operation_id="claim_case", request=None, responses={200: serializers.CaseShape})
    def post(self, request: Request, case_id: UUID) -> Response:
        actor = require_scope(request, Scope.CASES_REVIEW)
        Fields(request.data).done()
        return _take(request, actor, actions.claim_case, answer=_claimed, case_id=case_id)


class HeartbeatView(APIView):
    """Keep a lease."""

    @extend_schema(operation_id="keep_lease", request=serializers.LeaseBody, responses={200: serializers.LeaseAnswer})
    def post(self, request: Request, case_id: UUID) -> Response:
        actor = require_scope(request, Scope.CASES_REVIEW)
        once = once_of(request, render=serializers.lease_answer)
        case = actions.heartbeat(case_id=case_id, lease=_lease(request), actor=actor, at=timezone.now(), once=once)
        return answered(case, once, serializers.lease_answer)


class ReleaseView(APIView):
    """Give a case back."""

    @extend_schema(
        operation_id="release_case", request=serializers.LeaseBody, responses={200: serializers.ReviewedShape}
    )
    def post(self, request: Request, case_id: UUID) -> Response:
        actor = require_scope(request, Scope.CASES_REVIEW)
        once = once_of(request, render=serializers.reviewed_answer)
        case = actions.release(case_id=case_id, lease=_lease(request), actor=actor, at=timezone.now(), once=once)
        return answered(case, once, serializers.reviewed_answer)


class PendView(APIView):
    """Let a case wait for documents or vitals until a follow-up time."""

    @extend_schema(operation_id="pend_case", request=serializers.PendBody, responses={200: serializers.ReviewedShape})
    def post(self, request: Request, case_id: UUID) -> Response:
        actor = require_scope(request, Scope.CASES_REVIEW)
        once = once_of(request, render=serializers.reviewed_answer)
        case = actions.pend_case(case_id=case_id, **_pending(request), actor=actor, at=timezone.now(), once=once)
        return answered(case, once, serializers.reviewed_answer)


def _pending(request: Request) -> dict[str, Any]:
    fields = Fields(request.data)
    lease = fields.integer("lease", low=1, high=MOST_LEASE)
    follow_up_at = fields.moment("follow_up_at")
    awaited = fields.text("awaited", most=AWAITED_LENGTH)
    fields.done()
    return {"lease": lease, "follow_up_at": follow_up_at, "awaited": awaited}


def _lease(request: Request) -> int:
    fields = Fields(request.data)
    lease = fields.integer("lease", low=1, high=MOST_LEASE)
    fields.done()
    return lease


class ReviewView(APIView):
    """Answer a case under its lease. Where the model's part is withheld, the first answer is `blind`, with one's own outcome; then it is shown."""

    @extend_schema(
        operation_id="review_case", request=serializers.ReviewBody, responses={200: serializers.ReviewedShape}
    )
    def post(self, request: Request, case_id: UUID) -> Response:
        actor = require_scope(request, Scope.CASES_REVIEW)
        once = once_of(request, render=serializers.reviewed_answer)
        lease, given = _given(request)
        act = actions.answer_blind if given.answer == BLIND else actions.review_case
        case = act(case_id=case_id, lease=lease, given=given, actor=actor, at=timezone.now(), once=once)
        return answered(case, once, serializers.reviewed_answer)


class UndoView(APIView):
    """Take back the answer one has just given, within the window. The case is one's own again, under a new lease.

    Not an answer that opened to its giver what others had answered before, as a second one does: 409 `answer-stands`.
    """

    @extend_schema(operation_id="undo_review", request=None, responses={200: serializers.ReviewedShape})
    def post(self, request: Request, case_id: UUID) -> Response:
        actor = require_scope(request, Scope.CASES_REVIEW)
        Fields(request.data).done()
        once = once_of(request, render=serializers.taken_back_answer)
        case = actions.undo_review(case_id=case_id, actor=actor, at=timezone.now(), once=once)
        return answered(case, once, serializers.taken_back_answer)


class ReopenView(APIView):
    """Let a decided case be reviewed anew. For leads of its queue; its label is superseded, not erased."""

    @extend_schema(
        operation_id="reopen_case", request=serializers.ReopenBody, responses={200: serializers.ReviewedShape}
    )
    def post(self, request: Request, case_id: UUID) -> Response:
        actor = require_scope(request, Scope.CASES_REVIEW)
        fields = Fields(request.data)
        reason = fields.text("reason", most=REASON_LENGTH)
        fields.done()
        once = once_of(request, render=serializers.reviewed_answer)
        case = actions.reopen_case(case_id=case_id, reason=reason, actor=actor, at=timezone.now(), once=once)
        return answered(case, once, serializers.reviewed_answer)


def _given(request: Request) -> tuple[int, actions.Given]:
    fields = Fields(request.data)
    lease = fields.integer("lease", low=1, high=MOST_LEASE)
    given = actions.Given(
        answer=fields.text("answer", most=20, among=[*Answer, BLIND]),
        outcome=fields.text("outcome", most=60, default=""),
        reason_codes=fields.texts("reason_codes", most=20, length=20),
        note=fields.text("note", most=NOTE_LENGTH, default=""),
        shown=fields.text("shown", most=64, default="") or None,
        active_seconds=fields.number("active_seconds", low=0, high=86_400),
        sure=_sure(fields),
    )
    fields.done()
    return lease, given


def _sure(fields: Fields) -> int | None:
    """Of a blind answer; any other has the decision to speak for it, and ignores it."""
    sure = fields.number("sure", low=min(SURENESS), high=max(SURENESS))
    if sure is not None and sure not in SURENESS:
        fields.add("sure", "wrong_type", "Send 1, 2 or 3.")
    return None if sure is None else int(sure)
