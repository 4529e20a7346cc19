"""Which queues somebody may read about, what was worked out, and the answers it is worked out from."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from reviewapp.access.models import User
from reviewapp.access.rules import LEAD_QUEUE, VIEW_QUEUE, Role
from reviewapp.cases.models import Case, Correction, Decision, Document, Queue, Review, Selection
from reviewapp.cases.models.evidence import APPLIED
from reviewapp.cases.originals import CASES_OF
from reviewapp.cases.proof_panel import drawn_shares
from reviewapp.cases.queries import queues_of
from reviewapp.cases.rules import BLIND_FIRST, CaseState, Stage
from reviewapp.lib import crypto
from reviewapp.lib.actor import Actor
from reviewapp.lib.draws import draw
from reviewapp.lib.ids import first_id_of
from reviewapp.predictions.models import Prediction
from reviewapp.quality.models import KnownAnswer, QualityReport, SeededCase
from reviewapp.quality.rules import (
    LONGEST_DELAY,
    LOOK_BACK,
    OVERLAP,
    REFRESH,
    REST,
    TRIES,
    WINDOW,
    WRONG_SHARE,
    Kind,
    day_of,
    id_like,
)


def readable_queues(actor: Actor) -> QuerySet[Queue]:
    """The queues whose figures the actor may read, by name: those they lead; of an auditor, those whose cases they may read."""
    right = VIEW_QUEUE if actor.has_role(Role.AUDITOR) else LEAD_QUEUE
    return queues_of(actor, right).select_related("use_case").order_by("name", "slug")


def leads(actor: Actor, queue: Queue) -> bool:
    """Of people by name only the leads of their queue read."""
    return queues_of(actor, LEAD_QUEUE).filter(pk=queue.pk).exists()


def report_of(queue: Queue, kind: Kind) -> QualityReport | None:
    return QualityReport.objects.filter(queue=queue, kind=kind).first()


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers to one case, each with an outcome, the second given without sight of the first; and why it was asked for."""

    first: str
    second: str
    because: str
    readers: tuple[UUID, UUID]


# Both answers count, to a case that arrived (seeded ones are harder than most). The queue is that of the first, whose policy asked for
# the second.
_PAIRS = """
select f.outcome, s.outcome, f.second_because, f.reviewer_id, s.reviewer_id
from cases_review s join cases_case c on c.id = s.case_id
join cases_review f on f.case_id = s.case_id and f.stage = 'first' and f.outcome <> '' and f.round >= c.counted_from
where s.stage = 'second' and s.reviewed_at > %(since)s and s.round >= c.counted_from and f.queue_id = %(queue)s
    and not exists (select 1 from cases_reversal v where v.review_id in (s.id, f.id))
    and not exists (select 1 from predictions_prediction p where p.id = c.prediction_id and p.copy_of_id is not null)
"""


def pairs_of(queue: Queue, *, since: datetime) -> tuple[list[Pair], int]:
    """The pairs of a queue, and how many more second answers named no outcome; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_PAIRS, {"queue": queue.pk, "since": since})
        rows = cursor.fetchall()
    found = [Pair(first, second, because, (one, other)) for first, second, because, one, other in rows if second]
    return found, len(rows) - len(found)


_CHANGED = """
select distinct f.queue_id from cases_review s
join cases_review f on f.case_id = s.case_id and f.stage = 'first' and f.outcome <> ''
left join quality_report r on r.queue_id = f.queue_id and r.kind = 'agreement'
where s.stage = 'second' and s.reviewed_at > %(since)s and (r.id is null or s.reviewed_at > r.made_at - %(overlap)s * interval '1 second'
    or exists (select 1 from cases_reversal v where v.case_id = s.case_id and v.made_at > r.made_at - %(overlap)s * interval '1 second'))
"""


def queues_to_work_out(*, at: datetime) -> list[Queue]:
    """The queues whose pairs are not those of their report any more, and those whose report is a day old."""
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED, {"since": at - WINDOW, "overlap": OVERLAP.total_seconds()})
        changed = [row[0] for row in cursor.fetchall()]
    old = QualityReport.objects.filter(kind=Kind.AGREEMENT, made_at__lt=at - REFRESH)
    ids = {*changed, *old.values_list("queue", flat=True)}
    return list(Queue.objects.filter(pk__in=ids).select_related("use_case").order_by("pk"))


def usernames(people: Collection[UUID]) -> dict[str, str]:
    """By id, as text."""
    return {str(pk): name for pk, name in User.objects.filter(pk__in=people).values_list("pk", "username")}


# Seeding


def arrivals_drawn(*, at: datetime) -> list[tuple[UUID, UUID, datetime]]:
    """Cases, each with its queue and when its time was up, oldest first: they came of late, were drawn, and none is seeded for them yet.

    They are drawn at the share of the queue, or as much of it as its people may be asked for.
    """
    recent = Case.objects.filter(
        pk__gt=first_id_of(at - LOOK_BACK), queue__seeded_share__gt=0, prediction__copy_of=None
    )
    recent = recent.filter(~Exists(SeededCase.objects.filter(drawn_for=OuterRef("pk"))))
    shares = {queue.pk: drawn_shares(queue, at=at).seeded for queue in Queue.objects.filter(seeded_share__gt=0)}
    rows = recent.order_by("pk").values_list("pk", "queue", "opened_at")
    drawn = [
        (pk, queue, opened_at + LONGEST_DELAY * _draw("delay", pk))
        for pk, queue, opened_at in rows
        if _draw("drawn", pk) < shares.get(queue, 0.0)
    ]
    return [(pk, queue, due) for pk, queue, due in drawn if due <= at]


def _draw(about: str, case_id: UUID) -> float:
    return draw(_draw_key(), about, case_id)


@cache
def _draw_key() -> bytes:
    return crypto.mac(b"countersign: draws of seeded cases", key=settings.AUDIT_KEY)


def lock_arrival(pk: UUID) -> Case | None:
    """The arrival, locked; None if it has its seeded case already or another worker is at it."""
    rows = Case.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
    case = rows.select_related("queue", "prediction__routing").filter(pk=pk).first()
    return None if case is None or SeededCase.objects.filter(drawn_for=case).exists() else case


def usable_decisions(like: Case, *, at: datetime) -> QuerySet[Decision]:
    """Adjudicated decisions that count, of cases that nobody could tell from `like` by queue, model, inputs or policy; none used of late.

    None with documents: a copy could show neither when they came nor those that come later.
    """
    arrived, routing = like.prediction, like.prediction.routing
    used = SeededCase.objects.filter(source=OuterRef("pk"), made_at__gt=at - REST)
    return Decision.objects.filter(
        ~Exists(used),
        ~Exists(Document.objects.filter(prediction=OuterRef("case__prediction"))),
        review__stage=Stage.ADJUDICATION,
        round=F("case__round"),
        case__state=CaseState.DECIDED,
        case__prediction__copy_of=None,
        case__prediction__corrects=None,  # its story would tell
        case__prediction__use_case=arrived.use_case_id,
        case__prediction__schema=arrived.schema_id,
        case__prediction__model_version=arrived.model_version_id,
        case__prediction__brought_along=arrived.brought_along,
        case__prediction__routing__policy_number=routing.policy_number,
        case__prediction__routing__queue_slug=like.queue.slug,
    )


def is_over(prefix: str = "") -> Q:
    """Of predictions: that they passed, or that a case stands on them that is decided. One that was reopened is open, and one whose inputs
    were corrected stands on another prediction.

    :param prefix: from the rows to their prediction.
    """
    return Q(**{f"{prefix}case__state": CaseState.DECIDED}) | Q(**{f"{prefix}routing__result": "auto"})


def usable_answers(like: Case, *, at: datetime) -> QuerySet[KnownAnswer]:
    """Answers that leads gave, likewise: to what was decided in the queue or passed."""
    arrived, routing = like.prediction, like.prediction.routing
    used = SeededCase.objects.filter(answer=OuterRef("pk"), made_at__gt=at - REST)
    return KnownAnswer.objects.filter(
        ~Exists(used),
        ~Exists(Document.objects.filter(prediction=OuterRef("prediction"))),
        is_over("prediction__"),
        queue=like.queue_id,
        prediction__schema=arrived.schema_id,
        prediction__model_version=arrived.model_version_id,
        prediction__brought_along=arrived.brought_along,
        prediction__routing__policy_number=routing.policy_number,
        prediction__model_work=None,
    )


def usable_now(queue: Queue, *, at: datetime) -> int:
    """How many past decisions and given answers a case that arrives in the queue now may draw from."""
    newest = Case.objects.filter(queue=queue, prediction__copy_of=None).select_related("prediction__routing", "queue")
    like = newest.order_by("-pk").first()
    return usable_decisions(like, at=at).count() + usable_answers(like, at=at).count() if like else 0


@dataclass(frozen=True, slots=True)
class Seed:
    """What a case may be seeded from: a decision between two people, or an answer that a lead gave."""

    prediction: Prediction
    outcome: str
    decision: Decision | None = None
    answer: KnownAnswer | None = None


def source_for(like: Case, *, at: datetime) -> Seed | None:
    """One of them by chance: of the kind that was drawn, model wrong or right, or else of the other; what a lead gave comes first."""
    for is_wrong in (True, False) if _draw("kind", like.pk) < WRONG_SHARE else (False, True):
        if found := _given(like, is_wrong, at=at) or _adjudicated(like, is_wrong, at=at):
            return found
    return None


def _given(like: Case, is_wrong: bool, *, at: datetime) -> Seed | None:
    right = Q(outcome=F("prediction__outcome"))
    rows = usable_answers(like, at=at).filter(~right if is_wrong else right)
    found = (
        rows.select_related("prediction__routing", "prediction__subject", "prediction__use_case").order_by("?").first()
    )
    if found is None or not _still(rows, found.pk, found.prediction_id):
        return None
    return Seed(found.prediction, found.outcome, answer=found)


def _adjudicated(like: Case, is_wrong: bool, *, at: datetime) -> Seed | None:
    right = Q(outcome=F("predicted_outcome"))
    rows = usable_decisions(like, at=at).filter(~right if is_wrong else right)
    whole = ("case__prediction__routing", "case__prediction__subject", "case__prediction__use_case")
    found = rows.select_related(*whole).order_by("?").first()
    if found is None or not _still(rows, found.pk, found.case.prediction_id):
        return None
    return Seed(found.case.prediction, found.outcome, decision=found)


def _still(rows: QuerySet[Any], pk: UUID, prediction_id: UUID) -> bool:
    """Whether it is among `rows` also once its prediction is locked, so that no document comes to it meanwhile."""
    Prediction.objects.select_for_update(no_key=True).get(pk=prediction_id)
    return rows.filter(pk=pk).exists()


def free_id_like(like: Prediction) -> str | None:
    """An id such as the use case's recent ones, that no prediction has."""
    predictions = Prediction.objects.filter(use_case=like.use_case_id)
    recent = list(predictions.filter(copy_of=None).order_by("-pk").values_list("external_id", flat=True)[:50])
    for _ in range(TRIES):
        made = id_like(like.external_id, recent, digit=lambda: secrets.randbelow(10))
        if made is None or not predictions.filter(external_id=made).exists():
            return made
    return None


# Answers to seeded cases


@dataclass(frozen=True, slots=True)
class SeededAnswer:
    """What somebody answered to a seeded case that they saw for the first time. `outcome` is empty where they passed it on."""

    reviewer: UUID
    outcome: str
    advised: str
    known: str
    model_is_right: bool
    seconds: float | None  # of active time
    asked_what_if: bool

    @property
    def accepted(self) -> bool:
        return self.outcome == self.advised


# Of each person and case the first answer that was not taken back; none of those who had answered it before under another number, none that
# adjudicates, which has seen the others, none of who gave the known answer, and none whose giver had to form a view before they saw the model:
# that is another measure. Once inputs are corrected, or the decision of the source is taken back, its answer is not known to be right any more.
_SEEDED = """
select distinct on (r.case_id, r.reviewer_id) r.reviewer_id, r.outcome, c.advised, z.known_outcome, z.model_is_right, r.active_seconds,
    exists (select 1 from audit_auditevent e where e.object_type = 'cases.case' and e.object_id = c.id::text
        and e.action = 'case.what_if_asked' and e.actor_id = r.reviewer_id and e.at <= r.reviewed_at)
from quality_seededcase z join cases_case c on c.id = z.case_id join predictions_prediction p on p.id = c.prediction_id
join cases_review r on r.case_id = c.id
where p.corrects_id is null
    and r.queue_id = %(queue)s and r.stage <> 'adjudication' and r.arm <> 'blind' and r.reviewed_at > %(since)s and r.reviewed_at <= %(until)s
    and not exists (select 1 from cases_reversal v where v.review_id = r.id)
    and (z.source_id is null or exists (
        select 1 from cases_decision d join cases_case o on o.id = d.case_id
        where d.id = z.source_id and d.round = o.round and o.state = 'decided'))
    and not exists (select 1 from quality_knownanswer k where k.id = z.answer_id and k.given_by_id = r.reviewer_id)
    and not exists (
        select 1 from cases_review o join cases_case s on s.id = o.case_id join predictions_prediction a on a.id = s.prediction_id
        where o.reviewer_id = r.reviewer_id and o.reviewed_at < r.reviewed_at and o.case_id <> r.case_id
            and (a.copy_of_id = p.copy_of_id or s.id in ({of_original})))
order by r.case_id, r.reviewer_id, r.reviewed_at
"""


def seeded_answers(queue: Queue, *, since: datetime, until: datetime) -> list[SeededAnswer]:
    with connection.cursor() as cursor:
        statement = _SEEDED.format(of_original=CASES_OF.format("p.copy_of_id"))
        cursor.execute(statement, {"queue": queue.pk, "since": since, "until": until})
        return [SeededAnswer(*row) for row in cursor.fetchall()]


def paces(queue: Queue, *, floor: float, since: datetime, until: datetime) -> dict[UUID, tuple[int, int]]:
    """By reviewer: how many of their answers took less active time than `floor`, and of how many it is known."""
    rows = Review.objects.filter(
        queue=queue, reviewed_at__gt=since, reviewed_at__lte=until, active_seconds__isnull=False
    )
    counts = (
        rows.order_by().values("reviewer").annotate(fast=Count("pk", filter=Q(active_seconds__lt=floor)), n=Count("pk"))
    )
    return {row["reviewer"]: (row["fast"], row["n"]) for row in counts}


def queues_to_rely_on(*, at: datetime) -> list[Queue]:
    """The queues with seeded cases, or with cases drawn to be answered blind first, whose report is not of today."""
    today = QualityReport.objects.filter(queue=OuterRef("pk"), kind=Kind.RELIANCE, made_at__gte=day_of(at))
    cases = SeededCase.objects.values("case")
    answered = Review.objects.filter(case__in=cases).values("queue")
    seeded = Q(pk__in=Case.objects.filter(pk__in=cases).values("queue")) | Q(pk__in=answered)
    in_arms = Exists(Selection.objects.filter(case__queue=OuterRef("pk"), purpose=BLIND_FIRST))
    return list(Queue.objects.filter(seeded | Q(in_arms), ~Exists(today)).select_related("use_case").order_by("pk"))


def own_reports(actor: Actor) -> list[tuple[QualityReport, dict[str, Any]]]:
    """The reports on reliance in which the actor stands, by queue, each with the actor's own part of it alone."""
    rows = QualityReport.objects.filter(kind=Kind.RELIANCE, body__people__contains=[{"person": str(actor.user_id)}])
    found = rows.select_related("queue__use_case").order_by("queue__name", "queue__slug")
    return [
        (report, next(row for row in report.body["people"] if row["person"] == str(actor.user_id))) for report in found
    ]


def known_answers(queue: Queue) -> QuerySet[KnownAnswer]:
    """Those that leads gave to the queue, newest first. Whether one was seeded is not told, as a lead may answer it, too."""
    rows = KnownAnswer.objects.filter(queue=queue).select_related("prediction__case", "given_by")
    return rows.order_by("-given_at", "-id")


def cases_behind(answers: Collection[KnownAnswer]) -> dict[UUID, Case]:
    """By prediction: the case that stands on it or, as its inputs were corrected, stood on it. None of what passed."""
    found = {one.prediction_id: one.prediction.case for one in answers if hasattr(one.prediction, "case")}
    others = [one.prediction_id for one in answers if one.prediction_id not in found]
    stood = Correction.objects.filter(before__in=others, state=APPLIED).select_related("case") if others else ()
    return found | {made.before_id: made.case for made in stood}
