"""Cases as pages show them: clocks in words, choices, the timeline in sentences."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from reviewapp.audit.models import AuditEvent
from reviewapp.cases import rules, withheld_words
from reviewapp.cases.flips_panel import flips_context
from reviewapp.cases.models import NOTE_LENGTH, BlindAnswer, Case, Draft, Queue, Review
from reviewapp.cases.ordering import because
from reviewapp.cases.queries import COUNT_LIMIT, QueueFigures
from reviewapp.cases.rules import Answer, CaseState
from reviewapp.catalog.models import ReasonCode, UseCase
from reviewapp.catalog.rules import OutcomeKind
from reviewapp.lib.errors import Problem
from reviewapp.predictions.comparing import panel, result
from reviewapp.predictions.models import WhatIf
from reviewapp.predictions.presentation import advice, facts, sure_of_100

MOST_DOCKED = 8
_BELOW = re.compile(r"Confidence below ([\d.]+) %")  # the one reason of a policy that is called so
_LETTERS = {Answer.AGREE: "a", Answer.CORRECT: "c", Answer.REFER: "r", Answer.CANNOT_TELL: "t"}


def span(delta: timedelta) -> str:
    """ "38 min", "1 h 04", "2 d 3 h"."""
    minutes = int(abs(delta).total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02}"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h"


def sla(due: datetime, *, risk_at: datetime, now: datetime) -> dict[str, Any]:
    """The clock of one case, in words, with its state."""
    over, at_risk = now >= due, now >= risk_at
    return {
        "due_at": due,
        "sla_text": f"{span(now - due)} over" if over else f"in {span(due - now)}",
        "sla_state": "breached" if over else "risk" if at_risk else "ok",
        "risk_at": risk_at,
    }


def lease(case: Case, *, now: datetime) -> dict[str, Any] | None:
    if case.state != CaseState.LEASED or case.lease_until is None:
        return None
    left = max(int((case.lease_until - now).total_seconds()), 0)
    total = case.queue.lease_minutes * 60
    return {
        "number": case.lease,
        "expires_at": case.lease_until,
        "started_at": case.lease_until - timedelta(seconds=total),
        "seconds_left": min(left, total),
        "total_seconds": total,
        "text": f"{left // 60}:{left % 60:02} left" if left else "over, still yours until somebody takes it",
    }


def bounded(count: int) -> str:
    return f"over {COUNT_LIMIT:,}" if count > COUNT_LIMIT else f"{count}"


# Lists


def queue_row(figures: QueueFigures, *, now: datetime, may_work: bool, takes_key: bool) -> dict[str, Any]:
    queue = figures.queue
    due = None
    if figures.next_due is not None and figures.next_risk is not None:
        clock = sla(figures.next_due, risk_at=figures.next_risk, now=now)
        due = {
            "due_at": clock["due_at"],
            "text": clock["sla_text"],
            "state": clock["sla_state"],
            "risk_at": clock["risk_at"],
        }
    return {
        "name": queue.name,
        "url": reverse("cases:queue", args=[queue.slug]),
        "waiting": bounded(figures.waiting),
        "at_risk": bounded(figures.at_risk) if figures.at_risk else 0,
        "breached": bounded(figures.breached) if figures.breached else 0,
        "pended": bounded(figures.pended) if figures.pended else 0,
        "to_adjudicate": bounded(figures.to_adjudicate) if figures.to_adjudicate else 0,
        "next_due": due,
        "claim_url": reverse("cases:next", args=[queue.slug]) if may_work and figures.waiting else None,
        "takes_key": takes_key,
    }


def list_row(case: Case, queue: Queue, schema: Any, *, me: Any, now: datetime) -> dict[str, Any]:
    """One line of a queue's list; `holder` is loaded. `schema` is the use case's current FeatureSchema."""
    held = case.state == CaseState.LEASED and case.lease_until is not None and case.lease_until > now
    mine = held and case.holder_id == me
    names = [name for name in queue.use_case.summary_features if name in schema.by_name]
    cells = [_cell(schema, name, case.summary.get(name)) for name in names]
    decided = case.state == CaseState.DECIDED
    state = f"decided: {_low(queue.use_case.outcome_label(case.outcome))}" if decided else _waits(case, now)
    return sla(case.due_at, risk_at=case.risk_at, now=case.decided_at or now) | {
        "external_id": case.external_id,
        "url": reverse("cases:case", args=[case.pk]),
        "cells": cells,
        "summary": "",
        "advised": queue.use_case.outcome_label(case.advised),
        "confidence_text": f"{sure_of_100(case.confidence, threshold_in(case.why))} of 100",
        "why": case.why,
        **(withheld_words.ROW if case.is_withheld else {}),
        "state_text": "you hold it" if mine else case.holder.display_name if held and case.holder else state,
        "mine": mine,
        "still": decided,
        "waits": span((case.decided_at or now) - case.opened_at),
    }


def threshold_in(why: str) -> float | None:
    """The confidence below which the case came to a person; None where that is not why it came."""
    named = _BELOW.fullmatch(why)
    return float(named[1]) / 100 if named else None


def _waits(case: Case, now: datetime) -> str:
    if case.state != CaseState.PENDED or case.follow_up_at is None:
        return "waiting"
    return f"pended until {clock(case.follow_up_at, now=now)}"


def clock(moment: datetime, *, now: datetime) -> str:
    """ "14:30", and on another day than today's "27 Nov, 09:00"; in the server's time zone, as all times on pages."""
    local = timezone.localtime(moment)
    return f"{local:%H:%M}" if local.date() == timezone.localtime(now).date() else f"{local:%-d %b, %H:%M}"


def _cell(schema: Any, name: str, value: Any) -> dict[str, Any]:
    feature = schema.by_name[name]
    return {
        "label": feature.label,
        "value": schema.format_value(name, value),
        "numeric": type(value) in (int, float) and not feature.categories,
    }


def _low(label: str) -> str:
    return label[:1].lower() + label[1:]


# The case page


def case_context(
    case: Case,
    *,
    now: datetime,
    events: Sequence[AuditEvent],
    names: Mapping[Any, str],
    hidden: Collection[UUID] = (),
) -> dict[str, Any]:
    """What every reader of the case sees; `case` as `queries.whole_case` loads it and `withholding.reveal` has left it, `names` are
    display names by user id. While the model's part is withheld, nothing of it is in here.

    :param hidden: people of whose doings the timeline tells nothing.
    """
    use_case = case.queue.use_case
    subject = case.prediction.subject
    return {
        "case": sla(case.due_at, risk_at=case.risk_at, now=case.decided_at or now)
        | {
            "id": case.pk,
            "external_id": case.external_id,
            "queue": {"name": case.queue.name, "url": reverse("cases:queue", args=[case.queue.slug])},
            "subject_noun": use_case.subject_noun,
            "masked_name": subject.masked_name if subject else "",
            "opened_at": case.opened_at,
            "why": "" if case.is_withheld else why(case),
            "why_url": "" if case.is_withheld else reverse("policies:routing", args=[case.prediction_id]),
            "next_because": next_because(case, events),
            "state_text": state_text(case, now=now),
            "state_more": pended_words(case, names) or decided_by(case, names),
            "is_open": case.state != CaseState.DECIDED,
            "awaited": case.awaited if case.state == CaseState.PENDED else "",
            "lease": lease(case, now=now),
        },
        "facts": facts(case.prediction, use_case),
        "advice": None if case.is_withheld else advice(case.prediction, use_case),
        "what_if": None if case.is_withheld else what_if_context(case),
        "flips": None if case.is_withheld else flips_context(case),
        "similar": None if case.is_withheld else {"url": reverse("cases:similar", args=[case.pk]), "result": None},
        "withheld": withheld_words.panel() if case.is_withheld else None,
        "timeline": timeline(case, events, names, hidden=hidden),
    }


def what_if_context(
    case: Case,
    *,
    row: WhatIf | None = None,
    texts: Mapping[str, str] | None = None,
    problems: Iterable[Problem] = (),
    is_forgotten: bool = False,
) -> dict[str, Any]:
    """The context of cases/_what_if.html: the form, with a result where `row` is given, or with what is wrong with `texts`."""
    prediction = case.prediction
    found = panel(prediction, row=row, texts=texts)
    errors = {problem.pointer.removeprefix("/changes").strip("/"): problem for problem in problems}
    for field in (field for group in found.get("groups", ()) for field in group["fields"]):
        if problem := errors.get(field["name"]):
            field["error"] = _in_shown_units(problem, field["range"])
    return found | {
        "url": reverse("cases:what-if", args=[case.pk]),
        "again_url": f"{reverse('cases:case', args=[case.pk])}?what_if={row.pk}#what-if" if row else "",
        "open": found["open"] or is_forgotten,
        "forgotten": is_forgotten,
        "result": result(prediction, case.queue.use_case, row) if row else None,
        "error_list": _what_if_errors(found, errors),
    }


def _in_shown_units(problem: Problem, range_text: str) -> str:
    """The field's own message; a range is told in the units on the page, which may not be those of the record."""
    return f"Allowed: {range_text}." if problem.code == "out_of_range" and range_text else problem.detail


def _what_if_errors(found: Mapping[str, Any], errors: Mapping[str, Problem]) -> list[dict[str, str]]:
    fields = [field for group in found.get("groups", ()) for field in group["fields"] if field.get("error")]
    general = [{"text": errors[""].detail, "target": ""}] if "" in errors else []
    return general + [
        {"text": f"{field['label']}: {field['error']}", "target": f"what-if-{field['name']}"} for field in fields
    ]


def next_because(case: Case, events: Sequence[AuditEvent]) -> str:
    """Why the queue's order gave this case to its holder; empty where somebody chose it, and where it is not on record."""
    claims = [event for event in events if event.action in {"case.claimed", "case.reassigned"}]
    by_order = bool(claims) and claims[-1].action == "case.claimed" and not claims[-1].data.get("chosen")
    if case.state != CaseState.LEASED or not by_order or "order" not in claims[-1].data:
        return ""
    data = claims[-1].data
    left = timedelta(seconds=data["seconds_left"])
    return because(order=data["order"], priority=data["priority"], left=left, is_withheld=case.is_withheld)


def decided_by(case: Case, names: Mapping[Any, str]) -> str:
    """Whose answer became the decision, and whether it is the model's; empty before there is one."""
    last = max(case.reviews.all(), key=lambda review: review.reviewed_at, default=None)
    if case.state != CaseState.DECIDED or last is None or case.decided_at is None:
        return ""
    advised = _low(case.queue.use_case.outcome_label(case.advised))
    said = "as the model advised" if case.outcome == case.advised else f"the model advised {advised}"
    return f"By {names.get(last.reviewer_id, 'a person')} on {case.decided_at:%-d %b, %H:%M} UTC; {said}."


def pended_words(case: Case, names: Mapping[Any, str]) -> str:
    """Who pended the case and what happens then; empty for a case that is not pended."""
    if case.state != CaseState.PENDED:
        return ""
    who = names.get(case.pended_by_id, "a person")
    return f"By {who}. It then goes back to {case.queue.name}, with its priority raised by one."


def why(case: Case) -> str:
    routing = getattr(case.prediction, "routing", None)
    number = f", policy version {routing.policy_number}" if routing else ""
    return f"You see this case because of “{case.why}”{number}."


def state_text(case: Case, *, now: datetime) -> str:
    if case.state == CaseState.DECIDED:
        return f"Decided: {_low(case.queue.use_case.outcome_label(case.outcome))}"
    if case.state == CaseState.LEASED and case.holder and case.lease_until and case.lease_until > now:
        return f"{case.holder.display_name} holds it until {case.lease_until:%H:%M} UTC"
    if case.state == CaseState.PENDED and case.follow_up_at:
        return f"Pended until {clock(case.follow_up_at, now=now)} {timezone.localtime(case.follow_up_at):%Z}"
    return "Nobody holds this case"


def answer_context(
    case: Case,
    codes: Sequence[ReasonCode],
    *,
    draft: Draft | None,
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
        "draft_saved": f"{draft.saved_at:%H:%M}" if draft and not posted else "",
        "max_note": NOTE_LENGTH,
        "active_seconds": given.get("active_seconds", 0),
        "record": "Record and take next",
        "errors": errors,
        "error_list": [{"text": text, "target": _TARGETS[name]} for name, text in errors.items()],
    }


def plain_answer_context(
    case: Case, *, draft: Draft | None, posted: Mapping[str, Any] | None, errors: Mapping[str, str] | None
) -> dict[str, Any]:
    """The form by outcomes alone, without reasons: nothing in it depends on what the model says."""
    use_case = case.queue.use_case
    given = posted or (_of_draft(draft) if draft else {"choice": "", "reason": [], "note": ""})
    errors = errors or {}
    ordinal = use_case.outcome_kind == OutcomeKind.ORDINAL
    plain = _level if ordinal else _outcome
    choices = [plain(rank, outcome, given["choice"]) for rank, outcome in enumerate(use_case.outcome_list, start=1)]
    shown = [choice | {"record": f"Record {_low(choice['lead'])}, show the model"} for choice in choices]
    side = _passing(case, given["choice"])
    return {
        "scale": ordinal,
        "docks": len(choices) + len(side) <= MOST_DOCKED,
        "choices": shown if ordinal else shown + side,
        "side_choices": side if ordinal else [],
        "reason_codes": [],
        "note": given["note"],
        "note_hint": f"Colleagues see it, the {use_case.subject_noun} does not.",
        "draft_saved": f"{draft.saved_at:%H:%M}" if draft and not posted else "",
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
    advised = _low(use_case.outcome_label(case.advised))
    found = [_choice(Answer.AGREE, "Agree", f": {advised}", "a", chosen, f"Record {advised} and take next")]
    others = [outcome for outcome in use_case.outcome_list if outcome.value != case.advised]
    for rank, outcome in enumerate(others, start=1):
        label = _low(outcome.label)
        key = "c" if len(others) == 1 else str(rank) if rank < 10 else ""
        found.append(
            _choice(
                f"correct:{outcome.value}", "Correct", f" to: {label}", key, chosen, f"Record {label} and take next"
            )
        )
    return found + passing, []


def _passing(case: Case, chosen: str) -> list[dict[str, Any]]:
    found = [
        _choice(Answer.REFER, "Refer", f" to {_lead_name(case)}", "r", chosen, "Refer and take next"),
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
    return _choice(value, name, "", str(rank), chosen, f"Record {_low(outcome.label)} and take next") | {
        "number": number if number.isdigit() else str(rank)
    }


def _lead_name(case: Case) -> str:
    return "a lead"


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


# The story of a case, from its audit events

_SENTENCES = {
    "prediction.received": "The prediction was received.",
    "prediction.scored": "The model scored it.",
    "case.claimed": "{who} took the case.",
    "case.released": "{who} gave the case back.",
    "case.recused": "{who} knows the person and gave the case back. It is not given to them again.",
    "case.conflict_recorded": "{who} recorded that {linked} knows the person. They get none of the person’s cases.",
    "case.conflict_ended": "{who} ended what was recorded of {linked} and the person. They may get the person’s cases again.",
    "case.undone": "{who} took the answer back. It counts no more.",
    "case.reopened": "{who} reopened the case. What was decided counts no more.",
    "case.reopening_asked": "{who} asked to reopen the case.",
    "case.reopening_declined": "{who} declined to reopen the case.",
    "case.returned": "The follow-up time came: the case went back to its queue, with its priority raised by one.",
    "case.sla_threatened": "Time runs short: the case is at risk of being late.",
    "case.sla_breached": "The time is over: the case is late. Its priority became {priority}, the highest.",
    "case.comment_withdrawn": "{who} withdrew a comment.",
    "case.commented": "{who} wrote a comment.",
    "case.escalated": "The late case went to {to}.",
    "case.viewed": "{who} looked at the case.",
    "case.taken_back": "{who} took the case back from {holder}.",
    "case.reassigned": "{who} gave the case to {person}.",
    "case.reprioritised": "{who} changed its priority from {before} to {priority}.",
    "case.moved": "{who} moved the case to {moved_to}.",
    "case.what_if_asked": "{who} asked the model what it would say of other inputs.",
    "case.flips_asked": "{who} asked what would change the model’s advice.",
    "case.similar_viewed": "{who} looked at similar decided cases.",
    "case.document_added": "{who} attached a document.",
    "case.document_viewed": "{who} opened a document.",
    "prediction.document_added": "{who} sent a document.",
    "case.correction_proposed": "{who} corrected inputs. The model is asked to score them.",
    "case.corrected": "The model scored the corrected inputs. What was answered before counts no more.",
    "case.correction_lapsed": "The case was answered, or whoever corrected it stepped back from it, before the model had scored the corrected "
    "inputs: the correction counts no more.",
    "case.correction_failed": "The model could not score the corrected inputs: the case stands as it was.",
}
# Why somebody is linked to the person is for leads and the audit trail, not for everybody who reads the case
_REASON_KEPT = {"case.conflict_recorded", "case.conflict_ended"}
# What is no news from the same person directly after what
_COVERED = {
    "case.viewed": {
        "case.viewed",
        "case.claimed",
        "case.what_if_asked",
        "case.flips_asked",
        "case.similar_viewed",
        "case.commented",
        "case.comment_withdrawn",
        "case.document_viewed",
        "case.document_added",
        "case.correction_proposed",
    },
    "case.what_if_asked": {"case.what_if_asked"},
    "case.flips_asked": {"case.flips_asked"},
    "case.similar_viewed": {"case.similar_viewed"},
    "case.document_viewed": {"case.document_viewed"},
}


def timeline(
    case: Case, events: Sequence[AuditEvent], names: Mapping[Any, str], *, hidden: Collection[UUID] = ()
) -> list[dict[str, Any]]:
    """Sentences, newest last; one person's repeated looks, and the look of who has just taken the case, are told once.

    :param hidden: people of whose doings nothing is told.
    """
    reviews = {str(review.pk): review for review in case.reviews.all()}
    pended = next((event.pk for event in reversed(events) if event.action == "case.pended"), None)
    awaits = {"quote": case.awaited}  # a case keeps what was awaited last
    views = {str(view.pk): view for view in case.blind_answers.all()} if case.is_blind else {}
    told: list[dict[str, Any]] = []
    last: tuple[str, Any] = ("", None)
    for event in events:
        if event.actor_id in hidden:
            continue
        if event.actor_id == last[1] and last[0] in _COVERED.get(event.action, ()):
            continue
        last = (event.action, event.actor_id)
        told.append(_told(case, event, reviews, views, names) | (awaits if event.pk == pended else {}))
    return told


def _told(
    case: Case,
    event: AuditEvent,
    reviews: Mapping[str, Review],
    views: Mapping[str, BlindAnswer],
    names: Mapping[Any, str],
) -> dict[str, Any]:
    who = names.get(event.actor_id, event.actor_name or "The system")
    review = reviews.get(event.data.get("review", ""))
    seen_by = {view.reviewer_id for view in views.values()}
    if case.is_withheld and (short := withheld_words.sentence(event, who, review, seen_by=seen_by)):
        return {"at": event.at, "sentence": short, "quote": ""}
    if view := views.get(event.data.get("blind_answer", "")):
        said = _low(case.queue.use_case.outcome_label(view.outcome))
        return {"at": event.at, "sentence": f"{who} said {said}, before seeing the model’s advice.", "quote": view.note}
    if event.action == "case.reviewed" and review is not None:
        return {"at": event.at, "sentence": f"{who} {answered(review, case.queue.use_case)}.", "quote": review.note}
    if event.action == "case.pended":
        until = clock(datetime.fromisoformat(event.data["follow_up_at"]), now=event.at)
        return {"at": event.at, "sentence": f"{who} pended the case until {until}.", "quote": ""}
    if event.action in {"prediction.received", "prediction.scored"} and event.data.get("rule"):
        return {"at": event.at, "sentence": _routed(case, event), "quote": ""}
    words = {**event.data, "who": who, "person": _named(event, "assigned_to", names)}
    words["holder"], words["linked"] = (_named(event, name, names) for name in ("holder", "linked"))
    words["to"] = event.data.get("moved_to") or words["person"]
    return {
        "at": event.at,
        "sentence": _SENTENCES.get(event.action, event.action).format(**words),
        "quote": "" if event.action in _REASON_KEPT else event.reason,
    }


def people_in(events: Iterable[AuditEvent]) -> set[UUID]:
    """Ids of everybody the sentences name: who acted, and whom a lead took a case from, gave it to or said something of."""
    named = [event.data.get(name) for event in events for name in ("assigned_to", "holder", "linked")]
    return {event.actor_id for event in events if event.actor_id} | {UUID(text) for text in named if text}


def _named(event: AuditEvent, name: str, names: Mapping[Any, str]) -> str:
    given = event.data.get(name)
    return names.get(UUID(given), "a colleague") if given else "a colleague"


def _routed(case: Case, event: AuditEvent) -> str:
    advised = _low(case.queue.use_case.outcome_label(event.data.get("outcome") or case.advised))
    did = "Scored here" if event.action == "prediction.scored" else "Received"
    return f"{did}; the model advised {advised}. Policy version {event.data['policy']} asked for a person: {event.data['rule']}."


def answered(review: Review, use_case: UseCase) -> str:
    """ "agreed: deny", "corrected to approve", "referred the case"."""
    outcome = _low(use_case.outcome_label(review.outcome))
    return {
        Answer.AGREE: f"agreed: {outcome}",
        Answer.CORRECT: f"corrected to {outcome}",
        Answer.REFER: "referred the case",
        Answer.CANNOT_TELL: "could not tell",
    }[Answer(review.answer)]
