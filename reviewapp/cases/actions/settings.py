"""Changing how a queue works. A section is a handful of settings that are checked together; the page and the API save by one action.

A further section is a function that finds the faults of its settings, and a line in SECTIONS.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model

from reviewapp.access.idempotency import durable
from reviewapp.access.models import User
from reviewapp.access.rules import LEAD_QUEUE
from reviewapp.audit import actions as audit
from reviewapp.cases import queries, second_review, skills
from reviewapp.cases.models import Queue
from reviewapp.cases.ordering import NextOrder
from reviewapp.cases.queries import queues_of, workers_of
from reviewapp.cases.rules import MOST_SEEDED, QUEUE_BOUNDS
from reviewapp.cases.sla import GIVEN, RISK_BOUNDS, LateAct, calendar_faults, rule_faults, telling, too_long
from reviewapp.catalog.queries import condition_check
from reviewapp.lib.actor import Actor
from reviewapp.lib.canonical import digest
from reviewapp.lib.errors import Conflict, Invalid, NotAllowed, NotFound, Problem


class SettingsMoved(Conflict):
    """Somebody changed these settings since you looked. Look at them again, then save."""

    code = "settings-moved"


@dataclass(frozen=True, slots=True)
class Section:
    """Settings that belong together, each a column of Queue, and everything that is wrong with them in a queue not yet saved.

    A pointer of a fault begins with the name of the setting. The values may be anything that JSON can say; what refers to another row
    is named as in `_REFERS` and has been looked up before.
    """

    name: str
    settings: tuple[str, ...]
    faults: Callable[[Queue], list[Problem]]


def _basics_faults(queue: Queue) -> list[Problem]:
    found = [
        _whole(name, low, high)
        for name, (low, high) in QUEUE_BOUNDS.items()
        if not _is_whole(getattr(queue, name), low, high)
    ]
    return found or _too_long(queue, "/sla_minutes", queue.sla_minutes)


def _proof_faults(queue: Queue) -> list[Problem]:
    most = {"seeded_share": MOST_SEEDED, "qa_automatic_share": 1, "qa_human_share": 1}
    found = [
        Problem(f"/{name}", "out_of_range", f"Send a number from 0 to {highest}.")
        for name, highest in most.items()
        if not _is_share(getattr(queue, name), highest)
    ]
    return found or _qa_without_blind(queue, "qa_automatic_share" if queue.qa_automatic_share else "qa_human_share")


def _qa_without_blind(queue: Queue, setting: str) -> list[Problem]:
    """A sample is answered blind first, always: it must not be the only case of the queue that is."""
    if queue.blind_share or not (queue.qa_automatic_share or queue.qa_human_share):
        return []
    return [Problem(f"/{setting}", "needs_blind", _NEEDS_BLIND)]


_NEEDS_BLIND = "QA samples are answered blind first. If no other case were, everybody could tell them: set a share under Blind first."


def _is_share(share: object, highest: float) -> bool:
    return isinstance(share, (int, float)) and type(share) is not bool and 0 <= share <= highest


def _review_faults(queue: Queue) -> list[Problem]:
    outcomes, numbers = queue.use_case.outcome_values, [name for name, _ in queries.number_inputs(queue.use_case)]
    found = second_review.faults(queue.review_policy, outcomes=outcomes, numbers=numbers)
    return [Problem(f"/review_policy{fault.pointer}", fault.code, fault.detail) for fault in found]


def _blind_faults(queue: Queue) -> list[Problem]:
    share = queue.blind_share
    if type(share) not in (int, float) or not 0 <= share <= 1:
        return [Problem("/blind_share", "wrong_type", "Send a number from 0, none, to 1, all.")]
    if found := _qa_without_blind(queue, "blind_share"):
        return found
    tells = [("order_tells", _ORDER_TELLS)] if _is_by_doubt(queue) else []
    tells += [("rules_tell", _RULES_TELL)] if not _rule_faults(queue) and telling(queue.sla_rules) else []
    return [Problem("/blind_share", code, detail) for code, detail in tells] if share else []


_ORDER_TELLS = "The order “least sure” tells what nobody is to know before they answer blind. Choose another order, or no blind first."

_RULES_TELL = (
    "A due time by the advised outcome, the confidence or the priority tells what nobody is to know before they answer blind."
    " Let the rules of Service level ask about inputs alone, or choose no blind first."
)


def _next_faults(queue: Queue) -> list[Problem]:
    if not _is_flag(queue.answers_again):
        return [Problem("/answers_again", "wrong_type", "Send true or false.")]
    if queue.next_order not in list(NextOrder):
        return [Problem("/next_order", "unknown_value", f"One of {', '.join(NextOrder)}.")]
    return [Problem("/next_order", "order_tells", _ORDER_TELLS)] if queue.blind_share and _is_by_doubt(queue) else []


def _is_flag(value: object) -> bool:
    return type(value) is bool


def _is_by_doubt(queue: Queue) -> bool:
    return queue.next_order == NextOrder.UNSURE


def _is_whole(value: object, low: int, high: int) -> bool:
    return type(value) is int and low <= value <= high


def _whole(name: str, low: int, high: int) -> Problem:
    return Problem(f"/{name}", "wrong_type", f"Send a whole number from {low:,} to {high:,}.")


def _too_long(queue: Queue, pointer: str, *minutes: int) -> list[Problem]:
    """Nobody means a case to be due in the next decade, which few opening hours would make of many minutes."""
    longest = max(minutes, default=0)
    if calendar_faults(queue.opening_hours, at="") or not too_long(longest, queue.opening_hours):
        return []
    detail = f"With these opening hours, {longest:,} minutes would take more than two years."
    return [Problem(pointer, "too_long", detail)]


def _service_faults(queue: Queue) -> list[Problem]:
    low, high = RISK_BOUNDS
    found = [] if _is_whole(queue.risk_percent, low, high) else [_whole("risk_percent", low, high)]
    rules = _rule_faults(queue)
    rules = rules or _telling_faults(queue)
    return found + (rules or _too_long(queue, "/sla_rules", *(rule["minutes"] for rule in queue.sla_rules)))


def _telling_faults(queue: Queue) -> list[Problem]:
    places = telling(queue.sla_rules) if queue.blind_share else []
    return [Problem(f"/sla_rules/{place}", "rules_tell", _RULES_TELL) for place in places]


def _rule_faults(queue: Queue) -> list[Problem]:
    return rule_faults(queue.sla_rules, check=condition_check(queue.use_case, GIVEN), at="/sla_rules")


def _skill_faults(queue: Queue) -> list[Problem]:
    return skills.rule_faults(queue.skill_rules, check=condition_check(queue.use_case, ()), at="/skill_rules")


def _hours_faults(queue: Queue) -> list[Problem]:
    """Held against the minutes only where those are right, which their own sections say."""
    found = calendar_faults(queue.opening_hours, at="/opening_hours")
    if found or queue.opening_hours is None or _rule_faults(queue) or type(queue.sla_minutes) is not int:
        return found
    minutes = [queue.sla_minutes, *(rule["minutes"] for rule in queue.sla_rules)]
    return _too_long(queue, "/opening_hours/hours", *minutes)


def _late_faults(queue: Queue) -> list[Problem]:
    if queue.late_act not in list(LateAct):
        return [Problem("/late_act", "unknown_value", f"One of {', '.join(LateAct)}.")]
    if queue.late_act == LateAct.PERSON and queue.late_person is None:
        return [Problem("/late_person", "required", "Choose who gets late cases.")]
    return []


SECTIONS = (
    Section("basics", tuple(QUEUE_BOUNDS), _basics_faults),
    Section("next", ("next_order", "answers_again"), _next_faults),
    Section("second-review", ("review_policy",), _review_faults),
    Section("blind", ("blind_share",), _blind_faults),
    Section("service", ("sla_rules", "risk_percent"), _service_faults),
    Section("hours", ("opening_hours",), _hours_faults),
    Section("late", ("late_act", "late_queue", "late_person"), _late_faults),
    Section("skills", ("skill_rules",), _skill_faults),
    Section("proof", ("seeded_share", "qa_automatic_share", "qa_human_share"), _proof_faults),
)
SETTINGS = tuple(name for section in SECTIONS for name in section.settings)


def _queue_named(queue: Queue, slug: str) -> Queue | None:
    return Queue.objects.filter(use_case=queue.use_case_id, slug=slug).exclude(pk=queue.pk).first()


def _person_named(queue: Queue, username: str) -> User | None:
    workers = workers_of(Queue.objects.filter(pk=queue.pk), username=username)
    return workers[0][0] if workers else None


# Settings that refer to another row: by which name they are sent and shown, how it is found, and what to say when it is not.
_REFERS: dict[str, tuple[str, Callable[[Queue, str], Model | None], str]] = {
    "late_queue": ("slug", _queue_named, "Choose another queue of this use case."),
    "late_person": ("username", _person_named, "Choose a person who works on this queue."),
}


def settings_of(queue: Queue, names: Collection[str] = SETTINGS) -> dict[str, Any]:
    """The queue's settings by name, as JSON has them."""
    return {name: _shown(getattr(queue, name), name) for name in names}


def _shown(value: Any, name: str) -> Any:
    return getattr(value, _REFERS[name][0]) if name in _REFERS and value is not None else value


def _on_record(queue: Queue, names: Collection[str]) -> dict[str, Any]:
    """As the audit trail keeps them: rows by id, since a name may be a person's."""
    values = {name: getattr(queue, name) for name in names}
    return {name: str(value.pk) if isinstance(value, Model) else value for name, value in values.items()}


def seen_digest(queue: Queue, names: Collection[str] = SETTINGS) -> str:
    """Names what somebody saw of these settings, so that nobody overwrites what they have not seen."""
    return digest(settings_of(queue, names)).hex()[:32]


@durable
def change_settings(
    *,
    slug: str,
    changes: Mapping[str, Any],
    actor: Actor,
    at: datetime,
    seen: str | None = None,
    among: Collection[str] = SETTINGS,
) -> Queue:
    """Change these settings, by name, and leave the others. What is already so is not changed and leaves no event.

    :param seen: `seen_digest` of the settings `among`, as the actor saw them; None skips that check.
    :raises NotFound: if the actor may not see the queue. :raises NotAllowed: if they see it and do not lead it.
    :raises SettingsMoved: if they are no longer as seen.
    :raises Invalid: with a pointer for each fault.
    """
    queue = _locked(slug, actor)
    if seen is not None and seen != seen_digest(queue, among):
        raise SettingsMoved
    before, known = _on_record(queue, SETTINGS), _faults(queue, changes)
    unknown = [fault for name, value in changes.items() for fault in _put(queue, name, value)]
    _refuse_faults(unknown or _faults(queue, changes), known=known, changes=changes)
    after = _on_record(queue, SETTINGS)
    changed = [name for name in SETTINGS if after[name] != before[name]]
    if changed:
        queue.save(update_fields=changed)
        data = {
            part: {name: values[name] for name in changed} for part, values in (("before", before), ("after", after))
        }
        audit.record("queue.settings_changed", subject=queue, actor=actor, at=at, queue_id=queue.pk, data=data)
    return queue


def _put(queue: Queue, name: str, value: Any) -> list[Problem]:
    """Set it, looked up where it refers to a row; nothing is saved by this."""
    if name in _REFERS and value is not None:
        _, find, detail = _REFERS[name]
        value = find(queue, value) if isinstance(value, str) and "\0" not in value else None
        if value is None:
            return [Problem(f"/{name}", "unknown_value", detail)]
    setattr(queue, name, value)
    return []


def _locked(slug: str, actor: Actor) -> Queue:
    seen = (
        queues_of(actor)
        .select_related("use_case", "late_queue", "late_person")
        .select_for_update(of=("self",), no_key=True)
    )
    queue = seen.filter(slug=slug).first()
    if queue is None:
        raise NotFound
    if not queues_of(actor, LEAD_QUEUE).filter(pk=queue.pk).exists():
        raise NotAllowed("Only a lead of the queue changes its settings.")
    return queue


def _faults(queue: Queue, changes: Mapping[str, Any]) -> list[Problem]:
    """Of the sections that these changes belong to."""
    touched = [section for section in SECTIONS if changes.keys() & set(section.settings)]
    return [fault for section in touched for fault in section.faults(queue)]


def _refuse_faults(found: list[Problem], *, known: list[Problem], changes: Mapping[str, Any]) -> None:
    """A setting that nobody touches may stay as it was, even where today's bounds would refuse it."""
    new = [fault for fault in found if fault.pointer.split("/")[1] in changes or fault not in known]
    if new:
        raise Invalid("Not saved: " + " ".join(fault.detail for fault in new[:3]), errors=new)
