"""Reads of queues and cases that more than one door uses."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.db.models import Exists, F, Min, OuterRef, Q, QuerySet, Subquery

from reviewapp.access.grants import granted
from reviewapp.access.models import User
from reviewapp.access.rules import LEAD_QUEUE, VIEW_QUEUE, WORK_QUEUE, implied
from reviewapp.cases.models import (
    SURENESS,
    Case,
    Correction,
    Document,
    Queue,
    QueueGroupPermission,
    QueueUserPermission,
    Recusal,
    Review,
    Skill,
)
from reviewapp.cases.models.evidence import APPLIED
from reviewapp.cases.ordering import NextOrder
from reviewapp.cases.rules import CaseState, Stage, digest_of
from reviewapp.cases.skills import SkillRules
from reviewapp.cases.skills import compile_rules as compile_skill_rules
from reviewapp.cases.sla import Calendar, ServiceLevel, compile_rules, features_in
from reviewapp.catalog.models import FeatureSchemaVersion, ReasonCode, UseCase
from reviewapp.catalog.queries import current_schema, missing_codes_of
from reviewapp.lib.actor import Actor
from reviewapp.lib.prepared import prepared

MOST_WORKERS = 200  # people one may choose among
WHOLE = (
    "queue__use_case",
    "holder",
    "prediction__subject",
    "prediction__explanation",
    "prediction__routing",
    "prediction__model_version__model",
)
# Large, immutable, and read once per process where they are needed (`predictions.versions.version_facts`)
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
    """Whether the case is about somebody to whom the actor is linked. No statement where `view_case` loaded the case for them."""
    asked: bool | None = vars(case).get("knows_person")
    if asked is not None:
        return asked
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


def opened_by_answering(case: Case, stage: str, actor: Actor) -> bool:
    """Whether the actor's answer of this stage opened to them what others had answered: it is then not taken back, or they could give another
    one knowing that. A statement only where a first answer is to corrected inputs; who adjudicates has read both before."""
    if stage != Stage.FIRST or case.round == 1:
        return stage == Stage.SECOND
    is_corrected = case.prediction.corrects_id is not None
    return is_corrected and telling_reviews(case).exclude(reviewer_id=cast("UUID", actor.user_id)).exists()


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
    return whole_cases(cases).filter(pk=pk).first()


def whole_cases(cases: QuerySet[Case]) -> QuerySet[Case]:
    """The same of as many as there are."""
    there = Exists(Document.objects.filter(prediction=OuterRef("prediction")))
    return cases.annotate(has_documents=there).select_related(*WHOLE).defer(*HEAVY)


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


def number_inputs(use_case: UseCase) -> list[tuple[str, str]]:
    """(name, label) of the inputs of the use case's current schema that are numbers and not protected."""
    schema = current_schema(use_case)
    shown = [one for one in schema.features if not one.protected] if schema else []
    return [(one.name, one.label) for one in shown if one.kind in {"number", "integer"}]


@prepared
def reason_codes_of(use_case_id: UUID) -> QuerySet[ReasonCode]:
    return ReasonCode.objects.filter(use_case_id=use_case_id, retired_at=None).order_by("position", "code")


def reason_texts(use_case_id: UUID, codes: Iterable[str]) -> dict[str, str]:
    """Code -> text, of those that are no longer offered too."""
    return dict(ReasonCode.objects.filter(use_case_id=use_case_id, code__in=set(codes)).values_list("code", "text"))


def display_names(user_ids: Iterable[UUID]) -> dict[UUID, str]:
    return dict(User.objects.filter(pk__in=list(user_ids)).values_list("pk", "display_name"))
