"""From a labelled table to an artifact: split, fit, calibrate, measure, and write all of it down.

Cases are split 60 : 20 : 20 into training, calibration and test, each outcome in the same proportion. With `ids` the
split depends only on seed and id, so a case stays where it is when the table grows. Where the calibration part would
have under 1,000 cases, both parts train the model and calibration goes by cross-fitting: each case is scored by one of
five models fitted without it. Either way no probability is calibrated on a case its model has seen, and no metric is
taken on a case that fitted anything.
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
    ENOUGH_FOR_ISOTONIC,
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
from inference.runtimes import runtime_of
from inference.schema import FeatureSchema
from inference.table import Outcome, places_by_rank, read_columns, read_labels, split_cases

FOLDS = 5
BACKGROUND_ROWS = 100
PERCENTILES = {"p01": 1, "p25": 25, "p50": 50, "p75": 75, "p99": 99}
OVER_THE_LINE = (0.40, 0.50)
NEAREST_SHARE = 0.10


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
    columns = read_columns(table, schema)
    labels = read_labels(actual, outcomes, len(next(iter(columns.values()))))
    parts = split_cases(labels, ids=ids, seed=seed)
    crossed = len(parts.calibration) < ENOUGH_FOR_ISOTONIC
    learned = np.sort(np.concatenate([parts.train, parts.calibration])) if crossed else parts.train
    encoding = _encoding(schema, columns, learned, takes_missing=recipe(kind).takes_missing)
    matrix = encoding.matrix_of_columns(columns)
    constraints = _constraints(schema, encoding, outcomes, is_ordinal) if monotone else [0] * encoding.width
    course = _Course(kind, matrix, labels, outcomes, constraints, seed, parameters)
    model, used = course.fit(learned)
    held_out = course.cross_scores(learned) if crossed else course.scores(model, parts.calibration)
    calibrated_on = learned if crossed else parts.calibration
    values = [str(outcome["value"]) for outcome in outcomes]
    calibration = _calibrate(held_out, labels[calibrated_on], values)
    plain = Encoding.of_schema(schema).matrix_of_columns(columns)
    return write_artifact(
        folder,
        model,
        schema,
        outcomes,
        encoding=encoding,
        calibration=calibration,
        backgrounds=_backgrounds(matrix[learned], course.scores(model, learned), outcomes),
        profile=_profile(schema, plain[learned]),
        lineage={
            "data_digest": _digest(schema, plain, labels),
            "rows": {
                "total": len(labels),
                "train": len(learned),
                "calibration": len(calibrated_on),
                "test": len(parts.test),
            },
            "cross_fitted": crossed,
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
        metrics=measure(course.scores(model, parts.test), labels[parts.test], calibration),
    )


@dataclass(frozen=True, slots=True)
class _Course:
    """One way of fitting, to be repeated on different rows of one table."""

    kind: str
    matrix: FloatArray
    labels: IntArray
    outcomes: Sequence[Outcome]
    constraints: Sequence[int]
    seed: int
    parameters: Mapping[str, Any] | None

    def fit(self, rows: IntArray) -> tuple[Any, dict[str, Any]]:
        if len(np.unique(self.labels[rows])) < len(self.outcomes):
            raise TrainingFailed("An outcome has no case among those to train on.")
        task = Task(self.matrix[rows], self.labels[rows], len(self.outcomes), self.constraints, self.seed)
        return fit_model(self.kind, task, self.parameters)

    def scores(self, model: object, rows: IntArray) -> FloatArray:
        """(rows, outcomes), from the model as built from its own file: what is measured is what will be loaded."""
        runtime = runtime_of(model)
        backend = runtime.load(runtime.dump(model), len(self.outcomes), self.matrix.shape[1])
        return probabilities(backend.margins(self.matrix[rows]), backend.output_space)

    def cross_scores(self, rows: IntArray) -> FloatArray:
        """Each row scored by a model fitted without it, in five folds of like proportions."""
        fold = (places_by_rank(self.labels[rows], self.seed) * FOLDS).astype(int)
        scores = np.empty((len(rows), len(self.outcomes)))
        for left_out in range(FOLDS):
            model, _ = self.fit(rows[fold != left_out])
            scores[fold == left_out] = self.scores(model, rows[fold == left_out])
        return scores


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
