"""Reads of queues and cases that more than one door uses."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.db import connection
from django.db.models import Exists, F, Min, OuterRef, Q, QuerySet, Subquery

from reviewapp.access.grants import granted
from reviewapp.access.models import User
from reviewapp.access.rules import LEAD_QUEUE, VIEW_QUEUE, WORK_QUEUE, implied
from reviewapp.audit.models import AuditEvent
from reviewapp.audit.queries import of_object
from reviewapp.cases.evidence import APPLIED
from reviewapp.cases.models import (
    SURENESS,
    BlindAnswer,
    Case,
    Correction,
    Document,
    Draft,
    Outbox,
    Queue,
    QueueGroupPermission,
    QueueUserPermission,
    Recusal,
    Review,
    Skill,
)
from reviewapp.cases.ordering import NextOrder
from reviewapp.cases.rules import CaseState, Stage, digest_of
from reviewapp.cases.skills import SkillRules
from reviewapp.cases.skills import compile_rules as compile_skill_rules
from reviewapp.cases.sla import Calendar, ServiceLevel, compile_rules, features_in
from reviewapp.catalog.models import FeatureSchemaVersion, ReasonCode, UseCase
from reviewapp.catalog.queries import current_schema, missing_codes_of
from reviewapp.lib.actor import Actor
from reviewapp.predictions.models import ModelWork, Prediction

COUNT_LIMIT = 1000  # counts stop here, so that a page costs the same however long a queue grows
MOST_EVENTS = 500
MOST_WORKERS = 200  # people one may choose among
WHOLE = (
    "queue__use_case",
    "holder",
    "prediction__subject",
    "prediction__explanation",
    "prediction__routing",
    "prediction__model_version__model",
)
# Large, immutable, and read once per process where they are needed (`predictions.presentation.version_facts`)
HEAVY = tuple(f"prediction__model_version__{name}" for name in ("manifest", "metrics", "lineage", "calibration_table"))


def queues_of(actor: Actor, right: str = VIEW_QUEUE) -> QuerySet[Queue]:
    """The queues on which `actor` has `right`."""
    return granted(Queue.objects.all(), actor, right)


def service_level(queue: Queue) -> ServiceLevel:
    """What the queue promises, compiled; a statement only where its rules ask about inputs."""
    rules: list[Any] = queue.sla_rules
    codes = missing_codes_of(queue.use_case_id) if features_in(rules) else {}
    calendar = Calendar.of(queue.opening_hours) if queue.opening_hours else None
    return ServiceLevel(compile_rules(rules, codes), queue.sla_minutes, queue.risk_percent, calendar)


def skill_rules(queue: Queue) -> SkillRules:
    """Which skill the queue asks for, compiled; a statement only where it does."""
    rules: list[Any] = queue.skill_rules
    return compile_skill_rules(rules, missing_codes_of(queue.use_case_id)) if rules else []


def visible_cases(actor: Actor, right: str = VIEW_QUEUE) -> QuerySet[Case]:
    """The cases in queues on which `actor` has `right`; to read, also those they have answered themselves."""
    allowed = Q(queue__in=queues_of(actor, right).values("pk"))
    if right == VIEW_QUEUE:
        allowed |= Q(Exists(Review.objects.filter(case=OuterRef("pk"), reviewer_id=actor.user_id)))
    return Case.objects.filter(allowed)


def counted_reviews(case: Case) -> QuerySet[Review]:
    """The answers that count, oldest first: not those before a reopening, and none that was taken back."""
    return Review.objects.filter(case=case, round__gte=case.counted_from, reversal=None).order_by("round", "slot")


def barring_reviews(case: Case) -> QuerySet[Review]:
    """The answers whose givers do not take the case: those that count, and those before a reopening unless its queue, which is loaded, lets
    people answer again."""
    since = case.counted_from if case.queue.answers_again else 1
    return Review.objects.filter(case=case, round__gte=since, reversal=None)


def recused(user_id: UUID | None) -> Exists:
    """Of cases: that they are about somebody to whom this user is linked, by their own word or a lead's. A copy is about whom its original is
    about. The claim's statement has the same."""
    same = Q(case=OuterRef("pk")) | Q(reference_mac=OuterRef("prediction__subject__reference_mac"))
    same |= Q(reference_mac=OuterRef("prediction__copy_of__subject__reference_mac"))
    original = OuterRef(OuterRef("prediction__copy_of"))
    same |= Q(Exists(Case.objects.filter(pk=OuterRef("case"), prediction=original)))
    same |= Q(Exists(Correction.objects.filter(case=OuterRef("case"), before=original, state=APPLIED)))
    return Exists(
        Recusal.objects.filter(same, ended_at=None, user_id=cast("UUID", user_id))
    )  # without an id there is none to find


def is_recused(case: Case, actor: Actor) -> bool:
    """Whether the case is about somebody to whom the actor is linked."""
    return Case.objects.filter(recused(actor.user_id), pk=case.pk).exists()


def within_skills(user_id: UUID | None) -> Q:
    """Of cases: that they need no skill, or one the user has in their use case. The claim's statement has the same."""
    held = Skill.objects.filter(
        user_id=cast("UUID", user_id), use_case=OuterRef("queue__use_case"), name=OuterRef("skill")
    )
    return Q(skill="") | Q(Exists(held))


def telling_reviews(case: Case) -> QuerySet[Review]:
    """The answers that are kept from whoever is still to answer on their own: those that count and, once inputs were corrected, those about
    the inputs before, too. `case.prediction` is loaded."""
    if case.prediction.corrects_id is None:
        return counted_reviews(case)
    return Review.objects.filter(case=case, reversal=None).exclude(outcome="")


def hidden_answerers(case: Case, actor: Actor) -> frozenset[UUID]:
    """Whose doings on the case are kept from the actor, as they may still answer it and are to do so on their own; empty for most cases.

    Those who have answered it, also before its inputs were corrected, until it is decided. Not kept from whoever has given an answer that
    counts, nor from whoever only reads. `case.prediction` is loaded.
    """
    corrected = case.prediction.corrects_id is not None
    if case.state == CaseState.DECIDED or (case.stage == Stage.FIRST and not corrected):
        return frozenset()
    answered = frozenset(telling_reviews(case).values_list("reviewer", flat=True))
    # Without a correction both are the same answers, and one statement finds them
    counted = counted_reviews(case).values_list("reviewer", flat=True) if corrected else answered
    if actor.user_id in counted or not queues_of(actor, WORK_QUEUE).filter(pk=case.queue_id).exists():
        return frozenset()
    return answered - {actor.user_id}


def may_adjudicate(case: Case, actor: Actor) -> bool:
    """Whether the actor may decide between the answers to this case, now that they differ."""
    return case.stage == Stage.ADJUDICATION and queues_of(actor, LEAD_QUEUE).filter(pk=case.queue_id).exists()


def to_adjudicate(actor: Actor) -> QuerySet[Case]:
    """The cases on which two answers differ, of the queues the actor leads, with queue, use case and holder."""
    led = queues_of(actor, LEAD_QUEUE).values("pk")
    rows = Case.objects.filter(queue__in=led, stage=Stage.ADJUDICATION).exclude(state=CaseState.DECIDED)
    return rows.select_related("queue__use_case", "holder")


def queues_to_adjudicate(actor: Actor) -> list[str]:
    """Slugs of the led queues with a case on which two answers differ, the one due first in front."""
    rows = to_adjudicate(actor).select_related(None).values("queue__slug").annotate(first=Min("due_at"))
    return [row["queue__slug"] for row in rows.order_by("first", "queue__slug")]


def answers_of(cases: Collection[UUID]) -> dict[UUID, list[Review]]:
    """The answers that count of each of these cases, oldest first; one statement."""
    rows = Review.objects.filter(case__in=cases, round__gte=F("case__counted_from"), reversal=None)
    found: dict[UUID, list[Review]] = {}
    for review in rows.order_by("round", "slot"):
        found.setdefault(review.case_id, []).append(review)
    return found


def queue_readers(users: Collection[UUID]) -> set[tuple[UUID, UUID]]:
    """(user, queue) for everything `queues_of` gives each of `users`: one statement for all of them."""
    rights = implied(VIEW_QUEUE)
    own = QueueUserPermission.objects.filter(user__in=users, permission__codename__in=rights)
    by_role = QueueGroupPermission.objects.filter(group__user__in=users, permission__codename__in=rights)
    pairs = own.values_list("user", "content_object").union(by_role.values_list("group__user", "content_object"))
    return set(pairs)


def other_queues(queue: Queue) -> list[Queue]:
    """The others of its use case, by name."""
    return list(Queue.objects.filter(use_case=queue.use_case_id).exclude(pk=queue.pk).order_by("name"))


def workers_of(
    queues: QuerySet[Queue], *, right: str = WORK_QUEUE, username: str = ""
) -> list[tuple[User, frozenset[UUID]]]:
    """Who has `right` on any of these queues, by name, and on which; people only, and at most MOST_WORKERS. `username` asks for one."""
    rights, ids = implied(right), queues.values("pk")
    own = QueueUserPermission.objects.filter(content_object__in=ids, permission__codename__in=rights)
    by_role = QueueGroupPermission.objects.filter(content_object__in=ids, permission__codename__in=rights)
    people = User.objects.filter(is_active=True, is_service=False, **({"username": username} if username else {}))
    granted_to = Q(pk__in=own.values("user")) | Q(groups__in=by_role.values("group"))
    found = list(people.filter(granted_to).distinct().order_by("display_name", "pk")[:MOST_WORKERS])
    users = [user.pk for user in found]
    pairs = own.filter(user__in=users).values_list("user", "content_object")
    pairs = pairs.union(by_role.filter(group__user__in=users).values_list("group__user", "content_object"))
    works_on: dict[UUID, set[UUID]] = {}
    for user, queue in pairs:
        works_on.setdefault(user, set()).add(queue)
    return [(user, frozenset(works_on.get(user.pk, ()))) for user in found]


def case_readers(users: Collection[UUID], cases: Collection[UUID]) -> set[tuple[UUID, UUID]]:
    """(user, case) for those of `cases` that `visible_cases` gives each of `users`: three statements for all of them."""
    readers = queue_readers(users)
    queues = Case.objects.filter(pk__in=cases).values_list("pk", "queue")
    by_queue = {(user, case) for case, queue in queues for user in users if (user, queue) in readers}
    return by_queue | set(Review.objects.filter(case__in=cases, reviewer__in=users).values_list("reviewer", "case"))


def whole_case(cases: QuerySet[Case], pk: UUID) -> Case | None:
    """One case of `cases` with everything a page or an answer shows, in one statement; what a model version keeps for ever is read elsewhere."""
    there = Exists(Document.objects.filter(prediction=OuterRef("prediction")))
    return cases.annotate(has_documents=there).select_related(*WHOLE).defer(*HEAVY).filter(pk=pk).first()


def shown_digest(case: Case) -> str:
    """Names exactly what a reader is shown of a case that `whole_case` loaded."""
    is_explained = hasattr(case.prediction, "explanation")
    digest = bytes(case.prediction.snapshot_digest)
    return digest_of(
        case.round,
        digest,
        is_explained=is_explained,
        is_withheld=case.is_withheld,
        is_correcting=case.is_correcting,
    )


def waiting(now: datetime) -> Q:
    """Open, or left behind by a lease that ran out."""
    return Q(state=CaseState.OPEN) | Q(state=CaseState.LEASED, lease_until__lt=now)


def in_hand(now: datetime) -> Q:
    return Q(state=CaseState.LEASED, lease_until__gte=now)


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """How one queue stands. Each count stops at COUNT_LIMIT + 1.

    A pended case does not wait, but its due time runs on: it is at risk or breached as any other, and may be the next that is due.
    """

    queue: Queue
    waiting: int
    held: int
    at_risk: int
    breached: int
    pended: int
    to_adjudicate: int  # they wait for a lead, and are not among those that wait for anybody
    next_due: datetime | None
    next_risk: datetime | None  # from when on that case is at risk
    to_reopen: int  # decided ones that somebody asks to reopen


# At risk is what the watch has noted, and what it has not come to yet: few rows of an index each, however many cases wait. Nothing is added to
# due_at there so that a plan made without knowing the time does not read all that is not due yet by the index of due times.
_FIGURES = """
select q.id, waiting.n, held.n, at_risk.n, breached.n, pended.n, differing.n, soonest.due_at, soonest.risk_at, asked.n
from cases_queue q
left join lateral (select c.due_at, c.risk_at from cases_case c where c.queue_id = q.id and c.state <> 'decided'
    order by c.due_at limit 1) soonest on true
cross join lateral (select count(*) n from (select 1 from cases_case c where c.queue_id = q.id and c.state <> 'decided'
    and (c.state = 'open' or c.lease_until < %(now)s) and c.stage <> 'adjudication' limit %(limit)s) x) waiting
cross join lateral (select count(*) n from (select 1 from cases_case c where c.queue_id = q.id and c.state = 'leased'
    and c.lease_until >= %(now)s limit %(limit)s) x) held
cross join lateral (select count(*) n from (
    select 1 from cases_case c where c.queue_id = q.id and c.sla_stage = 'at_risk' and c.state <> 'decided' and c.due_at > %(now)s
    union all select 1 from cases_case c where c.watch_at <= %(now)s and c.queue_id = q.id and c.sla_stage = 'running' and c.state <> 'decided'
    and c.due_at + interval '0' > %(now)s limit %(limit)s) x) at_risk
cross join lateral (select count(*) n from (select 1 from cases_case c where c.queue_id = q.id and c.state <> 'decided'
    and c.due_at <= %(now)s limit %(limit)s) x) breached
cross join lateral (select count(*) n from (select 1 from cases_case c where c.queue_id = q.id and c.state = 'pended'
    limit %(limit)s) x) pended
cross join lateral (select count(*) n from (select 1 from cases_case c where c.queue_id = q.id and c.state <> 'decided'
    and c.stage = 'adjudication' and (c.state = 'open' or c.lease_until < %(now)s) limit %(limit)s) x) differing
cross join lateral (select count(*) n from (select 1 from cases_reopenrequest r join cases_case c on c.id = r.case_id
    where r.state = 'open' and c.queue_id = q.id limit %(limit)s) x) asked
where q.id = any(%(queues)s)
"""
# What the list of one queue says above it.
_COUNTS = """
select
    (select count(*) from (select 1 from cases_case c where c.queue_id = %(queue)s and c.state <> 'decided'
        and (c.state = 'open' or c.lease_until < %(now)s) and c.stage <> 'adjudication' limit %(limit)s) x),
    (select count(*) from (select 1 from cases_case c where c.queue_id = %(queue)s and c.state = 'leased'
        and c.lease_until >= %(now)s limit %(limit)s) x),
    (select count(*) from (select 1 from cases_case c where c.queue_id = %(queue)s and c.state = 'pended' limit %(limit)s) x)
"""


def queue_figures(actor: Actor, *, now: datetime, right: str = VIEW_QUEUE) -> list[QueueFigures]:
    """The queues on which the actor has `right`, by name, with their figures; two statements."""
    queues = {queue.pk: queue for queue in queues_of(actor, right).select_related("use_case").order_by("name")}
    with connection.cursor() as cursor:
        cursor.execute(_FIGURES, {"now": now, "limit": COUNT_LIMIT + 1, "queues": list(queues)})
        found = {row[0]: row[1:] for row in cursor.fetchall()}
    return [QueueFigures(queue, *found[pk]) for pk, queue in queues.items()]


@dataclass(frozen=True, slots=True)
class ListedQueue:
    """A queue with its use case, whether the actor may work on it and leads it, and the use case's current schema."""

    queue: Queue
    may_work: bool
    may_lead: bool
    schema_id: UUID


def queue_for_list(actor: Actor, slug: str) -> ListedQueue | None:
    """One statement."""
    newest = FeatureSchemaVersion.objects.filter(use_case=OuterRef("use_case")).order_by("-number").values("pk")[:1]
    may_work, may_lead = (
        Exists(queues_of(actor, right).filter(pk=OuterRef("pk"))) for right in (WORK_QUEUE, LEAD_QUEUE)
    )
    rows = queues_of(actor).select_related("use_case")
    found = rows.annotate(may_work=may_work, may_lead=may_lead, schema_id=Subquery(newest)).filter(slug=slug).first()
    if found is None:
        return None
    return ListedQueue(found, *(vars(found)[name] for name in ("may_work", "may_lead", "schema_id")))


def cases_in(queue: Queue) -> QuerySet[Case]:
    """All cases of a queue one may see, with their holders."""
    return Case.objects.filter(queue=queue).select_related("holder")


def counts_of(queue: Queue, *, now: datetime) -> tuple[int, int, int]:
    """How many wait, are in hand and are pended, each counted to COUNT_LIMIT + 1, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, {"now": now, "limit": COUNT_LIMIT + 1, "queue": queue.pk})
        waiting, held, pended = cursor.fetchone()
    return waiting, held, pended


# As `actions.claiming` has them; each the order of an index.
_ORDERS: dict[NextOrder, tuple[Any, ...]] = {
    NextOrder.PRIORITY: ("-priority", "due_at", "id"),
    NextOrder.DUE: ("due_at", "id"),
    NextOrder.UNSURE: ("-priority", SURENESS, "due_at", "id"),
    NextOrder.OLDEST: ("-priority", "opened_at", "id"),
}


def likely_next(queue: Queue, actor: Actor, *, now: datetime) -> Case | None:
    """The case that a claim would give the actor now, whole and unclaimed; by the time they claim it may be another."""
    since = OuterRef("counted_from") if queue.answers_again else 1
    answered = Review.objects.filter(case=OuterRef("pk"), round__gte=since, reversal=None, reviewer_id=actor.user_id)
    rows = Case.objects.filter(waiting(now), ~Exists(answered), queue=queue).exclude(state=CaseState.DECIDED)
    rows = rows.filter(~recused(actor.user_id), within_skills(actor.user_id)).exclude(stage=Stage.ADJUDICATION)
    alike, original = Review.objects.filter(reviewer_id=actor.user_id), OuterRef("prediction__copy_of")
    rows = rows.filter(
        ~Exists(alike.filter(case__prediction=original)),
        ~Exists(alike.filter(case__prediction__copy_of=original)),
        ~Exists(alike.filter(case__corrections__before=original, case__corrections__state=APPLIED)),
    )
    return rows.select_related(*WHOLE).defer(*HEAVY).order_by(*_ORDERS[NextOrder(queue.next_order)]).first()


def opened_since(queue: Queue, moment: datetime) -> int:
    """How many cases came since, at most 100. Ids are in order of time, so the newest are at the index's end."""
    rows = (
        Case.objects.filter(queue=queue, state=CaseState.OPEN).order_by("-id").values_list("opened_at", flat=True)[:100]
    )
    return sum(opened_at > moment for opened_at in rows)


def story_of(case: Case) -> list[AuditEvent]:
    """What happened to the case and before it to its prediction, oldest first; of a very long story the newest part.

    A copy has arrived as what it is a copy of; `case.prediction` is loaded.
    """
    first = first_prediction(case)
    before = [*_arrival_of_copy(first, case.why), *of_object("predictions.prediction", [str(first.pk)])]
    since = of_object("cases.case", [str(case.pk)]).reverse()[:MOST_EVENTS]
    return [*before, *reversed(since)]


_ARRIVAL = ("prediction.received", "prediction.scored", "prediction.explained")


def first_prediction(case: Case) -> Prediction:
    """The one that opened the case; `case.prediction` is loaded. A statement only where inputs were corrected."""
    if case.prediction.corrects_id is None:
        return case.prediction
    return case.corrections.select_related("before__copy_of").filter(before__corrects=None).earliest("pk").before


def _arrival_of_copy(arrived: Prediction, why: str) -> list[AuditEvent]:
    original = arrived.copy_of
    if original is None:
        return []
    events = list(of_object("predictions.prediction", [str(original.pk)]).filter(action__in=_ARRIVAL))
    for event in events:
        event.at += arrived.received_at - original.received_at
        if "rule" in event.data:  # of an original that passed it would tell so
            event.data = event.data | {"rule": why}
    return events


def number_inputs(use_case: UseCase) -> list[tuple[str, str]]:
    """(name, label) of the inputs of the use case's current schema that are numbers and not protected."""
    schema = current_schema(use_case)
    shown = [one for one in schema.features if not one.protected] if schema else []
    return [(one.name, one.label) for one in shown if one.kind in {"number", "integer"}]


def reason_codes_of(use_case_id: UUID) -> list[ReasonCode]:
    return list(ReasonCode.objects.filter(use_case_id=use_case_id, retired_at=None).order_by("position", "code"))


def reason_texts(use_case_id: UUID, codes: Iterable[str]) -> dict[str, str]:
    """Code -> text, of those that are no longer offered too."""
    return dict(ReasonCode.objects.filter(use_case_id=use_case_id, code__in=set(codes)).values_list("code", "text"))


def own_view_of(case: Case, actor: Actor) -> BlindAnswer | None:
    """What the actor answered before they saw the model's part; no statement for a case that is not blind."""
    return BlindAnswer.objects.filter(case=case, reviewer_id=actor.user_id).first() if case.is_blind else None


def draft_of(case: Case, actor: Actor) -> Draft | None:
    return Draft.objects.filter(case=case, author_id=actor.user_id).first()


def display_names(user_ids: Iterable[UUID]) -> dict[UUID, str]:
    return dict(User.objects.filter(pk__in=list(user_ids)).values_list("pk", "display_name"))


def reviews_of(actor: Actor, *, since: datetime | None = None) -> QuerySet[Review]:
    """The actor's own answers, newest first."""
    rows = Review.objects.filter(reviewer_id=actor.user_id).select_related("case__queue__use_case", "reversal")
    rows = rows.order_by("-id")
    return rows.filter(reviewed_at__gte=since) if since else rows


def held_by(actor: Actor, *, now: datetime) -> QuerySet[Case]:
    """What the actor has in hand, soonest due first."""
    return (
        Case.objects.filter(in_hand(now), holder_id=actor.user_id).select_related("queue__use_case").order_by("due_at")
    )


def pended_by(actor: Actor) -> QuerySet[Case]:
    """What the actor pended and may still work on, first back first."""
    mine = visible_cases(actor, WORK_QUEUE).filter(state=CaseState.PENDED, pended_by=actor.user_id)
    return mine.select_related("queue").order_by("follow_up_at", "id")


def open_drafts(actor: Actor) -> QuerySet[Draft]:
    """The actor's drafts on cases that are not decided, newest first."""
    return (
        Draft.objects.filter(author_id=actor.user_id)
        .exclude(case__state=CaseState.DECIDED)
        .select_related("case__queue")
        .order_by("-saved_at")
    )


def backlog_figures() -> dict[str, tuple[str, int]]:
    """Name -> (meaning, value) for the metrics page; each count stops at COUNT_LIMIT + 1."""
    bounded, arrived = slice(COUNT_LIMIT + 1), Case.objects.filter(prediction__copy_of=None)
    return {
        "cases_open": (
            "Cases not decided, counted to 1,001",
            len(arrived.exclude(state=CaseState.DECIDED).values("pk")[bounded]),
        ),
        "cases_pended": (
            "Cases pended until a follow-up time, counted to 1,001",
            len(arrived.filter(state=CaseState.PENDED).values("pk")[bounded]),
        ),
        "labels_pending": (
            "Decisions that are not labels yet, counted to 1,001",
            len(Outbox.objects.values("pk")[bounded]),
        ),
        "model_work_pending": (
            "Predictions that wait for the model worker, counted to 1,001",
            len(ModelWork.objects.values("pk")[bounded]),
        ),
    }
