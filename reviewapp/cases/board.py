"""The lead's board: what is held, at risk or breached in the queues one leads. Which filters it knows and how it is paged: all in the URL."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db import connection

from reviewapp.access.models import User
from reviewapp.cases.models import Case, Queue
from reviewapp.cases.queries import MOST_WORKERS
from reviewapp.lib import listing, paging, query
from reviewapp.lib.errors import Malformed

PAGE_SIZE = 30
ORDER = ("due_at", "id")
FILTERS = ("queue", "holder", "state")
PARAMS = (*FILTERS, "cursor", "page_size")
STATES = [("held", "In hand"), ("waiting", "Waiting"), ("breached", "Breached")]


@dataclass(frozen=True, slots=True)
class Choice:
    """The filters chosen: the slug of a queue, the id of who holds, and a state."""

    queue: str = ""
    holder: str = ""
    state: str = ""

    @classmethod
    def of(cls, values: Mapping[str, str], queues: Iterable[Queue]) -> "Choice":
        """:raises Malformed: for a value that is not among the options."""
        holder = values.get("holder", "")
        if holder and query.uuid(holder) is None:
            raise Malformed("holder is the id of a person.", code="bad-param")
        slug = listing.one_of(values, "queue", [(queue.slug, queue.name) for queue in queues])
        return cls(slug, holder, listing.one_of(values, "state", STATES))

    @property
    def is_set(self) -> bool:
        return bool(self.queue or self.holder or self.state)

    @property
    def params(self) -> str:
        return urlencode({name: value for name, value in asdict(self).items() if value})

    def form(self, url: str, queues: Iterable[Queue], holders: Iterable[User]) -> dict[str, Any]:
        """The context of components/_filters.html."""
        names = [(queue.slug, queue.name) for queue in queues]
        people = [(str(person.pk), person.display_name) for person in holders]
        return {
            "search": None,
            "selects": [
                listing.select("queue", "Queue", names, self.queue),
                listing.select("holder", "Held by", people, self.holder, everything="Anybody or nobody"),
                listing.select("state", "State", STATES, self.state),
            ],
            "clear_url": url if self.is_set else None,
        }


# Ranges of each queue, each by an index of its own and no longer than the page: what is held, what waits and is breached, what waits and is
# at risk, as the watch has noted or will note in a moment.
_HELD = """select c.id, c.due_at from cases_case c where c.queue_id = q.id and c.state = 'leased' and c.lease_until >= %(now)s
        and (%(holder)s::uuid is null or c.holder_id = %(holder)s) and {both}"""
_WAITING = """select c.id, c.due_at from cases_case c where c.queue_id = q.id and c.state <> 'decided'
        and (c.state = 'open' or c.lease_until < %(now)s) and {both}"""
_LATE = _WAITING + " and c.due_at <= %(now)s"
_AT_RISK = _WAITING + " and c.sla_stage = 'at_risk' and c.due_at > %(now)s"
_UNNOTED = _WAITING + " and c.sla_stage = 'running' and c.watch_at <= %(now)s and c.due_at > %(now)s"
_LISTED = """
select x.id from cases_queue q cross join lateral ({parts}) x
where q.id = any(%(queues)s) order by x.due_at {way}, x.id {way} limit %(limit)s
"""
_BEHIND = {
    None: "true",
    False: "(c.due_at, c.id) > (%(due)s, %(id)s)",
    True: "(c.due_at, c.id) < (%(due)s, %(id)s)",
}


def listed(
    queues: Sequence[Queue], choice: Choice, *, now: datetime, cursor: str | None = None, size: int = PAGE_SIZE
) -> paging.Page[Case]:
    """One page of the board, soonest due first, with queues and holders; two statements."""
    chosen = [queue.pk for queue in queues if choice.queue in {"", queue.slug}]
    values = {"now": now, "queues": chosen, "holder": choice.holder or None}

    def fetch(key: Sequence[Any] | None, backwards: bool, limit: int) -> list[Case]:
        due, after = key or (None, None)
        sql = _statement(choice, None if key is None else backwards, backwards)
        return _cases(sql, {**values, "due": due, "id": after, "limit": limit})

    purpose = f"board {choice.params}"
    return paging.page_of(fetch, order=ORDER, cursor=cursor, size=size, purpose=purpose)


def _statement(choice: Choice, behind: bool | None, backwards: bool) -> str:
    way = "desc" if backwards else "asc"
    both = _BEHIND[behind] + (" and c.due_at <= %(now)s" if choice.state == "breached" else "")
    parts = [_HELD] if choice.state != "waiting" else []
    if choice.state != "held" and not choice.holder:
        parts += [_LATE] if choice.state == "breached" else [_LATE, _AT_RISK, _UNNOTED]
    bounded = [f"({part.format(both=both)} order by c.due_at {way}, c.id {way} limit %(limit)s)" for part in parts]
    return _LISTED.format(parts=" union all ".join(bounded or [f"({_WAITING.format(both='false')})"]), way=way)


def _cases(sql: str, values: Mapping[str, Any]) -> list[Case]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        ids = [row[0] for row in cursor.fetchall()]
    found = Case.objects.select_related("queue", "holder").in_bulk(ids)
    return [found[pk] for pk in ids if pk in found]


_HOLDERS = """
select distinct c.holder_id from cases_case c where c.queue_id = any(%s) and c.state = 'leased' and c.lease_until >= %s limit %s
"""


def holders(queues: Sequence[Queue], *, now: datetime) -> list[User]:
    """Who holds a case of these queues, by name; two statements."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLDERS, [[queue.pk for queue in queues], now, MOST_WORKERS])
        ids = [row[0] for row in cursor.fetchall()]
    return list(User.objects.filter(pk__in=ids).order_by("display_name", "pk"))


def mark(cases: Iterable[Case]) -> str:
    """Changes when the list does: another case, holder or priority, or another order. `withholding.reveal` has gone over the cases: whoever
    knew the rest could try every priority against it."""
    rows = [f"{case.pk} {case.state} {case.lease} {case.queue_id} {case.shown_priority}" for case in cases]
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:16]


def ids_of(texts: Sequence[str]) -> list[UUID] | None:
    """Ids of cases as sent, each once and in the canonical form; else None."""
    ids = [found for text in texts if (found := query.uuid(text))]
    return ids if len(ids) == len(texts) == len(set(ids)) else None
