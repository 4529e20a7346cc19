"""Saying which skills people have: leads do, of the people of their use case."""

from collections.abc import Sequence
from datetime import datetime

from reviewapp.access.idempotency import durable
from reviewapp.access.models import User
from reviewapp.access.rules import LEAD_QUEUE
from reviewapp.audit import actions as audit
from reviewapp.cases.models import Queue, Skill
from reviewapp.cases.queries import queues_of
from reviewapp.cases.skills import MOST_SKILLS, NAME_HELP, is_skill
from reviewapp.cases.staffing import skilled_people
from reviewapp.lib.actor import Actor
from reviewapp.lib.errors import Invalid, NotAllowed, NotFound, Problem


@durable
def set_skills(
    *, slug: str, username: str, skills: Sequence[str], actor: Actor, at: datetime
) -> tuple[User, list[str]]:
    """Give somebody exactly these skills in the use case of the queue. What is already so is not changed and leaves no event.

    :raises NotFound: if the actor may not see the queue. :raises NotAllowed: if they do not lead it, or give themself a skill.
    :raises Invalid: for what is no skill, and for a person who works on no queue of the use case.
    """
    queue = _led(slug, actor)
    person, wanted = _person(queue, username), _skills(skills)
    User.objects.select_for_update(no_key=True).get(pk=person.pk)
    rows = Skill.objects.filter(user=person, use_case=queue.use_case_id)
    had = set(rows.values_list("name", flat=True))
    added, taken = sorted(wanted - had), sorted(had - wanted)
    if added and person.pk == actor.user_id:
        raise NotAllowed("Nobody gives themself a skill. Another lead does.", code="own-skills")
    rows.filter(name__in=taken).delete()
    Skill.objects.bulk_create([Skill(user=person, use_case_id=queue.use_case_id, name=name) for name in added])
    if added or taken:
        data = {"use_case": str(queue.use_case_id), "added": added, "taken": taken}
        audit.record("user.skills_changed", subject=person, actor=actor, at=at, queue_id=queue.pk, data=data)
    return person, sorted(wanted)


def _led(slug: str, actor: Actor) -> Queue:
    queue = queues_of(actor).filter(slug=slug).first()
    if queue is None:
        raise NotFound
    if not queues_of(actor, LEAD_QUEUE).filter(pk=queue.pk).exists():
        raise NotAllowed("Only a lead of the queue says who has which skill.")
    return queue


def _person(queue: Queue, username: str) -> User:
    found = skilled_people(queue, username=username) if username and "\0" not in username else []
    if not found:
        detail = "Choose a person who works on a queue of this use case."
        raise Invalid(detail, errors=[Problem("/person", "unknown_value", detail)])
    return found[0][0]


def _skills(names: Sequence[str]) -> set[str]:
    if len(set(names)) > MOST_SKILLS or not all(is_skill(name) for name in names):
        detail = f"{NAME_HELP} One person has at most {MOST_SKILLS}."
        raise Invalid(detail, errors=[Problem("/skills", "wrong_type", detail)])
    return set(names)
