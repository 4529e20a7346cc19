"""The form of an answer: its choices with their keys, its reasons, and what was typed before."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from reviewapp.cases import rules
from reviewapp.cases.models import NOTE_LENGTH, Case, Draft
from reviewapp.cases.rules import Answer
from reviewapp.cases.wording import clock, low
from reviewapp.catalog.models import ReasonCode, UseCase
from reviewapp.catalog.rules import OutcomeKind

MOST_DOCKED = 8


def answer_context(
    case: Case,
    codes: Sequence[ReasonCode],
    *,
    draft: Draft | None,
    now: datetime,
    posted: Mapping[str, Any] | None = None,
    errors: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The form: what was posted wins over the draft."""
    use_case = case.queue.use_case
    ordinal = use_case.outcome_kind == OutcomeKind.ORDINAL
    given = posted or (_of_draft(draft) if draft else {"choice": "", "reason": [], "note": ""})
    errors = errors or {}
    choices, side = _choices(case, use_case, ordinal, given["choice"])
    reasons = _reason_codes(case, codes, given["reason"])
    others = [reason for reason in reasons if not reason["proposed"]]
    return {
        "title": "Your level" if ordinal else "Your answer",
        "scale": ordinal,
        "docks": len(choices) + len(side) <= MOST_DOCKED,
        "choices": choices,
        "side_choices": side,
        "reason_codes": reasons,
        "other_reasons": len(others),
        "other_reasons_open": any(reason["checked"] for reason in others),
        "reasons_title": "Reasons",
        "reasons_hint": f"told to the {use_case.subject_noun}, up to {rules.MOST_REASONS}",
        "note": given["note"],
        "note_hint": f"Colleagues see it, the {use_case.subject_noun} does not.",
        "draft_saved": clock(draft.saved_at, now=now) if draft and not posted else "",
        "max_note": NOTE_LENGTH,
        "active_seconds": given.get("active_seconds", 0),
        "record": "Record and take next",
        "errors": errors,
        "error_list": [{"text": text, "target": _TARGETS[name]} for name, text in errors.items()],
    }


def plain_answer_context(
    case: Case,
    *,
    draft: Draft | None,
    now: datetime,
    posted: Mapping[str, Any] | None,
    errors: Mapping[str, str] | None,
) -> dict[str, Any]:
    """The form by outcomes alone, without reasons: nothing in it depends on what the model says."""
    use_case = case.queue.use_case
    given = posted or (_of_draft(draft) if draft else {"choice": "", "reason": [], "note": ""})
    errors = errors or {}
    ordinal = use_case.outcome_kind == OutcomeKind.ORDINAL
    plain = _level if ordinal else _outcome
    choices = [plain(rank, outcome, given["choice"]) for rank, outcome in enumerate(use_case.outcome_list, start=1)]
    shown = [choice | {"record": f"Record {low(choice['lead'])}, show the model"} for choice in choices]
    side = _passing(case, given["choice"])
    return {
        "scale": ordinal,
        "docks": len(choices) + len(side) <= MOST_DOCKED,
        "choices": shown if ordinal else shown + side,
        "side_choices": side if ordinal else [],
        "reason_codes": [],
        "note": given["note"],
        "note_hint": f"Colleagues see it, the {use_case.subject_noun} does not.",
        "draft_saved": clock(draft.saved_at, now=now) if draft and not posted else "",
        "max_note": NOTE_LENGTH,
        "active_seconds": given.get("active_seconds", 0),
        "errors": errors,
        "error_list": [{"text": text, "target": _TARGETS[name]} for name, text in errors.items()],
    }


def _outcome(rank: int, outcome: Any, chosen: str) -> dict[str, Any]:
    """By number, not by a letter: A means "agree" on every other case."""
    return _choice(f"outcome:{outcome.value}", outcome.label, "", str(rank) if rank < 10 else "", chosen, "")


_TARGETS = {"choice": "answer-title", "reason": "reasons", "note": "note"}


def _of_draft(draft: Draft) -> dict[str, Any]:
    return {"choice": draft.choice, "reason": draft.reason_codes, "note": draft.note}


def _choices(
    case: Case, use_case: UseCase, ordinal: bool, chosen: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(choices, side choices). Ordered outcomes are chosen by level, without a word on which of them the model advises."""
    passing = _passing(case, chosen)
    if ordinal:
        return [_level(rank, outcome, chosen) for rank, outcome in enumerate(use_case.outcome_list, start=1)], passing
    advised = low(use_case.outcome_label(case.advised))
    found = [_choice(Answer.AGREE, "Agree", f": {advised}", "a", chosen, f"Record {advised} and take next")]
    others = [outcome for outcome in use_case.outcome_list if outcome.value != case.advised]
    for rank, outcome in enumerate(others, start=1):
        label = low(outcome.label)
        key = "c" if len(others) == 1 else str(rank) if rank < 10 else ""
        found.append(
            _choice(
                f"correct:{outcome.value}", "Correct", f" to: {label}", key, chosen, f"Record {label} and take next"
            )
        )
    return found + passing, []


def chosen_words(choice: str, use_case: UseCase) -> str:
    """A choice as its form has it: "Agree", "Correct to: approve", and of plain outcomes the name alone."""
    answer, _, outcome = choice.partition(":")
    label = next((known.label for known in use_case.outcome_list if known.value == outcome), "")
    words = answer.replace("_", " ").capitalize()
    return label if answer == "outcome" else f"{words} to: {low(label)}" if label else words


def _passing(case: Case, chosen: str) -> list[dict[str, Any]]:
    found = [
        _choice(Answer.REFER, "Refer", " to a lead", "r", chosen, "Refer and take next"),
        _choice(Answer.CANNOT_TELL, "Cannot tell", "", "t", chosen, "Record “cannot tell” and take next"),
    ]
    return found[1:] if case.queue.is_lead else found


def _choice(value: str, lead: str, rest: str, key: str, chosen: str, record: str) -> dict[str, Any]:
    return {
        "value": str(value),
        "lead": lead,
        "rest": rest,
        "key": key,
        "checked": chosen == value,
        "record": record,
        "number": "",
    }


def _level(rank: int, outcome: Any, chosen: str) -> dict[str, Any]:
    value = f"outcome:{outcome.value}"
    number, _, words = outcome.label.partition(" ")
    name = words if number.isdigit() else outcome.label
    return _choice(value, name, "", str(rank), chosen, f"Record {low(outcome.label)} and take next") | {
        "number": number if number.isdigit() else str(rank)
    }


def _reason_codes(case: Case, codes: Sequence[ReasonCode], checked: Iterable[str]) -> list[dict[str, Any]]:
    """Proposed first: those whose inputs pushed towards an adverse outcome, strongest first, at most four."""
    proposed = _proposed(case, codes)
    ordered = [*proposed, *(code for code in codes if code not in proposed)]
    if not proposed:
        proposed = ordered[: rules.MOST_REASONS]
    keys = {code.code: key for code, key in zip(proposed, _reason_keys(case), strict=False)}
    return [
        {
            "code": code.code,
            "text": code.text,
            "key": keys.get(code.code, ""),
            "checked": code.code in set(checked),
            "proposed": code in proposed,
        }
        for code in ordered
    ]


def _reason_keys(case: Case) -> Sequence[str]:
    """Digits, unless levels have them."""
    levels = case.queue.use_case.outcome_kind == OutcomeKind.ORDINAL or len(case.queue.use_case.outcomes) > 2
    return ("y", "u", "i", "o") if levels else ("1", "2", "3", "4")


def _proposed(case: Case, codes: Sequence[ReasonCode]) -> list[ReasonCode]:
    explanation = getattr(case.prediction, "explanation", None)
    use_case = case.queue.use_case
    if explanation is None or explanation.additive is False:
        return []
    sign = 1 if case.advised in use_case.adverse_outcomes else -1
    pushes = explanation.body["contributions"]
    found = [(sum(sign * pushes.get(name, 0.0) for name in code.features), code) for code in codes if code.features]
    return [code for push, code in sorted(found, key=lambda pair: -pair[0]) if push > 0][: rules.MOST_REASONS]
