"""Do people follow the model where it is known to be wrong? Imports numpy: for the Celery worker alone."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from inference.evaluation.intervals import proportion
from inference.evaluation.reliance import seeded_reliance
from inference.evaluation.reviewers import haste, reviewer_rates, speed_floor
from reviewapp.cases.models import Queue
from reviewapp.quality import arms, queries
from reviewapp.quality.agreement import plain
from reviewapp.quality.models import QualityReport
from reviewapp.quality.queries import SeededAnswer
from reviewapp.quality.rules import WINDOW, Kind, day_of

log = logging.getLogger(__name__)
FLOOR = speed_floor(0)  # how many words differ between two cases is not known: the least it can be


def work_out(*, at: datetime) -> int:
    """Make today's reports of all queues that have none yet; returns how many.

    Once a day, and of the days before: figures that moved with every answer would tell which case was seeded.
    """
    return sum(_report(queue, at=at) for queue in queries.queues_to_rely_on(at=at))


def _report(queue: Queue, *, at: datetime) -> bool:
    try:
        body = figures(queue, until=day_of(at))
    except Exception:
        log.exception("reliance could not be worked out", extra={"queue": str(queue.pk)})
        return False
    QualityReport.objects.update_or_create(queue=queue, kind=Kind.RELIANCE, defaults={"made_at": at, "body": body})
    return True


def figures(queue: Queue, *, until: datetime) -> dict[str, Any]:
    """The body of the report: the team, and people in no order that says anything about them."""
    since = until - WINDOW
    answers = queries.seeded_answers(queue, since=since, until=until)
    paces = queries.paces(queue, floor=FLOOR, since=since, until=until)
    return {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "floor": FLOOR,
        "n": len(answers),
        "team": _team(answers, paces.values()),
        "people": _people(answers, paces),
        "influence": arms.figures(queue, since=since, until=until),
    }


def _team(answers: Sequence[SeededAnswer], paces: Iterable[tuple[int, int]]) -> dict[str, Any]:
    said = [answer for answer in answers if _counts(answer)]
    found = seeded_reliance([answer.model_is_right for answer in said], [answer.accepted for answer in said])
    counted = list(paces)
    return {
        "over": plain(found.over),
        "under": plain(found.under),
        "over_after_what_if": _over(answer for answer in answers if answer.asked_what_if),
        "over_without": _over(answer for answer in answers if not answer.asked_what_if),
        "fast": plain(proportion(sum(fast for fast, _ in counted), sum(n for _, n in counted))),
    }


def _counts(answer: SeededAnswer) -> bool:
    """To pass on a case in which the model is right is not to overrule it; to pass on one in which it is wrong is not to follow it."""
    return bool(answer.outcome) or not answer.model_is_right


def _over(answers: Iterable[SeededAnswer]) -> dict[str, Any]:
    wrong = [answer.accepted for answer in answers if not answer.model_is_right]
    return plain(proportion(sum(wrong), len(wrong)))


def _people(answers: Sequence[SeededAnswer], paces: dict[UUID, tuple[int, int]]) -> list[dict[str, Any]]:
    people = sorted({answer.reviewer for answer in answers})
    own = [[answer for answer in answers if answer.reviewer == person] for person in people]
    wrong = [[answer.accepted for answer in mine if not answer.model_is_right] for mine in own]
    right = [[not answer.accepted for answer in mine if answer.model_is_right and answer.outcome] for mine in own]
    over, under = (_rates(side) for side in (wrong, right))
    return [
        {
            "person": str(person),
            "over": over[i],
            "under": under[i],
            "fast": plain(proportion(*paces.get(person, (0, 0)))),
            "haste": _haste(own[i]),
        }
        for i, person in enumerate(people)
    ]


def _rates(mistaken: Sequence[Sequence[bool]]) -> list[dict[str, Any]]:
    rates = reviewer_rates([sum(hits) for hits in mistaken], [len(hits) for hits in mistaken])
    return [_rounded(asdict(rate)) for rate in rates]


def _haste(answers: Sequence[SeededAnswer]) -> dict[str, Any]:
    fast = [
        answer.outcome == answer.known for answer in answers if answer.seconds is not None and answer.seconds < FLOOR
    ]
    return _rounded(asdict(haste(sum(fast), len(fast))))


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in values.items()}
