"""Taking a case: the next one of a queue, or one that was picked."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models.functions import Now

from reviewapp.access.grants import granted_sql
from reviewapp.access.idempotency import durable
from reviewapp.access.rules import LEAD_QUEUE, WORK_QUEUE
from reviewapp.audit import actions as audit
from reviewapp.cases.actions.refusals import (
    AlreadyReviewed,
    AnsweredBefore,
    HoldsTooMany,
    KnowsSubject,
    LeadDecides,
    NeedsSkill,
    NotWaiting,
)
from reviewapp.cases.models import Case, Queue
from reviewapp.cases.ordering import NextOrder
from reviewapp.cases.originals import CASES_OF
from reviewapp.cases.queries import barring_reviews, is_recused, may_adjudicate, queues_of, visible_cases
from reviewapp.cases.rules import CaseState, Stage
from reviewapp.cases.staffing import lacks_skill
from reviewapp.lib.actor import Actor
from reviewapp.lib.errors import NotFound

# One statement: find the queue if the actor may work on it, pick in its order, skip what others are picking, and lease.
# Time is the database's, so that web servers need not agree on it. What the actor holds is counted once their other claims are done, until the
# end of the transaction: by a function of the database, as a lock of its own would cost each claim a statement.
_CLAIM = """
with q as materialized (select id, lease_minutes, most_held, next_order, answers_again from cases_queue where {which} and id in ({granted}))
update cases_case set state = 'leased', holder_id = %(me)s, lease = lease + 1, leased_at = clock_timestamp(),
    lease_until = clock_timestamp() + (select q.lease_minutes from q) * interval '1 minute', follow_up_at = null, pended_by_id = null
where id = {pick}
returning id, queue_id, lease, lease_until, external_id, stage, priority, due_at, leased_at, (select q.next_order from q)
"""
_PICK = """(
    select c.id from cases_case c
    where c.queue_id = (select q.id from q) and c.state <> 'decided' {only}
        and (c.state = 'open' or c.state = 'leased' and c.lease_until < clock_timestamp() or c.state = 'pended' and %(pended)s)
        and (c.stage = 'adjudication') = %(adjudicates)s
        and not exists (select from cases_review r where r.case_id = c.id and r.reviewer_id = %(me)s
            and (r.round >= c.counted_from or not (select q.answers_again from q))
            and not exists (select from cases_reversal v where v.review_id = r.id))
        and not exists (select from cases_recusal k where k.user_id = %(me)s and k.ended_at is null and (k.case_id = c.id or exists (
            select from predictions_prediction p left join predictions_prediction o on o.id = p.copy_of_id where p.id = c.prediction_id and (
                k.reference_mac in (select s.reference_mac from predictions_subject s where s.id in (p.subject_id, o.subject_id))
                or k.case_id in ({of_original})))))
        and (c.skill = '' or %(adjudicates)s or exists (select from cases_skill s join cases_queue sq on sq.use_case_id = s.use_case_id
            where s.user_id = %(me)s and s.name = c.skill and sq.id = c.queue_id))
        and (select q.most_held from q) > (select countersign_held_by(%(me)s))
    order by {order}
    for no key update skip locked limit 1
)"""
# Each is the order of an index.
_ORDERS = {
    NextOrder.PRIORITY: "c.priority desc, c.due_at, c.id",
    NextOrder.DUE: "c.due_at, c.id",
    NextOrder.UNSURE: "c.priority desc, case when c.is_blind then 1.0 else c.confidence end, c.due_at, c.id",
    NextOrder.OLDEST: "c.priority desc, c.opened_at, c.id",
}

# Nobody is given what they have answered before under another number: not what the case is a copy of, and no other copy of it. Nor a copy
# about somebody they know, which is whom its original is about.
_NEW_TO_ME = """and not exists (select from predictions_prediction p where p.id = c.prediction_id and p.copy_of_id is not null
    and exists (
        select from (select s.id from predictions_prediction n join cases_case s on s.prediction_id = n.id where n.copy_of_id = p.copy_of_id
            union all {of_original}) s join cases_review r on r.case_id = s.id where r.reviewer_id = %(me)s
    ))"""

_OF_ORIGINAL = CASES_OF.format("o.id")
_ONLY = _NEW_TO_ME.format(of_original=CASES_OF.format("p.copy_of_id"))
_NEXT = {order: _PICK.format(only=_ONLY, order=by, of_original=_OF_ORIGINAL) for order, by in _ORDERS.items()}
_THIS = _PICK.format(only="and c.id = %(case)s", order="c.id", of_original=_OF_ORIGINAL)
# The order of each queue as this process last knew it: a guess, which the statement checks. One that held all orders took twice the time.
_last_order: dict[str, NextOrder] = {}


@durable
def claim_next(*, slug: str, adjudicates: bool = False, actor: Actor, at: datetime) -> Case | None:
    """Lease the next waiting case of a queue to the actor, in the order of its settings. None if nothing waits for them.

    :param adjudicates: of those on which two answers differ, as a lead; otherwise of all others.

    A pended case does not wait: it comes back at its follow-up time, or by `claim_case`.

    The case has its id, queue, stage, lease, external id, priority and due time; the rest is read by whoever shows it.

    :raises NotFound: if there is no such queue, or the actor may not work on it; to adjudicate, lead it.
    :raises HoldsTooMany: if the actor holds the most they may.
    """
    order = _last_order.get(slug, NextOrder.PRIORITY)
    while (case := _claim_in(order, slug, actor=actor, adjudicates=adjudicates)) is None:
        queue = queues_of(actor, LEAD_QUEUE if adjudicates else WORK_QUEUE).filter(slug=slug).first()
        if queue is None:
            raise NotFound
        if queue.next_order == order:
            _refuse_hoarding(queue, actor)
            return None
        order = _last_order[slug] = NextOrder(queue.next_order)
    return _taken(case, actor=actor, at=at)


@durable
def claim_case(*, case_id: UUID, actor: Actor, at: datetime) -> Case:
    """Lease one waiting or pended case to the actor, as when they open it from the list, take a lost one again or need not wait any longer.

    :raises NotFound, NotWaiting, AlreadyReviewed, HoldsTooMany: :raises LeadDecides: if two answers differ and the actor does not lead its queue.
    :raises KnowsSubject: if they are linked to the person. :raises NeedsSkill: if they lack the skill it needs.
    :raises AnsweredBefore: if they answered it before it was reopened, and its queue does not let people answer again.
    """
    case = visible_cases(actor, WORK_QUEUE).select_related("queue").filter(pk=case_id).first()
    if case is None:
        raise NotFound
    adjudicates = case.stage == Stage.ADJUDICATION
    if adjudicates and not may_adjudicate(case, actor):
        raise LeadDecides
    values = {"queue": case.queue_id, "case": case_id, "pended": True}
    taken = _claim("id = %(queue)s", values, _THIS, actor=actor, adjudicates=adjudicates)
    if taken is None:
        answered = barring_reviews(case).filter(reviewer_id=actor.user_id).order_by("-round").first()
        if answered is not None:
            raise AlreadyReviewed if answered.round >= case.counted_from else AnsweredBefore
        if is_recused(case, actor):
            raise KnowsSubject
        if not adjudicates and lacks_skill(case, actor):
            raise NeedsSkill(f"This case needs the skill {case.skill}. A lead of its queue says who has it.")
        _refuse_hoarding(case.queue, actor)
        raise NotWaiting
    return _taken(taken, actor=actor, at=at, chosen=True)


def _claim_in(order: NextOrder, slug: str, *, actor: Actor, adjudicates: bool) -> Case | None:
    """None, too, where the queue has another order."""
    which, values = "slug = %(slug)s and next_order = %(order)s", {"slug": slug, "order": order, "pended": False}
    return _claim(which, values, _NEXT[order], actor=actor, adjudicates=adjudicates)


def _claim(which: str, values: Mapping[str, Any], pick: str, *, actor: Actor, adjudicates: bool) -> Case | None:
    """:param which: the condition that names one queue. :param values: its own, and whether `pended` cases are taken up, too.
    :param pick: finds the id of one case in it."""
    granted, rights = granted_sql(Queue, actor, LEAD_QUEUE if adjudicates else WORK_QUEUE)
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM.format(which=which, granted=granted, pick=pick),
            {**values, **rights, "me": actor.user_id, "adjudicates": adjudicates},
        )
        row = cursor.fetchone()
    if row is None:
        return None
    names = ("pk", "queue_id", "lease", "lease_until", "external_id", "stage", "priority", "due_at", "leased_at")
    case = Case(**dict(zip(names, row[:-1], strict=True)), state=CaseState.LEASED, holder_id=actor.user_id)
    case.next_order = row[-1]
    return case


def _refuse_hoarding(queue: Queue, actor: Actor) -> None:
    if (
        Case.objects.filter(holder_id=actor.user_id, state=CaseState.LEASED, lease_until__gt=Now()).count()
        >= queue.most_held
    ):
        raise HoldsTooMany


def _taken(case: Case, *, actor: Actor, at: datetime, chosen: bool = False) -> Case:
    """:param chosen: the actor picked this very case; otherwise the order of the queue did."""
    audit.record(
        "case.claimed",
        subject=case,
        actor=actor,
        at=at,
        queue_id=case.queue_id,
        data={"lease": case.lease, "chosen": chosen, **({} if chosen else _stood(case))},
    )
    return case


def _stood(case: Case) -> dict[str, Any]:
    """What bore on its place in the order, as it was: the priority of a case in hand may change, and its time runs on."""
    return {
        "order": case.next_order,
        "priority": case.priority,
        "seconds_left": int(case.time_left_when_taken.total_seconds()),
    }
