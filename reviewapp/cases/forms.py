"""The answer form and the what-if form as a browser sends them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from reviewapp.cases.actions import Given
from reviewapp.cases.models import NOTE_LENGTH, Case
from reviewapp.cases.rules import Answer
from reviewapp.lib.errors import Malformed
from reviewapp.predictions.comparing import own_text
from reviewapp.predictions.models import Prediction
from reviewapp.predictions.presentation import schema_of

FIELD_OF = {"answer": "choice", "outcome": "choice", "reason_codes": "reason", "note": "note"}


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """What was posted. `choice` is agree, correct:OUTCOME, outcome:OUTCOME (agree or correct by what it is), refer or cannot_tell."""

    lease: int
    choice: str
    reason: list[str]
    note: str
    shown: str
    active_seconds: float | None

    def given(self, case: Case) -> Given:
        answer, _, outcome = self.choice.partition(":")
        if answer == "outcome":
            answer, outcome = (Answer.AGREE, "") if outcome == case.advised else (Answer.CORRECT, outcome)
        return Given(
            answer=answer,
            outcome=outcome,
            reason_codes=self.reason,
            note=self.note,
            shown=self.shown or None,
            active_seconds=self.active_seconds,
        )

    def posted(self) -> dict[str, object]:
        return {
            "choice": self.choice,
            "reason": self.reason,
            "note": self.note,
            "active_seconds": self.active_seconds or 0,
        }


def read_answer(data: QueryDict) -> AnswerForm:
    """:raises Malformed: for what no form of ours sends."""
    note = data.get("note", "").replace("\r\n", "\n")
    texts = [note, data.get("choice", ""), *data.getlist("reason")]
    if any("\0" in text for text in texts) or len(note) > NOTE_LENGTH or len(data.get("choice", "")) > 80:
        raise Malformed(f"A note has at most {NOTE_LENGTH} characters.", code="bad-text")
    reasons = data.getlist("reason")
    if len(reasons) > 20 or any(len(reason) > 20 for reason in reasons):
        raise Malformed("Choose at most 4 reasons.", code="bad-reasons")
    return AnswerForm(
        lease=_whole(data.get("lease", "")),
        choice=data.get("choice", ""),
        reason=reasons,
        note=note,
        shown=data.get("shown", "")[:64],
        active_seconds=float(min(_whole(data.get("active_seconds", "0") or "0"), 86_400)),
    )


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise Malformed("The form is incomplete. Reload the page and send it again.", code="bad-form")
    return int(text)


WHAT_IF_FIELD = "input-"  # before the name of an input, so that it meets no other field of the form
LONGEST_INPUT = 200


@dataclass(frozen=True, slots=True)
class WhatIfForm:
    """What was typed, by input, and the values of those fields that no longer stand as the case had them."""

    texts: Mapping[str, str]
    changes: Mapping[str, Any]


def read_what_if(data: QueryDict, prediction: Prediction) -> WhatIfForm:
    """Only the model's inputs are looked for; a field that is not sent is not changed.

    :raises Malformed: for what no form of ours sends.
    """
    schema = schema_of(prediction)
    names = [name for name in schema.model_inputs if WHAT_IF_FIELD + name in data]
    texts = {name: str(data[WHAT_IF_FIELD + name]) for name in names}
    if any("\0" in text or len(text) > LONGEST_INPUT for text in texts.values()):
        raise Malformed(f"A value has at most {LONGEST_INPUT} characters.", code="bad-text")
    changed = {name: text for name, text in texts.items() if text.strip() != own_text(prediction, name)}
    return WhatIfForm(texts, {name: schema.read_field(name, text) for name, text in changed.items()})
