"""Two answers that differ, as the lead sees who is to decide between them: side by side, without names, and what each rests on."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse

from reviewapp.audit.models import AuditEvent
from reviewapp.cases.answer_form import plain_answer_context
from reviewapp.cases.models import Case, Draft, Review
from reviewapp.cases.rules import MOST_REASONS, CaseState, Stage
from reviewapp.cases.timeline import answered
from reviewapp.cases.wording import low, sla, span
from reviewapp.catalog.models import ReasonCode, UseCase


def two_answers(
    case: Case, reviews: Sequence[Review], codes: Iterable[ReasonCode], events: Iterable[AuditEvent], facts: Any
) -> dict[str, Any]:
    """The context of cases/_two_answers.html. :param reviews: the two. :param facts: as `predictions.presentation.facts` gives them."""
    known = {code.code: code for code in codes}
    asked = [event.actor_id for event in events if event.action == "case.what_if_asked"]
    rows = [row for group in facts["groups"] for row in group["rows"]]
    named = [{name for code in review.reason_codes for name in _features(known, code)} for review in reviews]
    return {
        "answers": [_answer(case, rank, review, known, asked) for rank, review in enumerate(reviews, start=1)],
        "facts": [
            row | {"named": [row["name"] in names for names in named]}
            for row in rows
            if any(row["name"] in names for names in named)
        ],
    }


def _features(known: Mapping[str, ReasonCode], code: str) -> Sequence[str]:
    return known[code].features if code in known else ()


def _answer(
    case: Case, rank: int, review: Review, known: Mapping[str, ReasonCode], asked: Sequence[Any]
) -> dict[str, Any]:
    use_case = case.queue.use_case
    questions = asked.count(review.reviewer_id)
    return {
        "rank": rank,
        "outcome": said(review, use_case),
        "stage": "first" if review.stage == Stage.FIRST else "second, without seeing the first",
        "at": review.reviewed_at,
        "reasons": [known[code].text if code in known else code for code in review.reason_codes],
        "note": review.note,
        "took": duration(review.active_seconds if review.active_seconds is not None else review.handle_seconds),
        "took_what": "Active time" if review.active_seconds is not None else "Time from taking to answering",
        "what_ifs": f"asked {questions} time{'' if questions == 1 else 's'}" if questions else "not asked",
    }


def answer_context(
    case: Case,
    codes: Sequence[ReasonCode],
    reviews: Sequence[Review],
    *,
    draft: Draft | None,
    now: datetime,
    posted: Mapping[str, Any] | None,
    errors: Mapping[str, str] | None,
) -> dict[str, Any]:
    """The form of the binding answer, see cases/_answer.html: by plain outcomes, each with the answer that said it, and with the reasons that
    either gave in front. Nothing in it depends on what the model says: a lead decides between people."""
    found = plain_answer_context(case, draft=draft, now=now, posted=posted, errors=errors)
    given = posted["reason"] if posted else draft.reason_codes if draft else []
    named = {code for review in reviews for code in review.reason_codes}
    reasons = [
        {"code": code.code, "text": code.text, "key": "", "checked": code.code in given, "proposed": code.code in named}
        for code in codes
    ]
    others = [reason for reason in reasons if not reason["proposed"]]
    return found | {
        "title": "Your binding answer",
        "choices": [_binding(choice, reviews) for choice in found["choices"] if choice["value"].startswith("outcome:")],
        "side_choices": [],
        "reason_codes": reasons,
        "other_reasons": len(others),
        "other_reasons_open": any(reason["checked"] for reason in others),
        "reasons_hint": f"told to the {case.queue.use_case.subject_noun}, up to {MOST_REASONS}",
        "note_label": "Why",
        "note_hint": "Required. Both reviewers see it.",
        "record": "Decide and take next",
    }


def _binding(choice: dict[str, Any], reviews: Sequence[Review]) -> dict[str, Any]:
    outcome = choice["value"].removeprefix("outcome:")
    by = [rank for rank, review in enumerate(reviews, start=1) if review.outcome == outcome]
    words = low(choice["lead"])
    return choice | {"rest": f", as answer {by[0]}" if by else "", "record": f"Decide {words} and take next"}


def said(review: Review, use_case: UseCase) -> str:
    """ "Approve"; without an outcome what was said instead: "Referred the case"."""
    if review.outcome:
        return use_case.outcome_label(review.outcome)
    words = answered(review, use_case)
    return words[:1].upper() + words[1:]


def duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def inbox_row(case: Case, reviews: Sequence[Review], *, me: Any, now: datetime) -> dict[str, Any]:
    """One line of the inbox; `queue`, its use case and `holder` are loaded."""
    use_case = case.queue.use_case
    held = case.state == CaseState.LEASED and case.lease_until is not None and case.lease_until > now
    since = reviews[-1].reviewed_at if reviews else case.opened_at
    if held:
        state = "you hold it" if case.holder_id == me else f"{case.holder.display_name} holds it" if case.holder else ""
    else:
        state = "pended" if case.state == CaseState.PENDED else f"waits for {span(now - since)}"
    return sla(case.due_at, risk_at=case.risk_at, now=now) | {
        "external_id": case.external_id,
        "url": reverse("cases:case", args=[case.pk]),
        "queue_name": case.queue.name,
        "answers": [said(review, use_case) for review in reviews[-2:]],
        "state_text": state,
        "mine": held and case.holder_id == me,
    }
