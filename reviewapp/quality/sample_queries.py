"""Which decisions are drawn as QA samples, what was said of them, and which wait for a lead."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from reviewapp.access.rules import LEAD_QUEUE
from reviewapp.cases.models import Case, Decision, Document, Queue
from reviewapp.cases.originals import CASES_OF, cases_of
from reviewapp.cases.proof_panel import drawn_shares
from reviewapp.cases.queries import queues_of
from reviewapp.cases.rules import CaseState
from reviewapp.cases.withholding import reveal
from reviewapp.lib import crypto, draws
from reviewapp.lib.actor import Actor
from reviewapp.lib.ids import first_id_of
from reviewapp.predictions.models import Prediction, RoutingResult
from reviewapp.quality.models import QaSample, QualityReport
from reviewapp.quality.rules import BY_SAMPLE, LONGEST_DELAY, LOOK_BACK, Kind, day_of


@dataclass(frozen=True, slots=True)
class Drawn:
    """A decision that was drawn: `decision` is a person's, None where the prediction passed. `due`: when its time was up."""

    queue: Queue
    prediction: UUID
    decision: UUID | None
    probability: float
    draw: bytes
    due: datetime


def drawn(*, at: datetime) -> Iterator[Drawn]:
    """The decisions of the last hours that were drawn, whose time is up, and that are no sample yet. Each has one draw, whenever it is asked."""
    for queue in Queue.objects.filter(Q(qa_automatic_share__gt=0) | Q(qa_human_share__gt=0)).order_by("pk"):
        shares = drawn_shares(queue, at=at)
        if queue.qa_automatic_share:
            yield from _drawn(queue, _passed(queue, at=at), shares.automatic, at=at)
        if queue.qa_human_share:
            yield from _drawn(queue, _decided(queue, at=at), shares.human, at=at)


def _drawn(
    queue: Queue, rows: list[tuple[UUID, UUID | None, datetime]], share: float, *, at: datetime
) -> Iterator[Drawn]:
    for prediction, decision, since in rows:
        made = draw(queue.pk, prediction)
        if draws.number(made) < share and (due := since + LONGEST_DELAY * delay(prediction)) <= at:
            yield Drawn(queue, prediction, decision, share, made, due)


def draw(queue_id: UUID, prediction_id: UUID) -> bytes:
    return draws.digest(_key(), "drawn", queue_id, prediction_id)


def delay(prediction_id: UUID) -> float:
    """How much of the longest delay a sample waits, so that its time does not name what it is of."""
    return draws.draw(_key(), "delay", prediction_id)


@cache
def _key() -> bytes:
    return crypto.mac(b"countersign: draws of QA samples", key=settings.AUDIT_KEY)


# None with documents: a copy could show neither when they came nor those that come later.
_UNSAMPLED = ~Exists(QaSample.objects.filter(source=OuterRef("pk"))) & ~Exists(
    Document.objects.filter(prediction=OuterRef("pk"))
)


def _passed(queue: Queue, *, at: datetime) -> list[tuple[UUID, UUID | None, datetime]]:
    """What passed in the queue's use case. Where reasons are still on their way, it waits for them, as its case would show none for good."""
    rows = Prediction.objects.filter(
        _UNSAMPLED,
        pk__gt=first_id_of(at - LOOK_BACK),
        use_case=queue.use_case_id,
        copy_of=None,
        routing__result="auto",
        model_work=None,
    )
    return [(pk, None, routed_at) for pk, routed_at in rows.order_by("pk").values_list("pk", "routing__routed_at")]


def _decided(queue: Queue, *, at: datetime) -> list[tuple[UUID, UUID | None, datetime]]:
    """What was decided in the queue to which its policy had sent it, and can be undone no more."""
    sampled = QaSample.objects.filter(source=OuterRef("case__prediction"))
    rows = Decision.objects.filter(
        ~Exists(sampled),
        ~Exists(Document.objects.filter(prediction=OuterRef("case__prediction"))),
        pk__gt=first_id_of(at - LOOK_BACK),
        decided_at__lte=at - timedelta(seconds=settings.UNDO_SECONDS),
        review__queue=queue,
        round=F("case__round"),
        case__state=CaseState.DECIDED,
        case__prediction__copy_of=None,
        case__prediction__corrects=None,  # its story would tell
        case__prediction__routing__queue_slug=queue.slug,
    )
    return list(rows.order_by("pk").values_list("case__prediction", "pk", "decided_at"))


def lock_source(pk: UUID) -> Prediction | None:
    """The prediction, locked; None if it is a sample already, has documents by now or another worker is at it."""
    rows = Prediction.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
    found = rows.select_related("routing", "subject", "use_case").filter(pk=pk).first()
    return found if found and Prediction.objects.filter(_UNSAMPLED, pk=pk).exists() else None


def newest_like(source: Prediction) -> Prediction | None:
    """What came last of the use case, if the policy by which it was routed is that of `source`: a case that names another one stands out."""
    rows = Prediction.objects.filter(use_case=source.use_case_id, copy_of=None, corrects=None, routing__isnull=False)
    newest = rows.select_related("routing").order_by("-pk").first()
    return newest if newest and newest.routing.policy_number == source.routing.policy_number else None


def default_priority(queue: Queue, *, policy_number: int) -> int:
    """What the policy gives a case that no rule of it asks for, as far as cases of the queue tell."""
    by_default = ("always_review", "low_confidence", BY_SAMPLE)
    rows = RoutingResult.objects.filter(
        prediction__case__queue=queue, policy_number=policy_number, selection_reason__in=by_default
    )
    return rows.order_by("-prediction").values_list("priority", flat=True).first() or 0


# Of each sample that is decided and can be undone no more, the first view that was formed by somebody who had not answered the original. None
# of a sample whose inputs were corrected: the view is of other facts than what was decided.
_TO_COMPARE = """
select distinct on (z.id) z.id, b.id, b.outcome = z.outcome
from quality_qasample z join cases_case c on c.id = z.case_id join cases_blindanswer b on b.case_id = c.id
join predictions_prediction p on p.id = c.prediction_id and p.corrects_id is null
where c.state = 'decided' and c.decided_at <= %(until)s
    and not exists (select from quality_qaanswer a where a.sample_id = z.id)
    and not exists (select from ({of_source}) o join cases_review r on r.case_id = o.id where r.reviewer_id = b.reviewer_id)
order by z.id, b.answered_at
"""


def to_compare(*, at: datetime) -> list[tuple[UUID, UUID, bool]]:
    """(sample, view, whether it says what was decided)."""
    with connection.cursor() as cursor:
        statement = _TO_COMPARE.format(of_source=CASES_OF.format("z.source_id"))
        cursor.execute(statement, {"until": at - timedelta(seconds=settings.UNDO_SECONDS)})
        return list(cursor.fetchall())


# The inbox


def differing(queues: QuerySet[Queue] | Sequence[Queue], *, is_resolved: bool) -> QuerySet[QaSample]:
    """Samples of these queues whose answer is not what was decided. All others are nobody's to know."""
    rows = QaSample.objects.filter(queue__in=queues, answer__agrees=False, answer__resolution__isnull=not is_resolved)
    return rows.select_related(
        "queue__use_case",
        "source__routing",
        "case",
        "decision__review",
        "decision__case",
        "answer__view",
        "answer__resolution__made_by",
    )


def reveal_cases(rows: Iterable[QaSample], actor: Actor) -> None:
    """Find out which of these, as `differing` gives them, may be told to the actor; until then they are withheld."""
    reveal([case for row in rows for case in cases_shown(row)], actor)


def is_withheld(row: QaSample) -> bool:
    """Whether both answers must not be told: while either case, reopened, is blind again to the reader. Both are about the same facts."""
    return any(case.is_withheld for case in cases_shown(row))


def cases_shown(row: QaSample) -> list[Case]:
    """The sample's own and, where a person decided, the one that they decided."""
    return [row.case, row.decision.case] if row.decision else [row.case]


def to_resolve(actor: Actor) -> int:
    """How many wait for a lead, in the queues that the actor leads."""
    return differing(queues_of(actor, LEAD_QUEUE), is_resolved=False).count()


def gave_an_answer(sample: QaSample, actor: Actor) -> bool:
    """Whether the actor answered the sample or what it is of."""
    cases = Case.objects.filter(pk__in=[sample.case_id, *cases_of(sample.source_id)])
    return cases.filter(Q(reviews__reviewer_id=actor.user_id) | Q(blind_answers__reviewer_id=actor.user_id)).exists()


# Figures


@dataclass(frozen=True, slots=True)
class SampleRow:
    """What became of a sample: `agrees` is None until it is answered, `ruling` until a lead has said what of it."""

    kind: str
    probability: float
    agrees: bool | None
    ruling: str | None


def rows_of(queue: Queue, *, since: datetime, until: datetime) -> list[SampleRow]:
    """The samples that were made in that time, each as it stood at its end."""
    rows = QaSample.objects.filter(queue=queue, made_at__gt=since, made_at__lte=until).select_related(
        "answer__resolution"
    )
    return [_row(sample, until=until) for sample in rows]


def _row(sample: QaSample, *, until: datetime) -> SampleRow:
    answer = getattr(sample, "answer", None)
    if answer is None or answer.compared_at > until:
        return SampleRow(sample.kind, sample.probability, None, None)
    resolution = getattr(answer, "resolution", None)
    ruling = resolution.ruling if resolution and resolution.made_at <= until else None
    return SampleRow(sample.kind, sample.probability, answer.agrees, ruling)


def queues_to_sum_up(*, at: datetime) -> list[Queue]:
    """The queues with samples whose report is not of today."""
    today = QualityReport.objects.filter(queue=OuterRef("pk"), kind=Kind.SAMPLES, made_at__gte=day_of(at))
    sampled = Exists(QaSample.objects.filter(queue=OuterRef("pk")))
    return list(Queue.objects.filter(sampled, ~Exists(today)).order_by("pk"))
