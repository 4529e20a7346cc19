"""What a lead does to the cases of their queues: takes them back, gives them to somebody, changes their priority, moves them.

Every case is judged alone, and what cannot be done to one keeps no other from it. What can be done is one transaction, so that a repeated
request finds one answer, and a lead who loses the connection finds all of it or nothing; each case has an audit event of its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from reviewapp.access.idempotency import durable
from reviewapp.access.models import User
from reviewapp.access.rules import LEAD_QUEUE
from reviewapp.audit import actions as audit
from reviewapp.audit.actions import Entry
from reviewapp.cases.actions.leasing import reopen
from reviewapp.cases.models import Case, Queue, Review
from reviewapp.cases.queries import queues_of, recused, visible_cases, within_skills, workers_of
from reviewapp.cases.rules import HIGHEST_PRIORITY, REASON_LENGTH, CaseState, LeadAct, Stage
from reviewapp.cases.withholding import reveal
from reviewapp.lib.actor import Actor
from reviewapp.lib.errors import Conflict, CountersignError, Invalid, NotFound, Problem
from reviewapp.lib.fields import why_faults

MOST_CASES = 200


@dataclass(frozen=True, slots=True)
class Order:
    """One act on some cases, and why. `to` is a user name for reassign and the slug of a queue for move."""

    act: LeadAct
    case_ids: Sequence[UUID]
    to: str = ""
    priority: int = 0
    reason: str = ""


@dataclass(slots=True)
class Target:
    """Whom or what an order names, and what bears on giving them a case. `held` counts on while cases are given."""

    person: User | None = None
    works_on: frozenset[UUID] = frozenset()
    leads: frozenset[UUID] = frozenset()
    answered: frozenset[UUID] = frozenset()
    recused: frozenset[UUID] = frozenset()
    unskilled: frozenset[UUID] = frozenset()  # cases that need a skill they do not have
    held: int = 0
    away_until: datetime | None = None  # while they are out of office
    queue: Queue | None = None
    priority: int = 0

    @property
    def name(self) -> str:
        return self.person.display_name if self.person else self.queue.name if self.queue else ""


@dataclass(frozen=True, slots=True)
class Result:
    """What an order does to one case. `case` is None for one the actor may not see; without a `problem` it is done, or would be."""

    case_id: UUID
    case: Case | None
    problem: CountersignError | None


@dataclass(frozen=True, slots=True)
class Outlook:
    target: Target
    results: list[Result]


def foresee(*, order: Order, actor: Actor) -> Outlook:
    """What `lead_cases` would do now; changes nothing. An order that names nobody yet is judged by the cases alone.

    :raises Invalid: if it names somebody or something the actor may not choose.
    """
    target = _target(order, actor)
    return Outlook(target, _judge(order, target, actor))


@durable
def lead_cases(*, order: Order, actor: Actor, at: datetime) -> list[Result]:
    """Do to each case what can be done, and say of each of the others why not, in the order of `case_ids`.

    :raises Invalid: for a reason or priority out of bounds, and for a person or queue the actor may not choose.
    """
    _refuse_faults(order)
    _lock(order, actor)
    target = _target(order, actor)  # only now: an answer that was on its way has changed who may get the case
    results = _judge(order, target, actor)
    entries = [_carry_out(order, result.case, target) for result in results if result.case and not result.problem]
    audit.record_many(entries, actor=actor, at=at)
    return results


def _refuse_faults(order: Order) -> None:
    faults = why_faults(order.reason, most=REASON_LENGTH)
    if order.act in {LeadAct.REASSIGN, LeadAct.MOVE} and not order.to:
        faults.append(_CHOOSE[order.act])
    if not 0 <= order.priority <= HIGHEST_PRIORITY:
        faults.append(Problem("/priority", "wrong_type", f"Send a whole number from 0 to {HIGHEST_PRIORITY}."))
    if faults:
        raise Invalid(" ".join(fault.detail for fault in faults), errors=faults)


_CHOOSE = {
    LeadAct.REASSIGN: Problem("/to", "unknown_value", "Choose a person who works on a queue that you lead."),
    LeadAct.MOVE: Problem("/to", "unknown_value", "Choose a queue that you lead."),
}


def _target(order: Order, actor: Actor) -> Target:
    """:raises Invalid: without telling a person who does not exist from one who works elsewhere."""
    if order.act == LeadAct.REASSIGN and order.to:
        return _person(order, actor)
    if order.act == LeadAct.MOVE and order.to:
        queue = queues_of(actor, LEAD_QUEUE).filter(slug=order.to).first()
        if queue is None:
            raise Invalid(_CHOOSE[order.act].detail, errors=[_CHOOSE[order.act]])
        return Target(queue=queue)
    return Target(priority=order.priority)


def _person(order: Order, actor: Actor) -> Target:
    target = worker(order.to, queues_of(actor, LEAD_QUEUE), order.case_ids)
    if target is None:
        raise Invalid(_CHOOSE[order.act].detail, errors=[_CHOOSE[order.act]])
    return target


def worker(username: str, queues: QuerySet[Queue], case_ids: Sequence[UUID], *, by_lead: bool = True) -> Target | None:
    """Somebody who works on one of `queues`, and what bears on giving them any of these cases.

    :param by_lead: a lead chooses them, who may choose also whoever answered a case before it was reopened.
    """
    workers = workers_of(queues, username=username)
    if not workers:
        return None
    ((person, works_on),) = workers
    leads = frozenset[UUID]().union(*(on for _, on in workers_of(queues, right=LEAD_QUEUE, username=username)))
    bars = Q(round__gte=F("case__counted_from"))
    if not by_lead:
        bars |= Q(case__queue__answers_again=False)
    answered = Review.objects.filter(bars, case__in=case_ids, reviewer=person, reversal=None)
    held = Case.objects.filter(holder=person, state=CaseState.LEASED, lease_until__gt=Now()).count()
    knows = Case.objects.filter(recused(person.pk), pk__in=case_ids).values_list("pk", flat=True)
    lacks = Case.objects.filter(pk__in=case_ids).exclude(within_skills(person.pk)).values_list("pk", flat=True)
    away = User.objects.filter(pk=person.pk, away_until__gt=Now()).values_list("away_until", flat=True).first()
    return Target(
        person,
        works_on,
        leads,
        frozenset(answered.values_list("case", flat=True)),
        frozenset(knows),
        frozenset(lacks),
        held,
        away,
    )


def _lock(order: Order, actor: Actor) -> None:
    """In the order of ids, so that two leads wait for each other instead of blocking each other; of led queues only."""
    led = Case.objects.filter(pk__in=order.case_ids, queue__in=queues_of(actor, LEAD_QUEUE).values("pk"))
    list(led.select_for_update(no_key=True).order_by("pk").values_list("pk"))


def _judge(order: Order, target: Target, actor: Actor) -> list[Result]:
    led = set(queues_of(actor, LEAD_QUEUE).values_list("pk", flat=True))
    seen = visible_cases(actor).select_related("queue", "holder").filter(pk__in=order.case_ids)
    cases = {case.pk: case for case in seen}
    reveal(cases.values(), actor)
    return [_judge_one(case_id, cases.get(case_id), order.act, target, led) for case_id in order.case_ids]


def _judge_one(case_id: UUID, case: Case | None, act: LeadAct, target: Target, led: set[UUID]) -> Result:
    if case is None:
        return Result(case_id, None, NotFound())
    if case.queue_id not in led:
        return Result(case_id, case, Conflict(f"It is in {case.queue.name}, which you do not lead.", code="not-led"))
    if case.state == CaseState.DECIDED:
        return Result(case_id, case, Conflict("It is decided already.", code="already-decided"))
    problem = _REFUSALS[act](case, target)
    if problem is None and target.person is not None:
        target.held += 1
    return Result(case_id, case, problem)


def _why_not_release(case: Case, _: Target) -> Conflict | None:
    return None if case.state == CaseState.LEASED else Conflict("Nobody holds it.", code="not-held")


def why_not_reassign(case: Case, target: Target) -> Conflict | None:
    """`case` comes with its queue."""
    person, queue = target.person, case.queue
    if person is None:
        return None
    if queue.pk not in target.works_on:
        return Conflict(f"{person.display_name} may not work on {queue.name}.", code="may-not-work")
    if target.away_until is not None:
        until = timezone.localtime(target.away_until)
        return Conflict(f"{person.display_name} is away until {until:%-d %b, %H:%M}.", code="away")
    if (unfit := _why_not_theirs(case, target, person.display_name)) is not None:
        return unfit
    if case.stage == Stage.ADJUDICATION and queue.pk not in target.leads:
        return Conflict(
            f"Two answers differ, and {person.display_name} does not lead {queue.name}.", code="may-not-lead"
        )
    if case.state == CaseState.LEASED and case.holder_id == person.pk:
        return Conflict(f"{person.display_name} holds it already.", code="holds-it")
    if target.held >= queue.most_held:
        most = f"{person.display_name} then holds as many cases as {queue.name} allows, {queue.most_held}."
        return Conflict(most, code="holds-too-many")
    return None


def _why_not_theirs(case: Case, target: Target, name: str) -> Conflict | None:
    """What keeps this very person from this very case."""
    if case.pk in target.answered:
        return Conflict(f"{name} has answered it already.", code="already-reviewed")
    if case.pk in target.recused:
        return Conflict(f"{name} knows the person it is about.", code="knows-subject")
    if case.pk in target.unskilled and case.stage != Stage.ADJUDICATION:
        return Conflict(f"{name} lacks the skill {case.skill}, which it needs.", code="lacks-skill")
    return None


def _why_not_prioritise(case: Case, target: Target) -> Conflict | None:
    if case.priority == target.priority and not case.is_withheld:  # else a lead could ask until they know it
        return Conflict(f"It has priority {case.priority} already.", code="same-priority")
    return None


def _why_not_move(case: Case, target: Target) -> Conflict | None:
    """A case in somebody's hands stays where its holder may still send or keep what they typed."""
    if case.state == CaseState.LEASED and case.holder:
        return Conflict(f"{case.holder.display_name} holds it. Take it back first.", code="held")
    if target.queue is None:
        return None
    if case.queue_id == target.queue.pk:
        return Conflict(f"It is in {case.queue.name} already.", code="same-queue")
    if case.queue.use_case_id != target.queue.use_case_id:
        return Conflict(f"{target.queue.name} belongs to another use case.", code="other-use-case")
    return None


_REFUSALS: dict[LeadAct, Callable[[Case, Target], Conflict | None]] = {
    LeadAct.RELEASE: _why_not_release,
    LeadAct.REASSIGN: why_not_reassign,
    LeadAct.PRIORITISE: _why_not_prioritise,
    LeadAct.MOVE: _why_not_move,
}


def _carry_out(order: Order, case: Case, target: Target) -> Entry:
    """Change one locked case; its event belongs to the queue it was in."""
    action, act = _ACTS[order.act]
    queue_id, holder_id = case.queue_id, case.holder_id
    data = act(case, target)
    if holder_id is not None:
        data["holder"] = str(holder_id)
    return Entry(action, "cases.case", str(case.pk), queue_id, data, reason=order.reason.strip())


def release_for(case: Case, _: Target) -> dict[str, Any]:
    """Back to its queue. The former holder's lease is lost: what they send now is kept as a draft."""
    reopen(case)
    return {"lease": case.lease}


def reassign_case(case: Case, target: Target) -> dict[str, Any]:
    """A lease of its own for the person, for the queue's full time by the database's clock. What was pended waits no longer."""
    case.holder, case.state = target.person, CaseState.LEASED
    with connection.cursor() as cursor:
        cursor.execute(
            "update cases_case set state = 'leased', holder_id = %s, lease = lease + 1, leased_at = clock_timestamp(),"
            " follow_up_at = null, pended_by_id = null, lease_until = clock_timestamp() + %s * interval '1 minute'"
            " where id = %s returning lease, leased_at, lease_until",
            [case.holder_id, case.queue.lease_minutes, case.pk],
        )
        case.lease, case.leased_at, case.lease_until = cursor.fetchone()
    return {"lease": case.lease, "assigned_to": str(case.holder_id)}


def reprioritise_case(case: Case, target: Target) -> dict[str, Any]:
    """Who holds it keeps it; in the queue it is taken sooner or later than before."""
    before, case.priority = case.priority, target.priority
    case.save(update_fields=["priority"])
    return {"priority": case.priority, "before": before}


def move_case(case: Case, target: Target) -> dict[str, Any]:
    """To wait in the other queue, for its follow-up time if it is pended. It is due when it was: who waits for it knows nothing of queues."""
    assert target.queue is not None  # noqa: S101 -- for the type checker: `_refuse_faults` asks for it
    case.queue = target.queue
    if case.state == CaseState.PENDED:
        case.save(update_fields=["queue"])
    else:
        reopen(case)
    return {"passed_to": str(case.queue_id), "moved_to": target.queue.name}


_ACTS: dict[LeadAct, tuple[str, Callable[[Case, Target], dict[str, Any]]]] = {
    LeadAct.RELEASE: ("case.taken_back", release_for),
    LeadAct.REASSIGN: ("case.reassigned", reassign_case),
    LeadAct.PRIORITISE: ("case.reprioritised", reprioritise_case),
    LeadAct.MOVE: ("case.moved", move_case),
}
