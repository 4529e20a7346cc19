"""How often a decision read once more turns out to have been wrong. For the Celery worker, as the other figures are."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from inference.evaluation.intervals import weighted_proportion
from reviewapp.cases.models import Queue
from reviewapp.quality import sample_queries
from reviewapp.quality.agreement import plain
from reviewapp.quality.models import QualityReport
from reviewapp.quality.rules import WINDOW, Kind, Ruling, Sampled, day_of
from reviewapp.quality.sample_queries import SampleRow

log = logging.getLogger(__name__)


def work_out(*, at: datetime) -> int:
    """Make today's reports of all queues that have none yet; returns how many.

    Once a day, and of the days before: figures that moved with every answer would tell which case was a sample.
    """
    return sum(_report(queue, at=at) for queue in sample_queries.queues_to_sum_up(at=at))


def _report(queue: Queue, *, at: datetime) -> bool:
    try:
        body = figures(queue, until=day_of(at))
    except Exception:
        log.exception("samples could not be summed up", extra={"queue": str(queue.pk)})
        return False
    QualityReport.objects.update_or_create(queue=queue, kind=Kind.SAMPLES, defaults={"made_at": at, "body": body})
    return True


def figures(queue: Queue, *, until: datetime) -> dict[str, Any]:
    """The body of the report: automatic decisions and those of people, each apart."""
    since = until - WINDOW
    rows = sample_queries.rows_of(queue, since=since, until=until)
    parts = {str(kind): _figures([row for row in rows if row.kind == kind]) for kind in Sampled}
    return {"since": since.isoformat(), "until": until.isoformat()} | parts


def _figures(rows: Sequence[SampleRow]) -> dict[str, Any]:
    """Each sample stands for as many decisions as it was improbable that it was drawn, so that shares may change.

    While some wait for a lead, the errors lie between none and all of these: the interval reaches over both, and there is no one figure.
    """
    answered = [row for row in rows if row.agrees is not None]
    waiting = [row.agrees is False and row.ruling is None for row in answered]
    wrong = [row.ruling == Ruling.WRONG for row in answered]
    chances = [row.probability for row in answered]
    least = plain(weighted_proportion(wrong, chances))
    most = plain(weighted_proportion([one or other for one, other in zip(wrong, waiting, strict=True)], chances))
    if any(waiting):
        least |= {"value": None, "status": "undefined", "reason": "waits_for_a_lead"}
    return {
        "drawn": len(rows),
        "answered": len(answered),
        "differing": plain(weighted_proportion([not row.agrees for row in answered], chances)),
        "waiting": sum(waiting),
        "wrong": sum(wrong),
        "error_rate": least | {"high": most["high"]},
    }
