"""A labelled table as columns of plain values, checked against its schema, and split into parts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from inference.calibration import IntArray
from inference.encoding import FloatArray
from inference.errors import TrainingFailed
from inference.schema import FeatureSchema

SHARES = (0.6, 0.8)  # up to here training, up to here calibration, the rest test
FEWEST_PER_OUTCOME = 10

Outcome = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Split:
    """Row numbers of each part."""

    train: IntArray
    calibration: IntArray
    test: IntArray


def read_columns(table: Any, schema: FeatureSchema) -> dict[str, list[Any]]:
    """The model's inputs by name, as plain Python values with None for not recorded, every row checked."""
    if hasattr(table, "to_dict") and hasattr(table, "columns"):
        table = {str(name): table[name].tolist() for name in table.columns}
    if not isinstance(table, Mapping):
        table = {name: [record.get(name) for record in table] for name in schema.model_inputs}
    absent = [name for name in schema.model_inputs if name not in table]
    if absent:
        raise TrainingFailed(f"The table has no column “{absent[0]}”.")
    columns = {name: [_plain(value) for value in table[name]] for name in schema.model_inputs}
    if len({len(column) for column in columns.values()}) != 1:
        raise TrainingFailed("The columns are of different lengths.")
    _check_rows(columns, schema)
    return columns


def _plain(value: Any) -> Any:
    """numpy scalars as Python's own; NaN, NaT and pandas' NA as None."""
    value = value.item() if isinstance(value, np.generic) else value
    is_missing = value is None or type(value).__name__ in ("NAType", "NaTType") or value != value  # noqa: PLR0124
    return None if is_missing else value


def _check_rows(columns: Mapping[str, list[Any]], schema: FeatureSchema) -> None:
    inputs = FeatureSchema(tuple(feature for feature in schema.features if not feature.protected))
    validate = inputs.validator()
    for position, row in enumerate(zip(*columns.values(), strict=True)):
        problems = validate(dict(zip(columns, row, strict=True)))
        if problems:
            first = problems[0]
            raise TrainingFailed(f"Row {position}, “{first.name}”: {first.code}. {first.detail}")


def read_labels(actual: Sequence[object], outcomes: Sequence[Outcome], rows: int) -> IntArray:
    positions = {str(outcome["value"]): position for position, outcome in enumerate(outcomes)}
    named = [str(value) for value in actual]
    unknown = sorted(set(named) - set(positions))
    if unknown:
        raise TrainingFailed(f"“{unknown[0]}” is not one of the outcomes.")
    if len(named) != rows:
        raise TrainingFailed(f"{rows} rows have {len(named)} outcomes.")
    labels = np.asarray([positions[name] for name in named], dtype=np.intp)
    counts = np.bincount(labels, minlength=len(outcomes))
    if counts.min() < FEWEST_PER_OUTCOME:
        raise TrainingFailed(f"The outcome “{list(positions)[int(counts.argmin())]}” has {counts.min()} cases.")
    return labels


def split_cases(labels: IntArray, *, ids: Sequence[str] | None, seed: int) -> Split:
    """Stratified by outcome. With ids a case's place follows from seed and id alone, so parts are 60 : 20 : 20 on average."""
    place = _places_by_id(ids, seed) if ids is not None else places_by_rank(labels, seed)
    rows = np.arange(len(labels))
    first, second = SHARES
    return Split(rows[place < first], rows[(place >= first) & (place < second)], rows[place >= second])


def _places_by_id(ids: Sequence[str], seed: int) -> FloatArray:
    digests = (hashlib.sha256(f"{seed}:{item}".encode()).digest()[:6] for item in ids)
    return np.asarray([int.from_bytes(digest) / 2**48 for digest in digests])


def places_by_rank(labels: IntArray, seed: int) -> FloatArray:
    """Within each outcome an even spread over 0..1 in random order."""
    random = np.random.default_rng(seed)
    place = np.empty(len(labels))
    for label in np.unique(labels):
        rows = random.permutation(np.flatnonzero(labels == label))
        place[rows] = (np.arange(len(rows)) + 0.5) / len(rows)
    return place
