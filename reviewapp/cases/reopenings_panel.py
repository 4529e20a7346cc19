"""Asked reopenings, as pages and the API tell them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse

from reviewapp.cases import reopenings
from reviewapp.cases.models import Case
from reviewapp.cases.models.discussion import ReopenRequest
from reviewapp.cases.rules import REASON_LENGTH, RequestState
from reviewapp.cases.wording import clock
from reviewapp.lib.actor import Actor


def ask_context(case: Case, actor: Actor) -> dict[str, Any]:
    """See cases/_ask_reopening.html."""
    asked = reopenings.open_of(case, actor)
    return {
        "url": reverse("cases:ask-reopening", args=[case.pk]),
        "asked_at": asked.asked_at if asked else None,
        "most": REASON_LENGTH,
    }


def inbox_rows(rows: Sequence[ReopenRequest], *, now: datetime) -> list[dict[str, Any]]:
    """Lines of the leads' inbox; all of it is about decided cases, of which nothing is withheld."""
    return [_line(asked, now=now) | _decided(asked.case) | _urls(asked) for asked in rows]


def _decided(case: Case) -> dict[str, Any]:
    return {"outcome": case.queue.use_case.outcome_label(case.outcome), "decided_at": case.decided_at}


def _urls(asked: ReopenRequest) -> dict[str, str]:
    return {name: reverse(f"cases:reopening-{name}", args=[asked.pk]) for name in ("grant", "decline")}


def own_rows(rows: Sequence[ReopenRequest], *, now: datetime) -> list[dict[str, Any]]:
    """The context of cases/_asked_reopenings.html. `withholding.reveal` has looked at the cases."""
    return [_line(asked, now=now) | {"state_text": _became(asked), "answer": _answer(asked) or ""} for asked in rows]


def _line(asked: ReopenRequest, *, now: datetime) -> dict[str, Any]:
    return {
        "id": str(asked.pk),
        "external_id": asked.case.external_id,
        "url": reverse("cases:case", args=[asked.case_id]),
        "queue_name": asked.case.queue.name,
        "name": asked.asked_by.display_name,
        "at": asked.asked_at,
        "at_text": clock(asked.asked_at, now=now),
        "reason": asked.reason,
    }


def _became(asked: ReopenRequest) -> str:
    who = asked.answered_by.display_name if asked.answered_by else ""
    return {
        RequestState.OPEN: "waits for a lead",
        RequestState.GRANTED: f"{who} reopened the case",
        RequestState.DECLINED: f"{who} left it decided",
        RequestState.LAPSED: "the case was reopened otherwise",
    }[RequestState(asked.state)]


def _answer(asked: ReopenRequest) -> str | None:
    """A lead who has seen the model's part wrote it: while that is withheld from the reader, so is this."""
    return None if asked.case.is_withheld else asked.answer or None


def request_line(asked: ReopenRequest) -> dict[str, Any]:
    """As the API lists it; `reopenings.known_to` loads all it needs, and `withholding.reveal` has looked at the cases."""
    return request_answer(asked) | {
        "external_id": asked.case.external_id,
        "queue": asked.case.queue.slug,
        "asked_by": asked.asked_by.username,
        "reason": None if asked.case.is_withheld else asked.reason,
        "answered_by": asked.answered_by.username if asked.answered_by else None,
        "answer": _answer(asked),
    }


def request_answer(asked: ReopenRequest) -> dict[str, Any]:
    return {
        "id": str(asked.pk),
        "case": str(asked.case_id),
        "round": asked.round,
        "state": asked.state,
        "asked_at": asked.asked_at,
        "answered_at": asked.answered_at,
    }
