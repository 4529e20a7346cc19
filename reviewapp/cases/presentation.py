"""Cases as pages show them: as rows of lists, and whole."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.urls import reverse

from reviewapp.audit.models import AuditEvent
from reviewapp.cases import withheld_words
from reviewapp.cases.figures import QueueFigures
from reviewapp.cases.flips_panel import flips_context
from reviewapp.cases.models import Case, Queue
from reviewapp.cases.ordering import because
from reviewapp.cases.rules import CaseState
from reviewapp.cases.timeline import timeline
from reviewapp.cases.wording import bounded, clock, lease, low, sla, span, used_percent, zoned
from reviewapp.lib.errors import Problem
from reviewapp.predictions.comparing import in_shown_units, panel, result
from reviewapp.predictions.models import WhatIf
from reviewapp.predictions.presentation import advice, facts, sure_of_100

_BELOW = re.compile(r"Confidence below ([\d.]+) %")  # the one reason of a policy that is called so


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
    state = f"decided: {low(queue.use_case.outcome_label(case.outcome))}" if decided else _waits(case, now)
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


def _cell(schema: Any, name: str, value: Any) -> dict[str, Any]:
    feature = schema.by_name[name]
    return {
        "label": feature.label,
        "value": schema.format_value(name, value),
        "numeric": type(value) in (int, float) and not feature.categories,
    }


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
            "used_percent": used_percent(case.opened_at, case.due_at, now=case.decided_at or now),
            "why": "" if case.is_withheld else why(case),
            "why_url": "" if case.is_withheld else reverse("policies:routing", args=[case.prediction_id]),
            "next_because": next_because(case, events),
            "state_text": state_text(case, now=now),
            "state_more": pended_words(case, names) or decided_by(case, names, now=now),
            "is_open": case.state != CaseState.DECIDED,
            "awaited": case.shown_awaited,
            "is_pended": case.state == CaseState.PENDED,
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
            field["error"] = in_shown_units(problem, field["range"])
    return found | {
        "url": reverse("cases:what-if", args=[case.pk]),
        "again_url": f"{reverse('cases:case', args=[case.pk])}?what_if={row.pk}#what-if" if row else "",
        "open": found["open"] or is_forgotten,
        "forgotten": is_forgotten,
        "result": result(prediction, case.queue.use_case, row) if row else None,
        "error_list": _what_if_errors(found, errors),
    }


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


def decided_by(case: Case, names: Mapping[Any, str], *, now: datetime) -> str:
    """Whose answer became the decision, and whether it is the model's; empty before there is one."""
    last = max(case.reviews.all(), key=lambda review: review.reviewed_at, default=None)
    if case.state != CaseState.DECIDED or last is None or case.decided_at is None:
        return ""
    advised = low(case.queue.use_case.outcome_label(case.advised))
    said = "as the model advised" if case.outcome == case.advised else f"the model advised {advised}"
    return f"By {names.get(last.reviewer_id, 'a person')} at {zoned(case.decided_at, now=now)}; {said}."


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
        return f"Decided: {low(case.queue.use_case.outcome_label(case.outcome))}"
    if case.state == CaseState.LEASED and case.holder and case.lease_until and case.lease_until > now:
        return f"{case.holder.display_name} holds it until {zoned(case.lease_until, now=now)}"
    if case.state == CaseState.PENDED and case.follow_up_at:
        return f"Pended until {zoned(case.follow_up_at, now=now)}"
    return "Nobody holds this case"
