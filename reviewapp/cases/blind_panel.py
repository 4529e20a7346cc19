"""The answer to a blind case in its two steps: one's own view by plain outcomes, then confirming or changing it beside the model's advice."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from reviewapp.cases import answer_form
from reviewapp.cases.models import BlindAnswer, Case, Draft
from reviewapp.cases.rules import SURENESS, Answer, choice_of
from reviewapp.catalog.models import ReasonCode
from reviewapp.catalog.rules import OutcomeKind

_SURE_WORDS = ("Not very", "Fairly", "Very")


def answer_context(
    case: Case,
    codes: Sequence[ReasonCode],
    *,
    own: BlindAnswer | None,
    draft: Draft | None,
    now: datetime,
    posted: Mapping[str, Any] | None = None,
    errors: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The form that this person is to fill in now; see cases/_answer.html. `own` is what they said before they saw the model's part."""
    if case.is_withheld:
        return _first(
            answer_form.plain_answer_context(case, draft=draft, now=now, posted=posted, errors=errors), posted
        )
    kept = _kept(case, draft, own) if own else draft
    found = answer_form.answer_context(case, codes, draft=kept, now=now, posted=posted, errors=errors)
    return _second(found, case, own, is_draft=draft is not None) if own else found


def _first(found: dict[str, Any], posted: Mapping[str, Any] | None) -> dict[str, Any]:
    sure = (posted or {}).get("sure")
    return found | {
        "title": "Your own view",
        "sureness": [
            {"value": value, "text": text, "checked": value == sure}
            for value, text in zip(SURENESS, _SURE_WORDS, strict=True)
        ],
        "record": "Record my view, show the model",
        "record_hint": "Both answers are kept: this one and the one you confirm.",
    }


def _kept(case: Case, draft: Draft | None, own: BlindAnswer) -> Draft:
    """What the form begins with: what was typed since, else the own view. A plain outcome becomes the choice of this form that means it."""
    found = draft or Draft(reason_codes=own.reason_codes, note=own.note, saved_at=own.answered_at)
    plain = f"outcome:{own.outcome}" if draft is None else draft.choice
    if plain.startswith("outcome:"):
        found.choice = _choice_for(case, plain.removeprefix("outcome:"))
    return found


def _choice_for(case: Case, outcome: str) -> str:
    if case.queue.use_case.outcome_kind == OutcomeKind.ORDINAL:
        return choice_of("", outcome, level=outcome)
    return str(Answer.AGREE) if outcome == case.advised else choice_of(Answer.CORRECT, outcome)


def _second(found: dict[str, Any], case: Case, own: BlindAnswer, *, is_draft: bool) -> dict[str, Any]:
    label = case.queue.use_case.outcome_label
    value = _choice_for(case, own.outcome)
    return found | {
        "title": "Confirm or change",
        "choices": [_marked(choice, is_own=choice["value"] == value) for choice in found["choices"]],
        "draft_saved": found["draft_saved"] if is_draft else "",
        "own_view": {
            "said": label(own.outcome),
            "sure": f"{_SURE_WORDS[own.sure - 1].lower()} sure" if own.sure else "",
            "advised": label(case.advised),
            "agrees": own.outcome == case.advised,
        },
        "record_hint": "Your own view stays on record beside this answer.",
    }


def _marked(choice: dict[str, Any], *, is_own: bool) -> dict[str, Any]:
    """The own view by a word, and the button by whether it keeps to it."""
    record = choice["record"].removeprefix("Record ")
    if not is_own:
        return choice | {"record": f"Change to {record}"}
    return choice | {"rest": f"{choice['rest']}, your view", "record": f"Confirm {record}"}
