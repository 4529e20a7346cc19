"""The lead's board as pages show it: figures, rows, and what an act does to each case in a sentence."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.messages import SUCCESS, WARNING
from django.urls import reverse

from reviewapp.cases.actions.leading import Order, Outlook, Result, Target
from reviewapp.cases.board import Choice
from reviewapp.cases.figures import QueueFigures
from reviewapp.cases.models import Case
from reviewapp.cases.presentation import queue_row
from reviewapp.cases.rules import HIGHEST_PRIORITY, REASON_LENGTH, CaseState, LeadAct, Stage
from reviewapp.cases.staffing import Gap
from reviewapp.cases.withholding import WITHHELD
from reviewapp.cases.wording import bounded, lease, sla, span
from reviewapp.lib.errors import Invalid

MOST_TOLD = 5  # refusals that a message spells out
ACTS = [
    {"value": LeadAct.REASSIGN, "label": "Give to…", "key": "m"},
    {"value": LeadAct.RELEASE, "label": "Take back…", "key": "b"},
    {"value": LeadAct.PRIORITISE, "label": "Priority…", "key": "p"},
    {"value": LeadAct.MOVE, "label": "Move to queue…", "key": "v"},
]


def queue(figures: QueueFigures, *, now: datetime) -> dict[str, Any]:
    return queue_row(figures, now=now, may_work=False, takes_key=False) | {
        "in_hand": bounded(figures.held),
        "settings_url": reverse("cases:settings", args=[figures.queue.slug]),
    }


def total(figures: Sequence[QueueFigures]) -> dict[str, str]:
    sums = {
        name: sum(getattr(row, name) for row in figures)
        for name in ("waiting", "held", "pended", "to_adjudicate", "at_risk", "breached")
    }
    return {name: bounded(count) for name, count in sums.items()}


def summary(figures: Sequence[QueueFigures]) -> str:
    """ "1 case has breached, 4 are at risk." """
    breached, at_risk = sum(row.breached for row in figures), sum(row.at_risk for row in figures)
    if not breached and not at_risk:
        return "Nothing has breached and nothing is at risk."
    late = f"{_count(breached)} {'has' if breached == 1 else 'have'} breached" if breached else "Nothing has breached"
    return f"{late}, {bounded(at_risk) if at_risk else 'none'} {'is' if at_risk in (0, 1) else 'are'} at risk."


def _count(number: int) -> str:
    return "1 case" if number == 1 else f"{bounded(number)} cases"


def gap(found: Gap) -> str:
    """ "Loans: 3 cases wait for the skill cardiology, which nobody at work has." """
    waits = "waits" if found.waiting == 1 else "wait"
    return f"{found.queue}: {_count(found.waiting)} {waits} for the skill {found.skill}, which nobody at work has."


def row(case: Case, *, now: datetime) -> dict[str, Any]:
    """One line; `queue` and `holder` are loaded. Whoever let a lease run out is still named: they may send until somebody takes it."""
    held = case.state == CaseState.LEASED and case.lease_until is not None and case.lease_until >= now
    since = case.leased_at if held and case.leased_at else case.opened_at
    return sla(case.due_at, risk_at=case.risk_at, now=now) | {
        "id": case.pk,
        "external_id": case.external_id,
        "url": reverse("cases:case", args=[case.pk]),
        "queue_name": case.queue.name,
        "holder_name": case.holder.display_name if case.holder else None,
        "since": case.leased_at,
        "lease": lease(case, now=now),
        "is_held": held,
        "priority": WITHHELD if case.is_withheld else case.priority,
        "state_text": f"{'in hand' if held else 'waits'} for {span(now - since)}{_STAGES[Stage(case.stage)]}",
    }


_STAGES = {Stage.FIRST: "", Stage.SECOND: ", second answer", Stage.ADJUDICATION: ", answers differ"}


def nothing(choice: Choice, url: str) -> dict[str, Any]:
    if choice.is_set:
        text = "Take a filter away, or clear them all."
        return {"title": "No case matches these filters", "text": text, "clear_url": url}
    text = "Nobody holds a case, and nothing that waits is late. Cases appear here when somebody takes one, or when time runs short."
    return {"title": "Nothing needs you now", "text": text, "url": reverse("cases:queues"), "action": "See what waits"}


# The preview

_TITLES = {
    LeadAct.RELEASE: "Take back",
    LeadAct.REASSIGN: "Give to somebody",
    LeadAct.PRIORITISE: "Change the priority of",
    LeadAct.MOVE: "Move to another queue",
}
_FIELDS = {LeadAct.REASSIGN: "Give to", LeadAct.MOVE: "Move to"}


def preview(order: Order, outlook: Outlook, *, named: bool, now: datetime) -> dict[str, Any]:
    """`named`: the order says whom or what, so that each row says what will happen to it."""
    done = sum(result.problem is None for result in outlook.results)
    return {
        "act": order.act,
        "title": f"{_TITLES[order.act]}: {_count(len(outlook.results))}",
        "field_label": _FIELDS.get(order.act),
        "asks_priority": order.act == LeadAct.PRIORITISE,
        "priority": order.priority if named else "",
        "highest": HIGHEST_PRIORITY,
        "longest_reason": REASON_LENGTH,
        "rows": [_foreseen(order, outlook.target, result, named=named, now=now) for result in outlook.results],
        "refused": len(outlook.results) - done,
        "summary": _done_words(order, outlook.target, done) if named else "",
        "confirm": _confirm(order, outlook.target, done) if named and done else "",
    }


def _foreseen(order: Order, target: Target, result: Result, *, named: bool, now: datetime) -> dict[str, Any]:
    shown = row(result.case, now=now) if result.case else {"external_id": "A case you may not see"}
    still = result.case is not None and result.case.state == CaseState.DECIDED
    if result.problem:
        return shown | {"refused": True, "still": still, "text": result.problem.detail}
    text = _effect(order, target, result.case) if named and result.case else ""
    return shown | {"refused": False, "still": still, "text": text}


def _effect(order: Order, target: Target, case: Case) -> str:
    loses = f"; {case.holder.display_name} loses it" if case.holder else ""
    return {
        LeadAct.RELEASE: f"waits in {case.queue.name}{loses}",
        LeadAct.REASSIGN: f"{target.name} holds it for {case.queue.lease_minutes} min{loses}",
        LeadAct.PRIORITISE: f"priority {WITHHELD if case.is_withheld else case.priority} becomes {order.priority}",
        LeadAct.MOVE: f"leaves {case.queue.name} and waits in {target.name}, due as before",
    }[order.act]


def _confirm(order: Order, target: Target, done: int) -> str:
    """What the button says it does."""
    return {
        LeadAct.RELEASE: f"Take back {_count(done)}",
        LeadAct.REASSIGN: f"Give {_count(done)} to {target.name}",
        LeadAct.PRIORITISE: f"Give {_count(done)} priority {order.priority}",
        LeadAct.MOVE: f"Move {_count(done)} to {target.name}",
    }[order.act]


def _done_words(order: Order, target: Target, done: int) -> str:
    """ "2 cases go to Bob", the beginning of a sentence about what was or will be done."""
    cases = _count(done) if done else "No case"
    return {
        LeadAct.RELEASE: f"{cases} taken back",
        LeadAct.REASSIGN: f"{cases} given to {target.name}",
        LeadAct.PRIORITISE: f"{cases} changed to priority {order.priority}",
        LeadAct.MOVE: f"{cases} moved to {target.name}",
    }[order.act]


def errors(fault: Invalid | None) -> list[dict[str, str]]:
    """For components/_errors.html; each leads to its field."""
    return [{"text": problem.detail, "target": problem.pointer.strip("/")} for problem in fault.errors] if fault else []


def report(order: Order, target: Target, results: Sequence[Result]) -> list[tuple[int, str]]:
    """What was done, and what was not and why, as messages."""
    refused = [result for result in results if result.problem]
    done = len(results) - len(refused)
    told = [(SUCCESS, f"{_done_words(order, target, done)}.")] if done else []
    if refused:
        why = [f"{_name(result)}: {result.problem}" for result in refused[:MOST_TOLD]]
        more = f" And {len(refused) - MOST_TOLD} more." if len(refused) > MOST_TOLD else ""
        told.append((WARNING, f"Not done for {_count(len(refused))}. {' '.join(why)}{more}"))
    return told


def _name(result: Result) -> str:
    return result.case.external_id if result.case else "A case you may not see"
