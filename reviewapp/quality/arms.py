"""Does seeing what the model says move people? From the random arms: who was to see it first and who was not. For the Celery worker.

Arms are compared inside each share that was in force, as within one chance alone drew them, and added up by how many cases it drew. Copies
are in no arm: they were not drawn for it. Nor is a case whose inputs were corrected: its first answers are of other facts than its advice.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from inference.evaluation.reliance import RiskClass, influence
from reviewapp.cases.models import Queue
from reviewapp.cases.rules import Arm
from reviewapp.lib.ids import first_id_of
from reviewapp.quality.agreement import plain


@dataclass(frozen=True, slots=True)
class ArmCount:
    """Of the cases drawn at one share into one arm: how many first answers there are, and how many name the model's outcome.

    `model_is_right` is None where no lead has decided between two people, which alone tells.
    """

    share: float
    arm: str
    model_is_right: bool | None
    n: int
    agreed: int


# Of each case that was drawn into an arm the first answer with an outcome, in this queue: blind, the view of one's own; else the first review
# that nobody took back. The draw and not the answer says which arm a case is in.
_COUNTED = """
with drawn as (
    select s.probability, s.arm, c.advised, c.id,
        (select d.outcome = c.advised from cases_decision d join cases_review r on r.id = d.review_id
            where d.case_id = c.id and d.round = c.round and r.stage = 'adjudication' and c.state = 'decided') as model_is_right
    from cases_selection s join cases_case c on c.id = s.case_id join predictions_prediction p on p.id = c.prediction_id
    where s.purpose = 'blind_first' and s.id > %(first)s and s.probability > 0 and s.probability < 1
        and p.copy_of_id is null and p.corrects_id is null
), answered as (
    select d.probability, d.arm, d.model_is_right, d.advised, a.outcome from drawn d cross join lateral (
        select b.outcome, b.queue_id, b.answered_at from cases_blindanswer b where b.case_id = d.id and d.arm = 'blind'
        union all
        select r.outcome, r.queue_id, r.reviewed_at from cases_review r where r.case_id = d.id and d.arm = 'seen_first'
            and r.stage = 'first' and r.arm = 'seen_first' and r.outcome <> '' and not exists (select from cases_reversal v where v.review_id = r.id)
        order by 3 limit 1
    ) a where a.queue_id = %(queue)s and a.answered_at <= %(until)s
)
select probability, arm, model_is_right, count(*), count(*) filter (where outcome = advised) from answered group by 1, 2, 3
"""


def counted(queue: Queue, *, since: datetime, until: datetime) -> list[ArmCount]:
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED, {"queue": queue.pk, "first": first_id_of(since), "until": until})
        return [ArmCount(*row) for row in cursor.fetchall()]


def figures(queue: Queue, *, since: datetime, until: datetime) -> dict[str, Any]:
    """The part of the report on reliance: of all cases, and of those of which a lead's decision says whether the model was right."""
    rows = counted(queue, since=since, until=until)
    return {
        "all": _figures(rows),
        "model_right": _figures(row for row in rows if row.model_is_right is True),
        "model_wrong": _figures(row for row in rows if row.model_is_right is False),
    }


def _figures(rows: Iterable[ArmCount]) -> dict[str, Any]:
    found = influence(_classes(rows))
    return {name: plain(getattr(found, name)) for name in ("seen_first", "blind", "difference")}


def _classes(rows: Iterable[ArmCount]) -> list[RiskClass]:
    n: dict[tuple[float, str], int] = defaultdict(int)
    agreed: dict[tuple[float, str], int] = defaultdict(int)
    for row in rows:
        n[row.share, row.arm] += row.n
        agreed[row.share, row.arm] += row.agreed
    shares = sorted({share for share, _ in n})
    sides = [((share, Arm.SEEN_FIRST.value), (share, Arm.BLIND.value)) for share in shares]
    return [RiskClass(n[seen] + n[blind], agreed[seen], n[seen], agreed[blind], n[blind]) for seen, blind in sides]
