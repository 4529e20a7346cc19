"""What would change this, as the page and the API tell it."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from reviewapp.cases.models import Case
from reviewapp.predictions.flipping import differs, flip_sentences, tried_labels
from reviewapp.predictions.models import WhatIf
from reviewapp.predictions.what_if import is_possible


def flips_context(case: Case, *, row: WhatIf | None = None, is_forgotten: bool = False) -> dict[str, Any]:
    """The context of cases/_flips.html, with a result where `row` is given."""
    return {
        "available": is_possible(case.prediction),
        "url": reverse("cases:flips", args=[case.pk]),
        "again_url": f"{reverse('cases:case', args=[case.pk])}?flips={row.pk}#flips" if row else "",
        "forgotten": is_forgotten,
        "result": _result(case, row) if row else None,
    }


def _result(case: Case, row: WhatIf) -> dict[str, Any]:
    if row.answer is None:
        return {"status": "failed" if row.failure else "waiting"}
    use_case = case.queue.use_case
    return {
        "status": "answered",
        "outcome": use_case.outcome_label(row.answer["before"]["outcome"]),
        "sentences": flip_sentences(case.prediction, use_case, row.answer),
        "tried": tried_labels(case.prediction, row.answer),
        "differs": differs(case.prediction, row.answer["before"]),
        "subject_noun": use_case.subject_noun,
    }


def flips_answer(case: Case, row: WhatIf) -> dict[str, Any]:
    """The answer of the API."""
    assert row.answer is not None  # noqa: S101 -- the caller waited for it
    sentences = flip_sentences(case.prediction, case.queue.use_case, row.answer)
    flips = zip(row.answer["flips"], sentences, strict=True)
    return {
        "id": str(row.pk),
        "case": str(case.pk),
        "before": row.answer["before"],
        "flips": [_line(flip, sentence) for flip, sentence in flips],
        "tried": row.answer["tried"],
    }


def _line(flip: Mapping[str, Any], sentence: str) -> dict[str, Any]:
    return {"changes": flip["changes"], "sentence": sentence, "prediction": flip["prediction"]}
