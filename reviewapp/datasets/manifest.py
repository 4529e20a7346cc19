"""What a frozen data set is, for whoever trains on it: the digest and how to check it, counts, columns, schemas, models, filters, versions."""

from typing import Any

from reviewapp.datasets.columns import Column
from reviewapp.datasets.models import DatasetSnapshot
from reviewapp.datasets.queries import columns_of, schemas_of
from reviewapp.datasets.rules import DIGEST_METHOD

_SPLIT_RULE = "80/10/10 by SHA-256 of the subject, else of the input snapshot: the same subject is in the same split of every data set"


def manifest(snapshot: DatasetSnapshot) -> dict[str, Any]:
    """The manifest of a frozen data set, as JSON values; `use_case` and `requested_by` are loaded. One more statement."""
    schemas = schemas_of(snapshot)
    summary = snapshot.summary
    return {
        "id": str(snapshot.pk),
        "name": snapshot.name,
        "use_case": snapshot.use_case.slug,
        "digest": snapshot.digest,
        "digest_method": DIGEST_METHOD,
        "rows": snapshot.rows_done,
        "splits": {split: sum(outcomes.values()) for split, outcomes in snapshot.counts.items()},
        "split_rule": _SPLIT_RULE,
        "outcomes": by_outcome(snapshot),
        "counts": snapshot.counts,
        "overridden": summary.get("overridden", 0),
        "filters": snapshot.filters,
        "positions": {
            "first": summary.get("first_position"),
            "last": summary.get("last_position"),
            "up_to": snapshot.up_to_position,
        },
        "decided_at": {"first": summary.get("first_decided_at"), "last": summary.get("last_decided_at")},
        "models": [_model(key, rows) for key, rows in sorted(summary.get("models", {}).items())],
        "schemas": [{"number": s.number, "digest": s.digest, "rows": summary["schemas"][str(s.pk)]} for s in schemas],
        "columns": [_column(column) for column in columns_of(schemas)],
        "requested_by": snapshot.requested_by.username,
        "requested_at": snapshot.requested_at,
        "frozen_at": snapshot.frozen_at,
        "versions": snapshot.versions,
    }


def by_outcome(snapshot: DatasetSnapshot) -> dict[str, int]:
    """Rows per outcome over all splits."""
    totals: dict[str, int] = {}
    for outcomes in snapshot.counts.values():
        for outcome, n in outcomes.items():
            totals[outcome] = totals.get(outcome, 0) + n
    return totals


def _model(key: str, rows: int) -> dict[str, Any]:
    name, _, version = key.partition("/")
    return {"model": name, "version": version, "rows": rows}


def _column(column: Column) -> dict[str, Any]:
    described: dict[str, Any] = {"name": column.name, "type": column.type.value, "description": column.description}
    if column.feature:
        described |= {"feature": column.feature, "unit": column.unit, "protected": column.protected}
    return described
