"""Every write to cases."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import orjson
from django.db import connection
from django.db.models.functions import Now

from reviewapp.access.grants import granted_sql
from reviewapp.access.idempotency import Once, durable
from reviewapp.access.rules import WORK_QUEUE
from reviewapp.audit import actions as audit
from reviewapp.cases import rules
from reviewapp.cases.models import NOTE_LENGTH, Case, Draft, Queue, Review
from reviewapp.cases.queries import queues_of, visible_cases, whole_case
from reviewapp.cases.rules import CaseState
from reviewapp.catalog.models import UseCase
from reviewapp.catalog.rules import override_direction
from reviewapp.lib import bell
from reviewapp.lib.actor import Actor
from reviewapp.lib.errors import Conflict, Invalid, NotFound, Problem
from reviewapp.lib.ids import uuid7


class LeaseLost(Conflict):
    """Your lease on this case has ended. Your answer was not recorded; its text is kept as a draft."""

    code = "lease-lost"


class StaleView(Conflict):
    """The case changed since you opened it. Look again before you answer; your text is kept as a draft."""

    code = "stale-view"


class HoldsTooMany(Conflict):
    """You hold as many cases as this queue allows. Answer or release one first."""

    code = "holds-too-many"


class AlreadyReviewed(Conflict):
    """You have answered this case already. Somebody else must take it now."""

    code = "already-reviewed"


class NotWaiting(Conflict):
    """This case is not waiting: somebody holds it, or it is decided."""

    code = "not-waiting"


@dataclass(frozen=True, slots=True)
class Opening:
    """A case to open for one routed prediction."""

    prediction_id: UUID
    queue: Queue
    external_id: str
    advised: str
    confidence: float
    why: str
    priority: int
    summary: Mapping[str, Any]


_OPEN = (
    "copy cases_case (id, prediction_id, queue_id, external_id, advised, confidence, why, summary, state, round, priority,"
    " opened_at, due_at, lease, outcome) from stdin"
)


def open_cases(openings: Iterable[Opening], *, at: datetime) -> dict[UUID, UUID]:
    """Open one case each, in the caller's transaction and under the caller's audit event. Returns case ids by prediction id."""
    ids = {}
    with connection.cursor() as cursor, cursor.copy(_OPEN) as copy:
        for opening in openings:
            ids[opening.prediction_id] = case_id = uuid7()
            copy.write_row(_case_row(case_id, opening, at=at))
    return ids


def _case_row(case_id: UUID, opening: Opening, *, at: datetime) -> tuple[Any, ...]:
    due = rules.due_at(at, sla_minutes=opening.queue.sla_minutes)
    return (
        case_id, opening.prediction_id, opening.queue.pk, opening.external_id, opening.advised, opening.confidence, opening.why,
        orjson.dumps(opening.summary).decode(), CaseState.OPEN.value, 1, opening.priority, at, due, 0, "",
    )  # fmt: skip


# One statement: find the queue if the actor may work on it, pick, skip what others are picking, and lease.
# Time is the database's, so that web servers need not agree on it.
_CLAIM = """
with q as materialized (select id, lease_minutes, most_held from cases_queue where {which} and id in ({granted}))
update cases_case set state = 'leased', holder_id = %(me)s, lease = lease + 1, leased_at = clock_timestamp(),
    lease_until = clock_timestamp() + (select q.lease_minutes from q) * interval '1 minute'
where id = (
    select c.id from cases_case c
    where c.queue_id = (select q.id from q) and c.state <> 'decided' {only}
        and (c.state = 'open' or c.state = 'leased' and c.lease_until < clock_timestamp())
        and not exists (select from cases_review r where r.case_id = c.id and r.round = c.round and r.reviewer_id = %(me)s)
        and (select q.most_held from q)
            > (select count(*) from cases_case h where h.holder_id = %(me)s and h.state = 'leased' and h.lease_until > clock_timestamp())
    order by c.priority desc, c.due_at, c.id
    for no key update skip locked limit 1
)
returning id, queue_id, lease, lease_until, external_id
"""


@durable
def claim_next(*, slug: str, actor: Actor, at: datetime) -> Case | None:
    """Lease the next waiting case of a queue to the actor: priority first, then due time. None if nothing waits for them.

    The case has its id, queue, lease and external id; the rest is read by whoever shows it.

    :raises NotFound: if there is no such queue, or the actor may not work on it.
    :raises HoldsTooMany: if the actor holds the most they may.
    """
    case = _claim("slug = %(slug)s", {"slug": slug}, actor=actor)
    if case is None:
        queue = queues_of(actor, WORK_QUEUE).filter(slug=slug).first()
        if queue is None:
            raise NotFound
        _refuse_hoarding(queue, actor)
        return None
    return _taken(case, actor=actor, at=at)


@durable
def claim_case(*, case_id: UUID, actor: Actor, at: datetime) -> Case:
    """Lease one waiting case to the actor, as when they open it from the list or take a lost one again.

    :raises NotFound, NotWaiting, AlreadyReviewed, HoldsTooMany:
    """
    case = visible_cases(actor, WORK_QUEUE).select_related("queue").filter(pk=case_id).first()
    if case is None:
        raise NotFound
    taken = _claim("id = %(queue)s", {"queue": case.queue_id, "case": case_id}, actor=actor, only="and c.id = %(case)s")
    if taken is None:
        if Review.objects.filter(case=case, round=case.round, reviewer_id=actor.user_id).exists():
            raise AlreadyReviewed
        _refuse_hoarding(case.queue, actor)
        raise NotWaiting
    return _taken(taken, actor=actor, at=at, chosen=True)


def _claim(which: str, values: Mapping[str, Any], *, actor: Actor, only: str = "") -> Case | None:
    """:param which: the condition that names one queue. :param only: a further one, on the cases in it."""
    granted, rights = granted_sql(Queue, actor, WORK_QUEUE)
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM.format(which=which, granted=granted, only=only), {**values, **rights, "me": actor.user_id}
        )
        row = cursor.fetchone()
    names = ("pk", "queue_id", "lease", "lease_until", "external_id")
    return Case(**dict(zip(names, row, strict=True)), state=CaseState.LEASED, holder_id=actor.user_id) if row else None


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
        data={"lease": case.lease, "chosen": chosen},
    )
    return case


@durable
def heartbeat(*, case_id: UUID, lease: int, actor: Actor, at: datetime) -> Case:
    """Extend the lease by its full length from now. Not an act of its own: the audit trail has the claim and what ended it.

    :raises LeaseLost: if it passed to someone else, was released, or the case is decided.
    """
    case = _lock_leased(case_id, lease=lease, actor=actor).case
    with connection.cursor() as cursor:
        cursor.execute(
            "update cases_case set lease_until = clock_timestamp() + %s * interval '1 minute' where id = %s returning lease_until",
            [case.queue.lease_minutes, case.pk],
        )
        case.lease_until = cursor.fetchone()[0]
    return case


@durable
def release(*, case_id: UUID, lease: int, actor: Actor, at: datetime) -> Case:
    """Give the case back to its queue. :raises LeaseLost:"""
    case = _lock_leased(case_id, lease=lease, actor=actor).case
    _reopen(case)
    audit.record("case.released", subject=case, actor=actor, at=at, queue_id=case.queue_id, data={"lease": lease})
    return case


@durable
def save_draft(
    *, case_id: UUID, choice: str, reason_codes: Sequence[str], note: str, actor: Actor, at: datetime
) -> Draft:
    """Keep what the actor typed. A draft is theirs alone and no part of the record, so it leaves no event.

    :raises NotFound: if the actor may not work on the case.
    """
    if not visible_cases(actor, WORK_QUEUE).filter(pk=case_id).exists():
        raise NotFound
    values = {"choice": choice, "reason_codes": list(reason_codes), "note": note[:NOTE_LENGTH], "saved_at": at}
    draft, _ = Draft.objects.update_or_create(case_id=case_id, author_id=actor.user_id, defaults=values)
    return draft


@durable
def discard_draft(*, case_id: UUID, actor: Actor, at: datetime) -> None:
    """Throw the actor's own draft away. As saving one, it is no part of the record and leaves no event."""
    Draft.objects.filter(case_id=case_id, author_id=actor.user_id).delete()


@dataclass(frozen=True, slots=True)
class Given:
    """What a reviewer answered. `shown` is the digest of what they saw; None skips that check."""

    answer: str
    outcome: str = ""
    reason_codes: Sequence[str] = ()
    note: str = ""
    shown: str | None = None
    active_seconds: float | None = None


def review_case(
    *, case_id: UUID, lease: int, given: Given, actor: Actor, at: datetime, once: Once | None = None
) -> Case:
    """Record one reviewer's answer and move the case on.

    :raises LeaseLost: the lease ran out and passed on, or was another's; the text is kept as a draft.
    :raises StaleView: the case changed since it was shown; the text is kept as a draft.
    :raises Invalid: with a problem for each fault of the answer.
    :raises NotFound: if the actor may not work on the case.
    """
    try:
        return _review(case_id=case_id, lease=lease, given=given, actor=actor, at=at, once=once)
    except (LeaseLost, StaleView):
        choice = f"{given.answer}:{given.outcome}".rstrip(":")
        save_draft(case_id=case_id, choice=choice, reason_codes=given.reason_codes, note=given.note, actor=actor, at=at)
        raise


@durable
def _review(*, case_id: UUID, lease: int, given: Given, actor: Actor, at: datetime) -> Case:
    held = _lock_leased(case_id, lease=lease, actor=actor)
    if given.shown is not None and given.shown != held.shown:
        raise StaleView
    _refuse_faults(held, given)
    case = held.case
    verdict = rules.resolve(given.answer, outcome=given.outcome, predicted=case.advised)
    review = _append_review(case, given, outcome=verdict.outcome, actor=actor)
    if verdict.is_final:
        _decide(case, review, outcome=verdict.outcome)
    else:
        _pass_on(case)
    data = {
        "answer": given.answer,
        "outcome": verdict.outcome,
        "review": str(review.pk),
        "lease": lease,
        "reasons": list(given.reason_codes),
    }
    if case.queue_id != review.queue_id:
        data["passed_to"] = str(case.queue_id)
    audit.record("case.reviewed", subject=case, actor=actor, at=at, queue_id=review.queue_id, data=data)
    return case


def shown_digest(case: Case) -> str:
    """Names exactly what a reviewer is shown: all of it hangs on immutable rows, and on whether the explanation is there yet."""
    explanation = getattr(case.prediction, "explanation", None)
    return digest_of(case.round, bytes(case.prediction.snapshot_digest), is_explained=explanation is not None)


def digest_of(number: int, snapshot_digest: bytes, *, is_explained: bool) -> str:
    """`shown_digest` from its parts."""
    return f"{number}.{snapshot_digest.hex()[:24]}.{'x' if is_explained else '-'}"


@dataclass(frozen=True, slots=True)
class Held:
    """A locked case, with its queue and use case, and what an answer to it is held against."""

    case: Case
    shown: str  # the digest of what is to be seen of it now
    known_codes: frozenset[str]


# By hand, as it comes with every answer and every heartbeat: compiling the same from models costs three times what all else does.
_LOCK = """
select c.id, c.prediction_id, c.queue_id, c.external_id, c.advised, c.confidence, c.why, c.state, c.round, c.priority, c.opened_at, c.due_at,
    c.lease, c.holder_id, c.lease_until, c.leased_at, c.outcome, c.decided_at,
    q.slug, q.is_lead, q.lease_minutes, q.use_case_id, u.outcome_kind, u.outcomes, u.correction_needs_note,
    p.snapshot_digest, exists(select from predictions_explanation e where e.prediction_id = p.id),
    array(select r.code from catalog_reasoncode r where r.use_case_id = u.id and r.retired_at is null)
from cases_case c
join cases_queue q on q.id = c.queue_id
join catalog_usecase u on u.id = q.use_case_id
join predictions_prediction p on p.id = c.prediction_id
where c.id = %(case)s and c.queue_id in ({granted})
for no key update of c
"""
_CASE = (
    "id", "prediction_id", "queue_id", "external_id", "advised", "confidence", "why", "state", "round", "priority", "opened_at", "due_at",
    "lease", "holder_id", "lease_until", "leased_at", "outcome", "decided_at",
)  # fmt: skip


def _lock_leased(case_id: UUID, *, lease: int, actor: Actor) -> Held:
    """The case, locked, if the actor holds it under this lease number; an over-run lease that nobody took is still good."""
    held = _lock(case_id, actor=actor)
    if held.case.state != CaseState.LEASED or held.case.holder_id != actor.user_id or held.case.lease != lease:
        raise LeaseLost
    return held


def _lock(case_id: UUID, *, actor: Actor) -> Held:
    """:raises NotFound: if the actor may not work on it."""
    granted, values = granted_sql(Queue, actor, WORK_QUEUE)
    with connection.cursor() as cursor:
        cursor.execute(_LOCK.format(granted=granted), {"case": case_id, **values})
        row = cursor.fetchone()
    if row is None:
        raise NotFound
    case = Case(**dict(zip(_CASE, row, strict=False)))
    slug, is_lead, lease_minutes, use_case_id, kind, outcomes, needs_note, snapshot_digest, is_explained, codes = row[
        len(_CASE) :
    ]
    use_case = UseCase(
        pk=use_case_id, outcome_kind=kind, outcomes=orjson.loads(outcomes), correction_needs_note=needs_note
    )
    case.queue = Queue(pk=case.queue_id, slug=slug, is_lead=is_lead, lease_minutes=lease_minutes, use_case=use_case)
    shown = digest_of(case.round, bytes(snapshot_digest), is_explained=is_explained)
    return Held(case, shown, frozenset(codes))


def _refuse_faults(held: Held, given: Given) -> None:
    case, use_case = held.case, held.case.queue.use_case
    found = rules.faults(
        given.answer,
        outcome=given.outcome,
        predicted=case.advised,
        outcomes=use_case.outcome_values,
        reason_codes=given.reason_codes,
        known_codes=held.known_codes,
        note=given.note,
        correction_needs_note=use_case.correction_needs_note,
        is_lead_queue=case.queue.is_lead,
    )
    if found:
        problems = [Problem(f"/{fault.field}", fault.code, fault.detail) for fault in found]
        raise Invalid("The answer is not recorded yet: " + " ".join(fault.detail for fault in found), errors=problems)


# The draft has done its service: it goes with the same statement.
_REVIEW = """
with sent as (delete from cases_draft where case_id = %(case)s and author_id = %(me)s)
insert into cases_review (id, case_id, round, slot, reviewer_id, queue_id, answer, outcome, reason_codes, note, lease, leased_at,
    reviewed_at, handle_seconds, active_seconds, shown_digest)
select %(id)s, c.id, c.round, 1 + (select count(*) from cases_review r where r.case_id = c.id and r.round = c.round), %(me)s, c.queue_id,
    %(answer)s, %(outcome)s, %(reasons)s, %(note)s, c.lease, c.leased_at, moment.t, extract(epoch from moment.t - c.leased_at),
    %(active)s, %(shown)s
from cases_case c, (select clock_timestamp() t) moment where c.id = %(case)s
returning reviewed_at
"""


def _append_review(case: Case, given: Given, *, outcome: str, actor: Actor) -> Review:
    reviewer = cast("UUID", actor.user_id)  # who holds a lease has an id
    review = Review(
        pk=uuid7(), case=case, queue_id=case.queue_id, round=case.round, reviewer_id=reviewer, outcome=outcome
    )
    values: dict[str, Any] = {
        "id": review.pk, "case": case.pk, "me": actor.user_id, "answer": given.answer, "outcome": outcome, "reasons": list(given.reason_codes),
        "note": given.note, "active": given.active_seconds, "shown": given.shown or "",
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_REVIEW, values)
        review.reviewed_at = cursor.fetchone()[0]
    return review


_GATHER_SECONDS = (
    0.25  # decisions of that time become labels together: one by one they cost PostgreSQL as much as the reviews do
)
# The decision, the row that will make it a label, and the end of the case are one statement: there is no moment with one and without the others.
_DECIDE = """
with decided as (
    insert into cases_decision (id, case_id, round, review_id, outcome, predicted_outcome, direction, decided_by_id, decided_at)
    values (%(id)s, %(case)s, %(round)s, %(review)s, %(outcome)s, %(predicted)s, %(direction)s, %(me)s, %(at)s) returning id, decided_at
), waiting as (
    insert into cases_outbox (decision_id, created_at, tries, next_try_at, failure) select id, decided_at, 0, decided_at, '' from decided
)
update cases_case set state = 'decided', outcome = %(outcome)s, decided_at = %(at)s, holder_id = null, lease_until = null, leased_at = null
where id = %(case)s
"""


def _decide(case: Case, review: Review, *, outcome: str) -> None:
    use_case = case.queue.use_case
    direction = override_direction(
        case.advised,
        outcome,
        kind=use_case.outcome_kind,
        values=use_case.outcome_values,
        adverse=use_case.adverse_outcomes,
    )
    values: dict[str, Any] = {
        "id": uuid7(), "case": case.pk, "round": case.round, "review": review.pk, "outcome": outcome, "predicted": case.advised,
        "direction": direction, "me": review.reviewer_id, "at": review.reviewed_at,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_DECIDE, values)
    _set_free(case, CaseState.DECIDED)
    case.outcome, case.decided_at = outcome, review.reviewed_at
    bell.ring("cases.label_decisions", queue="default", countdown=_GATHER_SECONDS)


def _pass_on(case: Case) -> None:
    """To the use case's lead queue; from there, back to it, for another lead."""
    if not case.queue.is_lead:
        lead_queue = Queue.objects.filter(use_case_id=case.queue.use_case_id, is_lead=True).first()
        if lead_queue is None:
            raise Conflict("This use case has no lead queue to pass the case on to.", code="no-lead-queue")
        case.queue = lead_queue
    _reopen(case)


def _reopen(case: Case) -> None:
    """Let the case wait in `case.queue`, held by nobody."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update cases_case set state = 'open', queue_id = %s, holder_id = null, lease_until = null, leased_at = null where id = %s",
            [case.queue_id, case.pk],
        )
    _set_free(case, CaseState.OPEN)


def _set_free(case: Case, state: CaseState) -> None:
    """In memory, what the statement has written."""
    case.state, case.holder, case.lease_until, case.leased_at = state, None, None, None


@durable
def view_case(*, case_id: UUID, actor: Actor, at: datetime) -> Case:
    """The whole case, for a reader; the view is on record before a byte of it is sent. :raises NotFound:"""
    case = whole_case(visible_cases(actor), case_id)
    if case is None:
        raise NotFound
    audit.record("case.viewed", subject=case, actor=actor, at=at, queue_id=case.queue_id)
    return case


@durable
def create_queue(*, use_case_id: UUID, slug: str, name: str, actor: Actor, at: datetime, **settings: Any) -> Queue:
    """A new inbox. `settings`: is_lead, sla_minutes, lease_minutes, most_held, density."""
    queue = Queue(use_case_id=use_case_id, slug=slug, name=name, **settings)
    queue.full_clean()
    queue.save()
    audit.record("queue.created", subject=queue, actor=actor, at=at, queue_id=queue.pk, data={"slug": slug})
    return queue
