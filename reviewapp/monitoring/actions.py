"""Saying who is on shift."""

from datetime import datetime

from reviewapp.access.idempotency import durable
from reviewapp.access.rules import LEAD_QUEUE
from reviewapp.audit import actions as audit
from reviewapp.cases.models import Queue
from reviewapp.cases.queries import queues_of
from reviewapp.lib.actor import Actor
from reviewapp.lib.errors import Invalid, NotFound, Problem
from reviewapp.monitoring.models import Shift
from reviewapp.monitoring.rules import LONGEST_SHIFT, MOST_PEOPLE


@durable
def enter_shift(*, slug: str, people: int, until: datetime, actor: Actor, at: datetime) -> Shift:
    """So many people work on the queue until then, whatever was entered before.

    :raises NotFound: if the actor does not lead the queue.
    :raises Invalid: for more people than anybody means, or a time that is over or more than a day away.
    """
    queue = _locked(slug, actor)
    if not 0 <= people <= MOST_PEOPLE:
        raise Invalid(errors=[Problem("/people", "out_of_range", f"Write a whole number from 0 to {MOST_PEOPLE}.")])
    if not at < until <= at + LONGEST_SHIFT:
        raise Invalid(errors=[Problem("/until", "out_of_range", "Write a time within the next 24 hours.")])
    values = {"people": people, "until": until, "entered_by_id": actor.user_id, "entered_at": at}
    shift, _ = Shift.objects.update_or_create(queue=queue, defaults=values)
    data = {"people": people, "until": until.isoformat()}
    audit.record("queue.shift_entered", subject=queue, actor=actor, at=at, queue_id=queue.pk, data=data)
    return shift


@durable
def clear_shift(*, slug: str, actor: Actor, at: datetime) -> None:
    """Count those who are seen at work again. Where nothing was entered, nothing changes and nothing is recorded.

    :raises NotFound: if the actor does not lead the queue.
    """
    queue = _locked(slug, actor)
    if Shift.objects.filter(queue=queue).delete()[0]:
        audit.record("queue.shift_cleared", subject=queue, actor=actor, at=at, queue_id=queue.pk)


def _locked(slug: str, actor: Actor) -> Queue:
    """One lead at a time."""
    led = queues_of(actor, LEAD_QUEUE).select_for_update(of=("self",), no_key=True)
    queue = led.filter(slug=slug).first()
    if queue is None:
        raise NotFound
    return queue
