"""The forms of reviewers and leads as a browser sends them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.utils import timezone

from reviewapp.cases.actions import Given, Order, not_pended
from reviewapp.cases.actions.leading import MOST_CASES
from reviewapp.cases.board import ids_of
from reviewapp.cases.models import NOTE_LENGTH, Case
from reviewapp.cases.models.evidence import SOURCE_LENGTH
from reviewapp.cases.rules import BLIND, REASON_LENGTH, Answer, LeadAct, Stage, pending_faults, quick_follow_ups
from reviewapp.lib.errors import Invalid, Malformed, Problem
from reviewapp.predictions.comparing import own_text
from reviewapp.predictions.models import Prediction
from reviewapp.predictions.versions import schema_of

# As a draft and an answer keep them: both, as a draft may have an outcome behind a longer word than it came with
LONGEST_CHOICE, LONGEST_OUTCOME = 80, 60
FIELD_OF = {"answer": "choice", "outcome": "choice", "reason_codes": "reason", "note": "note", "sure": "choice"}


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """What was posted.

    `choice` is agree, correct:OUTCOME, outcome:OUTCOME (agree or correct by what it is, or one's own view of a blind case), refer or cannot_tell.
    """

    lease: int
    choice: str
    reason: list[str]
    note: str
    shown: str
    active_seconds: float | None
    sure: int | None

    def given(self, case: Case) -> Given:
        """The answer it is to `case`, of which `withholding.reveal` has found whether the model's part is withheld from its sender."""
        answer, _, outcome = self.choice.partition(":")
        if answer == "outcome" and case.stage == Stage.ADJUDICATION:
            answer = Answer.CORRECT
        elif answer == "outcome" and case.is_withheld:
            answer = BLIND
        elif answer == "outcome":
            answer, outcome = (Answer.AGREE, "") if outcome == case.advised else (Answer.CORRECT, outcome)
        return Given(
            answer=answer,
            outcome=outcome,
            reason_codes=self.reason,
            note=self.note,
            shown=self.shown or None,
            active_seconds=self.active_seconds,
            sure=self.sure,
        )

    def posted(self) -> dict[str, object]:
        return {
            "choice": self.choice,
            "reason": self.reason,
            "note": self.note,
            "active_seconds": self.active_seconds or 0,
            "sure": self.sure,
        }


def read_answer(data: QueryDict) -> AnswerForm:
    """:raises Malformed: for what no form of ours sends."""
    note, choice = data.get("note", "").replace("\r\n", "\n"), data.get("choice", "")
    texts = [note, choice, *data.getlist("reason")]
    if any("\0" in text for text in texts) or len(note) > NOTE_LENGTH:
        raise Malformed(f"A note has at most {NOTE_LENGTH} characters.", code="bad-text")
    if len(choice) > LONGEST_CHOICE or len(choice.partition(":")[2]) > LONGEST_OUTCOME:
        raise Malformed("Choose one of the answers of the form.", code="bad-choice")
    reasons = data.getlist("reason")
    if len(reasons) > 20 or any(len(reason) > 20 for reason in reasons):
        raise Malformed("Choose at most 4 reasons.", code="bad-reasons")
    return AnswerForm(
        lease=_whole(data.get("lease", "")),
        choice=choice,
        reason=reasons,
        note=note,
        shown=data.get("shown", "")[:64],
        active_seconds=float(min(_whole(data.get("active_seconds", "0") or "0"), 86_400)),
        sure=_whole(sure) if (sure := data.get("sure", "")) else None,
    )


@dataclass(frozen=True, slots=True)
class PendForm:
    """What was posted. `follow_up` names a quick choice; with any other the time is the one typed, in the server's time zone."""

    lease: int
    follow_up: str
    typed: str
    awaited: str

    def follow_up_at(self, now: datetime) -> datetime:
        """:raises Invalid: if neither a choice nor a time was sent, with whatever else is wrong."""
        quick = quick_follow_ups(timezone.localtime(now)).get(self.follow_up)
        found = quick or _moment(self.typed)
        if found is None:
            raise not_pended(pending_faults(None, self.awaited.strip(), now=now))
        return found


def read_pending(data: QueryDict) -> PendForm:
    """:raises Malformed: for what no form of ours sends."""
    texts = [data.get(name, "") for name in ("follow_up", "follow_up_at", "awaited")]
    if any("\0" in text or len(text) > NOTE_LENGTH for text in texts):
        raise Malformed("Say in a few words what the case waits for.", code="bad-text")
    return PendForm(_whole(data.get("lease", "")), *texts)


def _moment(text: str) -> datetime | None:
    """A local time to the minute, as a browser's field sends it."""
    try:
        return timezone.make_aware(datetime.strptime(text, "%Y-%m-%dT%H:%M"))  # noqa: DTZ007 -- the zone is the server's
    except (ValueError, OverflowError):
        return None


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise Malformed("The form is incomplete. Reload the page and send it again.", code="bad-form")
    return int(text)


def read_away(data: QueryDict) -> datetime | None:
    """Until when somebody is away; None where they are back. :raises Invalid: for a time that is none."""
    text = data.get("until", "")
    if not text:
        return None
    found = _moment(text)
    if found is None:
        raise Invalid("Choose a date and a time.", errors=[Problem("/until", "required", "Choose a date and a time.")])
    return found


def read_order(data: QueryDict) -> Order:
    """The ticked cases and what to do to them. Nothing need be ticked, named or written yet.

    :raises Malformed: for what no form of ours sends.
    """
    texts = [data.get(name, "") for name in ("act", "to", "reason", "priority")]
    case_ids = ids_of(data.getlist("case"))
    if texts[0] not in list(LeadAct) or any("\0" in text or len(text) > 5 * REASON_LENGTH for text in texts):
        raise Malformed("The form is incomplete. Reload the page and send it again.", code="bad-form")
    if case_ids is None or len(case_ids) > MOST_CASES:
        raise Malformed(f"Tick at most {MOST_CASES} cases.", code="bad-cases")
    return Order(LeadAct(texts[0]), case_ids, to=texts[1], reason=texts[2], priority=_whole(texts[3] or "0"))


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


CORRECTION_SOURCE = "source-"  # before the name of an input


def read_corrections(data: QueryDict, form: WhatIfForm) -> tuple[int, dict[str, str]]:
    """The lease, and what was typed as the source of each input, empty where nothing was.

    :raises Malformed: for what no form of ours sends.
    """
    sources = {name: str(data.get(CORRECTION_SOURCE + name, "")) for name in form.texts}
    if any("\0" in text or len(text) > 5 * SOURCE_LENGTH for text in sources.values()):
        raise Malformed(f"A source has at most {SOURCE_LENGTH} characters.", code="bad-text")
    return _whole(data.get("lease", "")), sources
