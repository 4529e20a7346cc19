"""Who has which skill in a use case, and which cases wait for one that nobody at work has."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from django.db import connection

from reviewapp.access.models import User
from reviewapp.access.rules import LEAD_QUEUE
from reviewapp.cases.figures import COUNT_LIMIT
from reviewapp.cases.models import Case, Queue, Skill
from reviewapp.cases.queries import queues_of, workers_of
from reviewapp.lib.actor import Actor

AT_WORK = timedelta(minutes=30)  # since somebody took or answered a case, as the forecast counts people


def lacks_skill(case: Case, actor: Actor) -> bool:
    """Whether the case, which comes with its queue, needs a skill that the actor does not have. No statement for most cases."""
    if not case.skill:
        return False
    held = Skill.objects.filter(user_id=cast("UUID", actor.user_id), use_case=case.queue.use_case_id, name=case.skill)
    return not held.exists()


def named_skills(use_case_id: UUID) -> list[str]:
    """Those that rules of the use case's queues ask for, and those that people have, in the order of the alphabet."""
    rules = Queue.objects.filter(use_case=use_case_id).values_list("skill_rules", flat=True)
    asked = {rule["skill"] for body in rules for rule in body}
    return sorted(asked | set(Skill.objects.filter(use_case=use_case_id).values_list("name", flat=True)))


def led_queue(slug: str, actor: Actor) -> Queue | None:
    """The queue with its use case, if the actor leads it."""
    return queues_of(actor, LEAD_QUEUE).select_related("use_case").filter(slug=slug).first()


def skilled_people(queue: Queue, *, username: str = "") -> list[tuple[User, list[str]]]:
    """Who works on a queue of this queue's use case, by name, with their skills there; `username` asks for one."""
    queues = Queue.objects.filter(use_case=queue.use_case_id)
    people = [person for person, _ in workers_of(queues, username=username)]
    held: dict[UUID, list[str]] = {}
    rows = Skill.objects.filter(use_case=queue.use_case_id, user__in=people).order_by("name")
    for user_id, name in rows.values_list("user", "name"):
        held.setdefault(user_id, []).append(name)
    return [(person, held.get(person.pk, [])) for person in people]


@dataclass(frozen=True, slots=True)
class Gap:
    """So many cases of a queue wait for a skill that nobody at work has."""

    queue: str
    skill: str
    waiting: int


_GAPS = """
select q.name, w.skill, w.n
from (select c.queue_id, c.skill, count(*) n from cases_case c where c.queue_id = any(%(queues)s) and c.skill <> '' and c.state <> 'decided'
    and (c.state = 'open' or c.lease_until < %(now)s) and c.stage <> 'adjudication' group by 1, 2) w
join cases_queue q on q.id = w.queue_id
where not exists (
    select from cases_skill s join access_user u on u.id = s.user_id
    where s.use_case_id = q.use_case_id and s.name = w.skill and u.is_active and (u.away_until is null or u.away_until <= %(now)s)
        and (exists (select from cases_case h where h.holder_id = u.id and h.state = 'leased'
                and (h.lease_until >= %(now)s or h.leased_at > %(since)s))
            or exists (select from cases_review r where r.reviewer_id = u.id and r.reviewed_at > %(since)s)))
order by 1, 2
"""


def gaps(queues: Collection[Queue], *, now: datetime) -> list[Gap]:
    """By queue and skill; one statement, and none where no rule asks for a skill."""
    asking = [queue.pk for queue in queues if queue.skill_rules]
    if not asking:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_GAPS, {"queues": asking, "now": now, "since": now - AT_WORK})
        return [Gap(name, skill, min(count, COUNT_LIMIT + 1)) for name, skill, count in cursor.fetchall()]
