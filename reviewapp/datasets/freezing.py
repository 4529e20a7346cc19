"""Freezing: reads the labels of a requested data set in order, once, in batches that each commit their rows and how far they came.

Killed at any moment, the unfinished batch is gone as a whole and the next run goes on after the last finished one: the digest is a chain
and continues from any row.
"""

import logging
import platform
from collections.abc import Iterable, Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Any, TypedDict
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection, transaction

from reviewapp.audit import actions as audit
from reviewapp.datasets import queries
from reviewapp.datasets.columns import LABEL_FIELDS, row
from reviewapp.datasets.models import DatasetSnapshot
from reviewapp.datasets.rules import EMPTY, Filters, Split, State, chain, split_of
from reviewapp.lib.actor import system
from reviewapp.lib.canonical import canonical_json

log = logging.getLogger(__name__)
FREEZER = system("dataset-freezer")
_AT_ONCE = 100
_POSITION, _DIGEST = 3 + LABEL_FIELDS.index("position"), 3 + LABEL_FIELDS.index("snapshot_digest")


class Summary(TypedDict, total=False):
    """What `DatasetSnapshot.summary` holds: counts by schema id and by `model/version`, and the ends of the range."""

    schemas: dict[str, int]
    models: dict[str, int]
    overridden: int
    jsonl_bytes: int
    first_position: int
    last_position: int
    first_decided_at: str
    last_decided_at: str


def freeze_pending(*, at: datetime) -> int:
    """Freeze everything requested; returns how many rows were added. Several workers may run this at once."""
    waiting = DatasetSnapshot.objects.filter(state=State.PENDING).order_by("requested_at")
    return sum(_freeze(pk, at=at) for pk in list(waiting.values_list("pk", flat=True)[:_AT_ONCE]))


def _freeze(pk: UUID, *, at: datetime) -> int:
    """One data set to its end. What cannot be frozen is marked as failed and does not hold up the others; an outage travels up."""
    added = 0
    try:
        while (count := _freeze_batch(pk, at=at)) is not None:
            added += count
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("a data set could not be frozen", extra={"dataset": str(pk)})
        _fail(pk, at=at)
    return added


@transaction.atomic(durable=True)
def _freeze_batch(pk: UUID, *, at: datetime) -> int | None:
    """The next rows; returns how many, or None when there is nothing left to do or another worker is at it."""
    pending = DatasetSnapshot.objects.select_for_update(of=("self",), skip_locked=True, no_key=True).select_related(
        "use_case"
    )
    snapshot = pending.filter(pk=pk, state=State.PENDING).first()
    if snapshot is None:
        return None
    filters = Filters(**snapshot.filters)
    if not snapshot.digest:
        return _begin(snapshot, filters)
    found = queries.unfrozen_rows(snapshot, filters, after=snapshot.summary.get("last_position", 0))
    _add(snapshot, found)
    if len(found) < queries.BATCH:
        _finish(snapshot, at=at)
    snapshot.save(update_fields=["rows_done", "digest", "counts", "summary", "state", "frozen_at", "versions"])
    return len(found)


def _begin(snapshot: DatasetSnapshot, filters: Filters) -> int:
    """How much there is to do, so that people can see how far it is."""
    snapshot.rows_total = (
        queries.labels_of(snapshot.use_case, filters).filter(position__lte=snapshot.up_to_position).count()
    )
    snapshot.digest = EMPTY.hex()
    snapshot.save(update_fields=["rows_total", "digest"])
    return 0


def _add(snapshot: DatasetSnapshot, found: Sequence[tuple[Any, ...]]) -> None:
    """Add the rows and carry digest, counts and summary on."""
    digest, placed = bytes.fromhex(snapshot.digest), []
    for subject_id, schema_id, features, *values in found:
        split = split_of(subject_id.bytes if subject_id else bytes(values[_DIGEST - 3]))
        line = row(split, features, values)
        text = canonical_json(line)
        digest = chain(digest, text)
        placed.append((line["position"], split.value))
        _count(snapshot, line, schema_id=schema_id, size=len(text) + 1)
    _copy(snapshot.pk, placed)
    snapshot.digest = digest.hex()
    snapshot.rows_done += len(placed)


def _count(snapshot: DatasetSnapshot, line: dict[str, Any], *, schema_id: UUID, size: int) -> None:
    of_split = snapshot.counts.setdefault(line["split"], {})
    of_split[line["outcome"]] = of_split.get(line["outcome"], 0) + 1
    summary: Summary = snapshot.summary
    model = f"{line['model']}/{line['model_version']}"
    for counts, key in ((summary.setdefault("schemas", {}), str(schema_id)), (summary.setdefault("models", {}), model)):
        counts[key] = counts.get(key, 0) + 1
    summary["overridden"] = summary.get("overridden", 0) + (not line["agrees"])
    summary["jsonl_bytes"] = summary.get("jsonl_bytes", 0) + size
    summary.setdefault("first_position", line["position"])
    summary["last_position"] = line["position"]
    summary["first_decided_at"] = min(summary.get("first_decided_at", line["decided_at"]), line["decided_at"])
    summary["last_decided_at"] = max(summary.get("last_decided_at", line["decided_at"]), line["decided_at"])


def _copy(pk: UUID, placed: Iterable[tuple[int, str]]) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy("copy datasets_datasetrow (snapshot_id, position, split) from stdin") as copy,
    ):
        for position, split in placed:
            copy.write_row((pk, position, split))


def _finish(snapshot: DatasetSnapshot, *, at: datetime) -> None:
    snapshot.state = State.FROZEN
    snapshot.frozen_at = max(at, snapshot.requested_at)  # requested while this run was under way
    snapshot.versions = _versions()
    for split in Split:
        snapshot.counts.setdefault(split.value, {})
    data = {"rows": snapshot.rows_done, "digest": snapshot.digest}
    audit.record("dataset.frozen", subject=snapshot, actor=FREEZER, at=at, data=data)


def _versions() -> dict[str, str]:
    number = connection.cursor().connection.info.server_version
    return {
        "python": platform.python_version(),
        "postgresql": f"{number // 10_000}.{number % 10_000}",
        **{name: version(name) for name in ("django", "psycopg", "orjson", "rfc8785")},
    }


@transaction.atomic(durable=True)
def _fail(pk: UUID, *, at: datetime) -> None:
    snapshot = DatasetSnapshot.objects.select_for_update(no_key=True).filter(pk=pk, state=State.PENDING).first()
    if snapshot is not None:
        snapshot.state = State.FAILED
        snapshot.save(update_fields=["state"])
        audit.record(
            "dataset.failed",
            subject=snapshot,
            actor=FREEZER,
            at=at,
            outcome="failed",
            data={"rows": snapshot.rows_done},
        )
