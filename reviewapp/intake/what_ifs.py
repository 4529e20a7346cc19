"""The model worker answers what people ask about a case: what if (the case as it is and as it would be, scored and explained side by side),
and what would change its outcome.

A person is waiting, so `scoring` lets these go first, between two of its batches.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db import transaction

from inference.flips import flips_of
from inference.predictor import LocalPredictor
from inference.predictor import Prediction as Scored
from reviewapp.catalog.rules import OutcomeKind
from reviewapp.intake.runtimes import Runtime, runtime
from reviewapp.predictions import what_if
from reviewapp.predictions.models import FLIPS, WhatIf
from reviewapp.predictions.versions import schema_of
from reviewapp.predictions.what_if import Reply

log = logging.getLogger(__name__)
BATCH = 32
SEARCHES = 2  # each takes as long as all of a batch


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
    rows = sorted(what_if.lock_waiting(BATCH) or what_if.lock_waiting(SEARCHES, kind=FLIPS), key=_version)
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
    if rows[0].kind == FLIPS:
        return [Reply(row.pk, answer=_flips(row, live.predictor)) for row in rows]
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


def _flips(row: WhatIf, predictor: LocalPredictor) -> dict[str, Any]:
    use_case = row.prediction.use_case
    ordinal = use_case.outcome_kind == OutcomeKind.ORDINAL
    schema = schema_of(row.prediction)
    found = flips_of(predictor, row.prediction.features, schema=schema, outcomes=use_case.outcomes, is_ordinal=ordinal)
    flips = [{"changes": flip.changes, "cost": flip.cost, "prediction": _said(flip.prediction)} for flip in found.found]
    return {"before": _said(found.before), "flips": flips, "tried": list(found.tried)}


def _side(scored: Scored, explanation: dict[str, Any]) -> dict[str, Any]:
    return _said(scored) | {"explanation": explanation}


def _said(scored: Scored) -> dict[str, Any]:
    return {
        "outcome": scored.outcome,
        "probabilities": scored.probabilities,
        "confidence": scored.confidence,
        "margin": scored.margin,
    }
