"""From a labelled table to an artifact: split, fit, calibrate, measure, and write all of it down.

Cases are split 60 : 20 : 20 into training, calibration and test, each outcome in the same proportion. With `ids` the
split depends only on seed and id, so a case stays where it is when the table grows. Calibration never sees a training
case, and no metric is taken on a case that fitted anything.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.artifact import Manifest, write_artifact
from inference.calibration import (
    Calibration,
    IntArray,
    brier_score,
    calibration_error,
    fit_calibration,
    uncalibrated,
)
from inference.encoding import Encoder, Encoding, FloatArray
from inference.errors import CalibrationFailed, TrainingFailed
from inference.fitting import Task, fit_model, library_versions, recipe
from inference.predictor import probabilities
from inference.runtimes import Backend, runtime_of
from inference.schema import FeatureSchema

SHARES = (0.6, 0.8)  # up to here training, up to here calibration, the rest test
FEWEST_PER_OUTCOME = 5
BACKGROUND_ROWS = 100
PERCENTILES = {"p01": 1, "p25": 25, "p50": 50, "p75": 75, "p99": 99}
OVER_THE_LINE = (0.40, 0.50)
NEAREST_SHARE = 0.10

Outcome = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Split:
    """Row numbers of each part."""

    train: IntArray
    calibration: IntArray
    test: IntArray

    def counts(self) -> dict[str, int]:
        parts = {"train": len(self.train), "calibration": len(self.calibration), "test": len(self.test)}
        return {"total": sum(parts.values()), **parts}


def train(
    table: Any,
    actual: Sequence[object],
    schema: FeatureSchema,
    outcomes: Sequence[Outcome],
    folder: Path,
    *,
    kind: str = "sklearn-hgb",
    ids: Sequence[str] | None = None,
    seed: int = 0,
    is_ordinal: bool = False,
    monotone: bool = True,
    parameters: Mapping[str, Any] | None = None,
    at: datetime | None = None,
) -> Manifest:
    """Fit, calibrate and measure a model, and write it as a new artifact.

    :param table: records, columns by name, or a data frame; None or NaN is not recorded. Protected columns stay unused.
    :param actual: the outcome value of each row.
    :param outcomes: their JSON form; in order of severity, most severe first, where `is_ordinal`.
    :param kind: "sklearn-hgb", "sklearn-logistic", "xgboost" or "lightgbm".
    :param monotone: hold the directions the schema declares (two outcomes, boosted trees).
    :raises TrainingFailed: the table breaks the schema, or an outcome has too few cases.
    """
    columns = _columns(table, schema)
    labels = _labels(actual, outcomes, len(next(iter(columns.values()))))
    split = split_cases(labels, ids=ids, seed=seed)
    encoding = _encoding(schema, columns, split.train, takes_missing=recipe(kind).takes_missing)
    matrix = encoding.matrix_of_columns(columns)
    constraints = _constraints(schema, encoding, outcomes, is_ordinal) if monotone else [0] * encoding.width
    task = Task(matrix[split.train], labels[split.train], len(outcomes), constraints, seed)
    model, used = fit_model(kind, task, parameters)
    backend = _backend(model, len(outcomes), encoding.width)
    raw = probabilities(backend.margins(matrix), backend.output_space)
    values = [str(outcome["value"]) for outcome in outcomes]
    calibration = _calibrate(raw[split.calibration], labels[split.calibration], values)
    plain = Encoding.of_schema(schema).matrix_of_columns(columns)
    return write_artifact(
        folder,
        model,
        schema,
        outcomes,
        encoding=encoding,
        calibration=calibration,
        backgrounds=_backgrounds(matrix[split.train], raw[split.train], outcomes),
        profile=_profile(schema, plain[split.train]),
        lineage={
            "data_digest": _digest(schema, plain, labels),
            "rows": split.counts(),
            "outcomes": dict(zip(values, np.bincount(labels, minlength=len(values)).tolist(), strict=True)),
            "kind": kind,
            "parameters": used,
            "seed": seed,
            "split_by": "id" if ids is not None else "seed",
            "monotone": sorted({encoding.features[encoding.owner[i]] for i, sign in enumerate(constraints) if sign}),
            "libraries": library_versions(kind),
            "python": platform.python_version(),
            "trained_at": at.isoformat() if at else None,
        },
        metrics=measure(raw[split.test], labels[split.test], calibration),
    )


# --- the table ---------------------------------------------------------------------------------------------------


def _columns(table: Any, schema: FeatureSchema) -> dict[str, list[Any]]:
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


def _labels(actual: Sequence[object], outcomes: Sequence[Outcome], rows: int) -> IntArray:
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
    place = _places_by_id(ids, seed) if ids is not None else _places_by_rank(labels, seed)
    rows = np.arange(len(labels))
    first, second = SHARES
    return Split(rows[place < first], rows[(place >= first) & (place < second)], rows[place >= second])


def _places_by_id(ids: Sequence[str], seed: int) -> FloatArray:
    digests = (hashlib.sha256(f"{seed}:{item}".encode()).digest()[:6] for item in ids)
    return np.asarray([int.from_bytes(digest) / 2**48 for digest in digests])


def _places_by_rank(labels: IntArray, seed: int) -> FloatArray:
    """Within each outcome an even spread over 0..1 in random order."""
    random = np.random.default_rng(seed)
    place = np.empty(len(labels))
    for label in np.unique(labels):
        rows = random.permutation(np.flatnonzero(labels == label))
        place[rows] = (np.arange(len(rows)) + 0.5) / len(rows)
    return place


def _encoding(
    schema: FeatureSchema, columns: Mapping[str, list[Any]], rows: IntArray, *, takes_missing: bool
) -> Encoding:
    """Single precision for trees; for a linear model one column per category, and gaps filled by the training median."""
    if takes_missing:
        return Encoding.of_schema(schema, precision="float32")
    plain = Encoding.of_schema(schema, one_hot=True)
    taken = {name: [column[row] for row in rows] for name, column in columns.items()}
    return Encoding(tuple(_filled(encoder, taken[encoder.feature]) for encoder in plain.encoders))


def _filled(encoder: Encoder, raw: Sequence[Any]) -> Encoder:
    if encoder.kind == "one_hot":
        return encoder
    column = encoder.encode(raw)[:, 0]
    missing = np.isnan(column)
    median = 0.0 if missing.all() else float(np.nanmedian(column))
    return replace(encoder, fill=median, indicator=bool(missing.any()))


def _constraints(schema: FeatureSchema, encoding: Encoding, outcomes: Sequence[Outcome], is_ordinal: bool) -> list[int]:
    """The declared directions as constraints on the second of two outcomes; more than two cannot be constrained."""
    sign = _severity_of_second(outcomes, is_ordinal) if len(outcomes) == 2 else 0
    directions = [schema.by_name[name].direction or 0 for name in encoding.features]
    return [sign * directions[position] for position in encoding.owner]


def _severity_of_second(outcomes: Sequence[Outcome], is_ordinal: bool) -> int:
    if is_ordinal:
        return -1
    return int(bool(outcomes[1].get("adverse"))) - int(bool(outcomes[0].get("adverse")))


# --- what goes with the model ------------------------------------------------------------------------------------


def _backend(model: object, outcomes: int, columns: int) -> Backend:
    """Built from its own file, so that what is measured is what will be loaded."""
    runtime = runtime_of(model)
    return runtime.load(runtime.dump(model), outcomes, columns)


def _calibrate(raw: FloatArray, labels: IntArray, values: Sequence[str]) -> Calibration:
    try:
        return fit_calibration(raw, labels, values)
    except CalibrationFailed:
        return uncalibrated(values)


def measure(raw: FloatArray, labels: IntArray, calibration: Calibration) -> dict[str, Any]:
    """On cases that fitted nothing: ranking, accuracy, and how far probabilities are off before and after calibration."""
    from sklearn.metrics import log_loss  # type: ignore[import-untyped]

    calibrated = calibration.apply(raw)
    return {
        "n": len(labels),
        "auc": _auc(calibrated, labels),
        "accuracy": float((calibrated.argmax(axis=1) == labels).mean()),
        "log_loss": float(log_loss(labels, calibrated, labels=range(raw.shape[1]))),
        "ece_before": calibration_error(raw, labels),
        "ece_after": calibration_error(calibrated, labels),
        "brier_before": brier_score(raw, labels),
        "brier_after": brier_score(calibrated, labels),
        "calibration": {"method": calibration.method, "n": calibration.n},
    }


def _auc(calibrated: FloatArray, labels: IntArray) -> float | None:
    """Of the second outcome; the mean of one against the rest where there are more. None if an outcome is not there."""
    from sklearn.metrics import roc_auc_score

    if len(np.unique(labels)) < calibrated.shape[1]:
        return None
    if calibrated.shape[1] == 2:
        return float(roc_auc_score(labels, calibrated[:, 1]))
    return float(roc_auc_score(labels, calibrated, multi_class="ovr", average="macro"))


def _backgrounds(matrix: FloatArray, raw: FloatArray, outcomes: Sequence[Outcome]) -> dict[str, dict[str, Any]]:
    """100 cases each, spread evenly over the score: all; and with one adverse outcome of two, the others and the nearest.

    "Just over the line" is the accepted comparison for reasons of an adverse decision.
    """
    adverse = [position for position, outcome in enumerate(outcomes) if outcome.get("adverse")]
    if len(outcomes) != 2 or len(adverse) != 1:
        score = raw @ np.arange(raw.shape[1])
        return {"all": _background("all training cases", matrix, _spread(score, np.arange(len(score))))}
    score = raw[:, adverse[0]]
    other = outcomes[1 - adverse[0]]
    favourable = np.flatnonzero(score < OVER_THE_LINE[1])
    name = f"{other.get('past') or str(other.get('label', other['value'])).lower()} cases"
    return {
        "all": _background("all training cases", matrix, _spread(score, np.arange(len(score)))),
        "favourable": _background(name, matrix, _spread(score, favourable)),
        "just_over": _background("cases just over the line", matrix, _spread(score, _just_over(score, favourable))),
    }


def _just_over(score: FloatArray, favourable: IntArray) -> IntArray:
    """Scores of 0.40 to 0.50, or the tenth of the favourable cases nearest to the line where that is more."""
    near = favourable[score[favourable] >= OVER_THE_LINE[0]]
    tenth = favourable[np.argsort(-score[favourable], kind="stable")][: round(NEAREST_SHARE * len(favourable))]
    return near if len(near) > len(tenth) else tenth


def _spread(score: FloatArray, rows: IntArray) -> IntArray:
    """At most 100 of the rows, evenly spaced in order of score."""
    ordered = rows[np.argsort(score[rows], kind="stable")]
    if len(ordered) <= BACKGROUND_ROWS:
        return ordered
    return np.asarray(ordered[np.linspace(0, len(ordered) - 1, BACKGROUND_ROWS).round().astype(int)])


def _background(name: str, matrix: FloatArray, rows: IntArray) -> dict[str, Any]:
    return {"name": name, "n": len(rows), "rows": [_json_row(row) for row in matrix[rows].tolist()]}


def _json_row(row: Sequence[float]) -> list[float | None]:
    return [None if np.isnan(value) else value for value in row]


def _profile(schema: FeatureSchema, plain: FloatArray) -> dict[str, dict[str, float | None]]:
    """Percentiles of each input in the units of the record (positions for listed values) and the share missing."""
    return {name: _percentiles(plain[:, i]) for i, name in enumerate(schema.model_inputs)}


def _percentiles(column: FloatArray) -> dict[str, float | None]:
    present: NDArray[np.float64] = column[~np.isnan(column)]
    missing = 1 - len(present) / len(column)
    if not len(present):
        return dict.fromkeys(PERCENTILES) | {"missing": missing}
    found = np.percentile(present, list(PERCENTILES.values())).tolist()
    return dict(zip(PERCENTILES, found, strict=True)) | {"missing": missing}


def _digest(schema: FeatureSchema, plain: FloatArray, labels: IntArray) -> str:
    digest = hashlib.sha256(schema.digest.encode())
    digest.update(np.where(np.isnan(plain), np.nan, plain).astype("<f8").tobytes())
    digest.update(labels.astype("<i8").tobytes())
    return digest.hexdigest()
