"""How often two people who answered the same case on their own say the same. Imports numpy: for the Celery worker alone."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from inference.evaluation.agreement import agreement, krippendorff_alpha, unit_counts
from inference.evaluation.intervals import Estimate, proportion
from reviewapp.cases.models import Queue
from reviewapp.catalog.rules import OutcomeKind
from reviewapp.quality import queries
from reviewapp.quality.models import QualityReport
from reviewapp.quality.queries import Pair
from reviewapp.quality.rules import FAIR, FEWEST_FOR_RANGE, WINDOW, Kind

log = logging.getLogger(__name__)


def work_out(*, at: datetime) -> int:
    """Replace the reports of all queues whose pairs have changed; returns how many. One that fails does not hold up the others."""
    return sum(_report(queue, at=at) for queue in queries.queues_to_work_out(at=at))


def _report(queue: Queue, *, at: datetime) -> bool:
    try:
        body = figures(queue, at=at)
    except Exception:
        log.exception("agreement could not be worked out", extra={"queue": str(queue.pk)})
        return False
    QualityReport.objects.update_or_create(queue=queue, kind=Kind.AGREEMENT, defaults={"made_at": at, "body": body})
    return True


def figures(queue: Queue, *, at: datetime) -> dict[str, Any]:
    """The body of the report: the fair sample, and apart from it the pairs that a rule about the case or its answer asked for."""
    since = at - WINDOW
    known = set(queue.use_case.outcome_values)
    pairs, without_outcome = queries.pairs_of(queue, since=since)
    pairs = [pair for pair in pairs if {pair.first, pair.second} <= known]
    fair = [pair for pair in pairs if pair.because in FAIR]
    asked = [pair for pair in pairs if pair.because not in FAIR]
    return {
        "since": since.isoformat(),
        "fair": _figures(queue, fair),
        "fair_because": dict(Counter(pair.because for pair in fair)),
        "asked": _figures(queue, asked),
        "asked_because": dict(Counter(pair.because for pair in asked)),
        "without_outcome": without_outcome,
        "people": _people(fair),
    }


def _figures(queue: Queue, pairs: Sequence[Pair]) -> dict[str, Any]:
    values = queue.use_case.outcome_values
    is_ordinal = queue.use_case.outcome_kind == OutcomeKind.ORDINAL
    first, second = ([values.index(said) for said in side] for side in _sides(pairs))
    found = agreement(first, second, len(values), is_ordinal=is_ordinal)
    alpha = krippendorff_alpha(unit_counts(list(zip(first, second, strict=True)), len(values)), is_ordinal=is_ordinal)
    return {
        "n": found.n,
        "outcomes": values,
        "table": found.table,
        "raw": plain(found.raw),
        "by_outcome": [plain(of) for of in found.by_outcome],
        "kappa": plain(found.kappa),
        "quadratic_kappa": plain(found.quadratic_kappa) if found.quadratic_kappa else None,
        "alpha": plain(alpha),
        "shift": asdict(found.shift) if found.shift else None,
    }


def _sides(pairs: Sequence[Pair]) -> tuple[list[str], list[str]]:
    return [pair.first for pair in pairs], [pair.second for pair in pairs]


def _people(pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    """Of each two people with pairs enough, whoever of them was first; in no order that says anything about them."""
    met: Counter[tuple[UUID, UUID]] = Counter()
    same: Counter[tuple[UUID, UUID]] = Counter()
    for pair in pairs:
        one, other = sorted(pair.readers)
        met[one, other] += 1
        same[one, other] += pair.first == pair.second
    return [
        {"people": [str(person) for person in both], "raw": plain(proportion(same[both], n))}
        for both, n in sorted(met.items())
        if n >= FEWEST_FOR_RANGE
    ]


def plain(estimate: Estimate) -> dict[str, Any]:
    """An estimate as JSON has it; `effective_n` where its cases are weighted."""
    numbers = {name: getattr(estimate, name) for name in ("value", "low", "high")}
    weighted = {} if estimate.effective_n is None else {"effective_n": round(estimate.effective_n, 6)}
    return weighted | {
        "n": estimate.n,
        "status": estimate.status,
        "reason": estimate.reason,
        **{name: None if number is None else round(number, 6) for name, number in numbers.items()},
    }
