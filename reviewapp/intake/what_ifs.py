"""The model worker answers what-if questions: the case as it is and as it would be, scored and explained side by side.

A person is waiting, so `scoring` lets these go first, between two of its batches.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db import transaction

from inference.predictor import Prediction as Scored
from reviewapp.intake.runtimes import Runtime, runtime
from reviewapp.predictions import what_if
from reviewapp.predictions.models import WhatIf
from reviewapp.predictions.what_if import Reply

log = logging.getLogger(__name__)
BATCH = 32


def answer_what_ifs() -> int:
    """Answer what waits; returns how many questions were dealt with."""
    done = 0
    while count := _answer_batch():
        done += count
    return done


def sweep(*, at: datetime) -> None:
    """Answer what no bell was heard for, and forget what is a day old."""
    answer_what_ifs()
    what_if.forget_old(at=at)


@transaction.atomic(durable=True)
def _answer_batch() -> int:
    """No act of its own: that somebody asked is on record."""
    rows = sorted(what_if.lock_waiting(BATCH), key=_version)
    if rows:
        what_if.reply([reply for _, group in groupby(rows, key=_version) for reply in _replies(list(group))])
    return len(rows)


def _version(row: WhatIf) -> str:
    return str(row.prediction.model_version_id)


def _replies(rows: Sequence[WhatIf]) -> list[Reply]:
    """All of one model version in one pass; where that fails each by itself, so that one bad row spoils no other."""
    try:
        return _answered(rows)
    except Exception as error:
        if len(rows) > 1:
            return [reply for row in rows for reply in _replies([row])]
        log.exception("a what-if could not be answered")
        return [Reply(rows[0].pk, failure=type(error).__name__)]


def _answered(rows: Sequence[WhatIf]) -> list[Reply]:
    live = _runtime_of(rows[0])
    features = [row.prediction.features for row in rows]
    records = features + [{**own, **row.changes} for own, row in zip(features, rows, strict=True)]
    sides = [_side(*pair) for pair in zip(*live.explainer.predict_and_explain(records), strict=True)]
    pairs = zip(sides[: len(rows)], sides[len(rows) :], strict=True)
    return [
        Reply(row.pk, answer={"before": before, "after": after})
        for row, (before, after) in zip(rows, pairs, strict=True)
    ]


def _runtime_of(row: WhatIf) -> Runtime:
    version = row.prediction.model_version
    assert version is not None  # noqa: S101 -- nobody can ask about a prediction without a version
    return runtime(version.artifact, version.artifact_digest)


def _side(scored: Scored, explanation: dict[str, Any]) -> dict[str, Any]:
    return {
        "outcome": scored.outcome,
        "probabilities": scored.probabilities,
        "confidence": scored.confidence,
        "margin": scored.margin,
        "explanation": explanation,
    }
