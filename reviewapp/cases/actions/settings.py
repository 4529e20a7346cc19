"""Changing how a queue works. A section is a handful of settings that are checked together; the page and the API save by one action.

A further section is a function that finds the faults of its settings, and a line in SECTIONS.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reviewapp.access.idempotency import durable
from reviewapp.access.rules import LEAD_QUEUE
from reviewapp.audit import actions as audit
from reviewapp.cases import queries, second_review
from reviewapp.cases.models import Queue
from reviewapp.cases.queries import queues_of
from reviewapp.cases.rules import MOST_SEEDED, QUEUE_BOUNDS
from reviewapp.lib.actor import Actor
from reviewapp.lib.canonical import digest
from reviewapp.lib.errors import Conflict, Invalid, NotAllowed, NotFound, Problem


class SettingsMoved(Conflict):
    """Somebody changed these settings since you looked. Look at them again, then save."""

    code = "settings-moved"


@dataclass(frozen=True, slots=True)
class Section:
    """Settings that belong together, each a column of Queue, and everything that is wrong with them in a queue not yet saved.

    A pointer of a fault begins with the name of the setting. The values may be anything that JSON can say.
    """

    name: str
    settings: tuple[str, ...]
    faults: Callable[[Queue], list[Problem]]


def _basics_faults(queue: Queue) -> list[Problem]:
    return [
        Problem(f"/{name}", "wrong_type", f"Send a whole number from {low:,} to {high:,}.")
        for name, (low, high) in QUEUE_BOUNDS.items()
        if type(getattr(queue, name)) is not int or not low <= getattr(queue, name) <= high
    ]


def _proof_faults(queue: Queue) -> list[Problem]:
    share = queue.seeded_share
    if type(share) in (int, float) and 0 <= share <= MOST_SEEDED:
        return []
    return [Problem("/seeded_share", "out_of_range", f"Send a number from 0 to {MOST_SEEDED}.")]


def _review_faults(queue: Queue) -> list[Problem]:
    outcomes, numbers = queue.use_case.outcome_values, [name for name, _ in queries.number_inputs(queue.use_case)]
    found = second_review.faults(queue.review_policy, outcomes=outcomes, numbers=numbers)
    return [Problem(f"/review_policy{fault.pointer}", fault.code, fault.detail) for fault in found]


SECTIONS = (
    Section("basics", tuple(QUEUE_BOUNDS), _basics_faults),
    Section("second-review", ("review_policy",), _review_faults),
    Section("proof", ("seeded_share",), _proof_faults),
)
SETTINGS = tuple(name for section in SECTIONS for name in section.settings)


def settings_of(queue: Queue, names: Collection[str] = SETTINGS) -> dict[str, Any]:
    """The queue's settings by name, as JSON has them."""
    return {name: getattr(queue, name) for name in names}


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
    before, known = settings_of(queue), _faults(queue, changes)
    for name, value in changes.items():
        setattr(queue, name, value)
    _refuse_faults(_faults(queue, changes), known=known, changes=changes)
    changed = [name for name in SETTINGS if getattr(queue, name) != before[name]]
    if changed:
        queue.save(update_fields=changed)
        data = {"before": {name: before[name] for name in changed}, "after": settings_of(queue, changed)}
        audit.record("queue.settings_changed", subject=queue, actor=actor, at=at, queue_id=queue.pk, data=data)
    return queue


def _locked(slug: str, actor: Actor) -> Queue:
    seen = queues_of(actor).select_related("use_case").select_for_update(of=("self",), no_key=True)
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
