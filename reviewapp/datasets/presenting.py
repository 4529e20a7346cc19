"""Labels and data sets as pages show them: words, percentages, rows of tables. No statement of its own."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.template.defaultfilters import pluralize
from django.urls import reverse

from reviewapp.catalog.models import UseCase
from reviewapp.datasets.manifest import by_outcome
from reviewapp.datasets.models import DatasetSnapshot
from reviewapp.datasets.queries import COUNTED, Tally
from reviewapp.datasets.rules import AGREES, DIRECTIONS, OVERRIDES, Filters, Split, State
from reviewapp.lib.listing import select
from reviewapp.predictions.models import Label

_DIRECTION_WORDS = {
    "high-side": "towards the adverse outcome",
    "low-side": "away from the adverse outcome",
    "sideways": "sideways",
    "up-triage": "more severe",
    "down-triage": "less severe",
}
_SELECTED_WORDS = {
    "policy_rule": "a rule asked",
    "always_review": "always reviewed",
    "low_confidence": "not sure enough",
    "qa_auto": "quality sample",
}
_FILTER_WORDS = {
    "outcome": "decided",
    "agreement": "agreement",
    "direction": "direction",
    "model_version": "model version",
    "reviewer": "reviewer",
    "selection_reason": "selected because",
    "decided_from": "decided from",
    "decided_to": "decided to",
}


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "not defined: no labels"


def label_filters(
    use_cases: Sequence[UseCase], use_case: UseCase, filters: Filters, *, seen: tuple[list[str], list[str]]
) -> dict[str, Any]:
    """Context of components/_filters.html. `seen`: model versions and selection reasons among the newest labels."""
    versions, reasons = (
        _with(values, chosen)
        for values, chosen in zip(seen, (filters.model_version, filters.selection_reason), strict=True)
    )
    outcomes = [(outcome.value, outcome.label) for outcome in use_case.outcome_list]
    return {
        "search": {"name": "reviewer", "label": "Reviewer", "value": filters.reviewer, "placeholder": "rv-…"},
        "selects": [
            _use_case_select(use_cases, use_case.slug),
            select("outcome", "Decided", outcomes, filters.outcome, everything="Any"),
            select(
                "agreement",
                "Agreement",
                [(AGREES, "Agrees"), (OVERRIDES, "Overrides")],
                filters.agreement,
                everything="Any",
            ),
            select(
                "direction",
                "Direction",
                [(value, _DIRECTION_WORDS[value]) for value in DIRECTIONS],
                filters.direction,
                everything="Any",
            ),
            select(
                "model_version",
                "Model version",
                [(value, value) for value in versions],
                filters.model_version,
                everything="Any",
            ),
            select(
                "selection_reason",
                "Selected because",
                [(value, _SELECTED_WORDS.get(value, value)) for value in reasons],
                filters.selection_reason,
                everything="Any",
            ),
        ],
        "dates": [
            {"name": "decided_from", "label": "From", "value": filters.decided_from},
            {"name": "decided_to", "label": "To", "value": filters.decided_to},
        ],
        "clear_url": f"{reverse('datasets:labels')}?use_case={use_case.slug}" if filters.as_json() else None,
    }


def dataset_filters(use_cases: Sequence[UseCase], slug: str) -> dict[str, Any]:
    return {
        "selects": [_use_case_select(use_cases, slug, everything="Any")],
        "clear_url": reverse("datasets:datasets") if slug else None,
    }


def _use_case_select(use_cases: Sequence[UseCase], slug: str, *, everything: str | None = None) -> dict[str, Any]:
    options = [(use_case.slug, use_case.name) for use_case in use_cases]
    return select("use_case", "Use case", options, slug, everything=everything)


def _with(values: Sequence[str], chosen: str) -> list[str]:
    return sorted({*values, chosen} - {""})


def label_row(label: Label, use_case: UseCase) -> dict[str, Any]:
    return {
        "decided_at": label.decided_at,
        "position": label.position,
        "predicted": use_case.outcome_label(label.predicted_outcome),
        "outcome": use_case.outcome_label(label.outcome),
        "agrees": label.agrees,
        "direction": _DIRECTION_WORDS.get(label.direction, label.direction),
        "confidence": f"{label.confidence * 100:.0f} of 100",
        "reasons": ", ".join(label.reason_codes),
        "reviewer": label.reviewer,
        "model": f"{label.model_name} {label.model_version_name}".strip() or "elsewhere",
        "selected": _SELECTED_WORDS.get(label.selection_reason, label.selection_reason),
        "probability": f"{label.selection_probability:.3g}",
    }


def tally(counted: Tally, use_case: UseCase) -> dict[str, Any]:
    """Figures and a row per outcome; `n` says of how many labels."""
    rows = [
        {
            "label": outcome.label,
            "n": n,
            "share": percent(n, counted.n),
            "overridden": overridden,
            "override_share": percent(overridden, n),
        }
        for outcome in use_case.outcome_list
        for n, overridden in [counted.by_outcome.get(outcome.value, (0, 0))]
    ]
    whole = f"the newest {COUNTED:,}" if counted.is_part else "all"
    figures = [
        {
            "label": "Labels",
            "value": f"over {COUNTED:,}" if counted.is_part else f"{counted.n:,}",
            "note": f"the figures are of {whole} that match",
        },
        {
            "label": "Overridden",
            "value": percent(counted.overridden, counted.n),
            "note": f"{counted.overridden:,} of n = {counted.n:,}",
        },
    ]
    return {"n": counted.n, "figures": figures, "rows": rows}


def dataset_row(snapshot: DatasetSnapshot) -> dict[str, Any]:
    return {
        "url": reverse("datasets:dataset", args=[snapshot.pk]),
        "name": snapshot.name,
        "use_case": snapshot.use_case.name,
        "state": snapshot.state,
        "state_text": progress_text(snapshot),
        "requested_by": snapshot.requested_by,
        "requested_at": snapshot.requested_at,
        "digest": snapshot.digest[:12] if snapshot.is_frozen else "",
    }


def progress_text(snapshot: DatasetSnapshot) -> str:
    if snapshot.state == State.FROZEN:
        return f"{snapshot.rows_done:,} row{pluralize(snapshot.rows_done)}"
    if snapshot.state == State.FAILED:
        return f"failed after {snapshot.rows_done:,} row{pluralize(snapshot.rows_done)}"
    return (
        f"{snapshot.rows_done:,} of {snapshot.rows_total:,} row{pluralize(snapshot.rows_total)}"
        if snapshot.digest
        else "waits to be frozen"
    )


def job(snapshot: DatasetSnapshot) -> dict[str, Any]:
    """Context of components/_progress.html."""
    return {
        "label": f"Freezing {snapshot.name}",
        "done": snapshot.rows_done,
        "total": max(snapshot.rows_total, 1),
        "text": progress_text(snapshot),
        "url": reverse("datasets:progress", args=[snapshot.pk]),
        "finished": snapshot.is_frozen,
        "failed": snapshot.state == State.FAILED,
    }


def about(snapshot: DatasetSnapshot) -> list[dict[str, Any]]:
    """Pairs of a description list."""
    summary = snapshot.summary
    pairs: list[dict[str, Any]] = [
        {"term": "Use case", "text": snapshot.use_case.name},
        {"term": "Filters", "text": filters_text(snapshot.filters, snapshot.use_case)},
        {"term": "Up to label", "text": f"{snapshot.up_to_position:,}"},
        {"term": "Asked for by", "text": snapshot.requested_by.display_name},
        {"term": "Asked for", "at": snapshot.requested_at},
    ]
    if snapshot.is_frozen:
        models = ", ".join(f"{key.replace('/', ' ')} ({n:,})" for key, n in sorted(summary.get("models", {}).items()))
        overridden = summary.get("overridden", 0)
        pairs += [
            {"term": "Frozen", "at": snapshot.frozen_at},
            {"term": "Models", "text": models or "none"},
            {
                "term": "Overridden",
                "text": f"{overridden:,} of {snapshot.rows_done:,} ({percent(overridden, snapshot.rows_done)})",
            },
            {"term": "Digest", "code": snapshot.digest},
        ]
    return pairs


def filters_text(filters: Mapping[str, str], use_case: UseCase) -> str:
    words = [
        f"{_FILTER_WORDS[name]} {use_case.outcome_label(value) if name == 'outcome' else value}"
        for name, value in filters.items()
    ]
    return ", ".join(words) or "none: every label"


def counts(snapshot: DatasetSnapshot) -> dict[str, Any]:
    """Rows by split and outcome, with totals."""
    outcomes = snapshot.use_case.outcome_list
    totals = by_outcome(snapshot)
    rows = []
    for split in Split:
        of_split = snapshot.counts.get(split, {})
        n = sum(of_split.values())
        cells = [{"label": outcome.label, "n": f"{of_split.get(outcome.value, 0):,}"} for outcome in outcomes]
        rows.append({"split": split.value, "cells": cells, "n": f"{n:,}", "share": percent(n, snapshot.rows_done)})
    total = [{"label": outcome.label, "n": f"{totals.get(outcome.value, 0):,}"} for outcome in outcomes]
    return {
        "outcomes": [outcome.label for outcome in outcomes],
        "rows": rows,
        "total": total,
        "n": f"{snapshot.rows_done:,}",
    }


def files(snapshot: DatasetSnapshot) -> list[dict[str, str]]:
    """What there is to take, the best for training first."""
    address = reverse("datasets:download", args=[snapshot.pk])
    megabytes = snapshot.summary.get("jsonl_bytes", 0) / 1e6
    size = f"{megabytes:,.1f} MB" if megabytes >= 0.1 else "under 0.1 MB"
    return [
        {
            "url": f"{address}?format=parquet",
            "label": "Parquet",
            "note": "typed columns, compressed, carries the manifest",
        },
        {
            "url": f"{address}?format=csv",
            "label": "CSV",
            "note": "for spreadsheets: text that could run as a formula begins with an apostrophe",
        },
        {
            "url": f"{address}?format=jsonl",
            "label": "JSONL",
            "note": f"exact, one object a line, {size}; the digest covers these lines",
        },
    ]
