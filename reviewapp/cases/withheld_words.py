"""What stands on pages where the model's part of a blind case is withheld (`withholding` has the rule)."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from reviewapp.audit.models import AuditEvent
from reviewapp.cases.models import Review
from reviewapp.cases.rules import PASSES_ON, Answer
from reviewapp.cases.withholding import WITHHELD

ROW = {"advised": WITHHELD, "confidence_text": WITHHELD, "why": f"reason {WITHHELD}"}  # of a queue's list
_STEPS = ("Your own view", "See the model’s advice", "Confirm or change")
_TEXT = (
    "For a share of cases you answer first, so that we can tell whether the model helps. Its advice has not been sent to this page."
    " You see it after your own view is recorded, and may then change your answer."
)


def panel() -> dict[str, Any]:
    """In place of the advice on the case page."""
    return {"text": _TEXT, "steps": [{"text": text, "current": text == _STEPS[0]} for text in _STEPS]}


_SENTENCES = {
    "prediction.received": "The prediction was received.",
    "prediction.scored": "The model scored it.",
    "case.blind_answered": "{who} recorded a view of their own.",
    "case.reopened": "{who} reopened the case. What was decided counts no more.",
    "case.reopening_asked": "{who} asked to reopen the case.",
    "case.reopening_declined": "{who} declined to reopen the case.",
    "case.reprioritised": "{who} changed its priority.",
}
_PASSED_ON = {Answer.REFER: "referred the case", Answer.CANNOT_TELL: "could not tell"}


def sentence(event: AuditEvent, who: str, review: Review | None, *, seen_by: Collection[UUID]) -> str | None:
    """What the timeline says of an event that would give away too much; None for one that may be told as always.

    :param seen_by: who has seen the model's part: what they answered and wrote is withheld with it.
    """
    if event.action == "case.reviewed" and review is not None:
        return _answered(who, review) if review.reviewer_id in seen_by or review.answer not in PASSES_ON else None
    told = _SENTENCES.get(event.action)
    return told.format(who=who) if told else None


def _answered(who: str, review: Review) -> str:
    """That a case was passed on is seen by where it is; why, after having seen the advice, must wait."""
    if review.answer in _PASSED_ON:
        return (
            f"{who} {_PASSED_ON[Answer(review.answer)]}. Their note is withheld until you have recorded your own view."
        )
    return f"{who} answered. What they said is withheld until you have recorded your own view."
