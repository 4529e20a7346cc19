"""Keeping the clock: a case whose time runs short is marked, one whose time is over is never left to itself.

All of it is in the rows: `watch_at` says when a case must be looked at next, and `sla_stage` what is on record already. So a sweep may be killed,
doubled or late, and each case is still told at risk once, breached once and acted on once for each due time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from reviewapp.access.idempotency import durable
from reviewapp.audit import actions as audit
from reviewapp.audit.actions import Entry
from reviewapp.cases.actions.leading import Target, reassign_case, why_not_reassign, worker
from reviewapp.cases.models import Case, Queue
from reviewapp.cases.rules import HIGHEST_PRIORITY, CaseState
from reviewapp.cases.sla import LateAct, Step, next_step
from reviewapp.lib.actor import Actor, system

BATCH = 200
WATCH = system("service-level")

# Whoever is at a case in this moment has its row locked: it is looked at next time.
_LOOK = """
select c.id, c.queue_id, c.sla_stage, c.state, c.due_at, c.priority,
    case when c.state = 'leased' and c.lease_until > statement_timestamp() then c.lease_until end,
    q.late_act, p.username, t.id, t.name, statement_timestamp()
from cases_case c
join cases_queue q on q.id = c.queue_id
left join access_user p on p.id = q.late_person_id
left join cases_queue t on t.id = coalesce(q.late_queue_id,
    (select l.id from cases_queue l where l.use_case_id = q.use_case_id and l.is_lead)) and t.id <> q.id
where c.watch_at <= statement_timestamp() and c.state <> 'decided'
order by c.watch_at for no key update of c skip locked limit %s
"""


@dataclass(frozen=True, slots=True)
class _Watched:
    """A locked case whose moment has come, and what its queue does with late ones. `to` is another queue, where there is one."""

    id: UUID
    queue_id: UUID
    stage: str
    state: str
    due_at: datetime
    priority: int
    lease_until: datetime | None
    late_act: str
    person: str | None
    to: UUID | None
    to_name: str | None
    now: datetime

    def step(self) -> Step:
        return next_step(self.stage, due=self.due_at, lease_until=self.lease_until, now=self.now)

    def entry(self, action: str, **data: Any) -> Entry:
        return Entry(action, "cases.case", str(self.id), self.queue_id, data)


def watch_sla(*, at: datetime) -> int:
    """Look at every case whose moment has come, by the database's clock; returns at how many.

    A late case gets the highest priority, and what its queue says becomes of it: another queue, a person, or to stay. A pended one comes
    back with it. Who holds one under a lease keeps it until the lease ends. No case is ever decided by this.
    """
    seen = 0
    while count := _watch_batch(actor=WATCH, at=at):
        seen += count
    return seen


@durable
def _watch_batch(*, actor: Actor, at: datetime) -> int:
    """The cases and their events are one transaction: killed before its commit, nothing happened; after it, all did."""
    with connection.cursor() as cursor:
        cursor.execute(_LOOK, [BATCH])
        rows = [_Watched(*row) for row in cursor.fetchall()]
    if rows:
        steps = [row.step() for row in rows]
        entries = [entry for row, step in zip(rows, steps, strict=True) for entry in _told(row, step)]
        _mark(rows, steps)
        entries += _act([row for row, step in zip(rows, steps, strict=True) if step.acts])
        audit.record_many(entries, actor=actor, at=at)
    return len(rows)


def _told(row: _Watched, step: Step) -> list[Entry]:
    due = row.due_at.astimezone(UTC).isoformat()
    threatened = [row.entry("case.sla_threatened", due_at=due)] if step.is_threatened else []
    priority = max(row.priority, HIGHEST_PRIORITY)
    breached = [row.entry("case.sla_breached", due_at=due, before=row.priority, priority=priority)]
    return threatened + (breached if step.is_breached else [])


_MARK = """
update cases_case c set sla_stage = v.stage, watch_at = v.watch_at,
    priority = case when v.late then greatest(c.priority, %(highest)s) else c.priority end
from unnest(%(ids)s::uuid[], %(stages)s::text[], %(watch)s::timestamptz[], %(late)s::boolean[]) as v(id, stage, watch_at, late)
where c.id = v.id
"""


def _mark(rows: Sequence[_Watched], steps: Sequence[Step]) -> None:
    values: dict[str, Any] = {
        "ids": [row.id for row in rows],
        "stages": [step.stage.value for step in steps],
        "watch": [step.watch_at for step in steps],
        "late": [step.is_breached for step in steps],
        "highest": HIGHEST_PRIORITY,
    }
    with connection.cursor() as cursor:
        cursor.execute(_MARK, values)


def _act(rows: Sequence[_Watched]) -> list[Entry]:
    """What the queues do with these late cases, which nobody holds. What no person may get goes to the other queue."""
    given = _give([row for row in rows if row.late_act == LateAct.PERSON])
    rest = [row for row in rows if row.id not in given]
    moved = [(row, row.to) for row in rest if row.to is not None and row.late_act != LateAct.STAY]
    back = [(row, row.queue_id) for row in rest if row.state == CaseState.PENDED]
    _let_wait({row.id: queue_id for row, queue_id in back + moved})
    told = [row.entry("case.escalated", passed_to=str(queue_id), moved_to=row.to_name) for row, queue_id in moved]
    return [*given.values(), *told]


def _give(rows: Sequence[_Watched]) -> dict[UUID, Entry]:
    """Those that their queue's person may have, by case, each under a lease of its own; of nobody more than they may hold."""
    cases = Case.objects.select_related("queue", "holder").in_bulk([row.id for row in rows]) if rows else {}
    people = {name: _target(name, rows) for name in {row.person for row in rows}}
    given = {}
    for row in rows:
        case, target = cases[row.id], people[row.person]
        if target is not None and why_not_reassign(case, target) is None:
            target.held += 1
            data = reassign_case(case, target)
            given[row.id] = row.entry("case.escalated", **data)
    return given


def _target(name: str | None, rows: Iterable[_Watched]) -> Target | None:
    theirs = [row for row in rows if row.person == name]
    queues = Queue.objects.filter(pk__in={row.queue_id for row in theirs})
    return worker(name, queues, [row.id for row in theirs], by_lead=False) if name else None


_LET_WAIT = """
update cases_case c set queue_id = v.queue_id, state = 'open', holder_id = null, lease_until = null, leased_at = null,
    follow_up_at = null, pended_by_id = null
from unnest(%s::uuid[], %s::uuid[]) as v(id, queue_id) where c.id = v.id
"""


def _let_wait(places: Mapping[UUID, UUID]) -> None:
    """Each case in its queue, held by nobody."""
    if places:
        with connection.cursor() as cursor:
            cursor.execute(_LET_WAIT, [list(places), list(places.values())])
