"""Predictions from a model, wherever it runs.

Whatever has `schema`, `outcomes` and `predict` is a `Predictor`: a local artifact (`load_predictor`) or a remote service.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from inference.artifact import AuditedArtifact, audit_artifact
from inference.calibration import logistic
from inference.contrast import PROBABILITY
from inference.encoding import FloatArray
from inference.errors import PredictionFailed
from inference.runtimes import Backend
from inference.schema import FeatureSchema

Record = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Prediction:
    """One case: the most likely outcome and calibrated probabilities, which sum to 1.

    `confidence` is the probability of the outcome, `margin` its lead over the next most likely.
    """

    outcome: str
    probabilities: dict[str, float]
    confidence: float
    margin: float


@dataclass(frozen=True, slots=True)
class Scores:
    """Rows as arrays: encoded (n, columns), the model's margins (n, outputs), probabilities (n, outcomes)."""

    matrix: FloatArray
    margins: FloatArray
    raw: FloatArray
    calibrated: FloatArray

    @property
    def chosen(self) -> NDArray[np.intp]:
        return np.asarray(self.calibrated.argmax(axis=1))


class Predictor(Protocol):
    @property
    def schema(self) -> FeatureSchema: ...

    @property
    def outcomes(self) -> tuple[str, ...]: ...

    def predict(self, records: Sequence[Record]) -> list[Prediction]:
        """One prediction per valid record, in order, in one vectorised pass."""
        ...


class LocalPredictor:
    """A model built from an audited artifact. Records are expected to be valid by the schema."""

    def __init__(self, artifact: AuditedArtifact) -> None:
        self.artifact = artifact
        self.manifest = artifact.manifest
        self.encoding = artifact.manifest.encoding

    @property
    def schema(self) -> FeatureSchema:
        return self.manifest.schema

    @cached_property
    def outcomes(self) -> tuple[str, ...]:
        return self.manifest.outcome_values

    @cached_property
    def backend(self) -> Backend:
        data = self.artifact.contents[self.artifact.runtime.FILE]
        return self.artifact.runtime.load(data, len(self.outcomes), self.encoding.width)

    def predict(self, records: Sequence[Record]) -> list[Prediction]:
        """:raises PredictionFailed: a value the encoding does not know, or a model that gives no probabilities."""
        return predictions(self.outcomes, self.score(records).calibrated) if records else []

    def score(self, records: Sequence[Record]) -> Scores:
        return self.score_matrix(self.encoding.matrix(records))

    def score_matrix(self, matrix: FloatArray) -> Scores:
        """The same from encoded rows, for callers that already hold them."""
        margins = self._margins(matrix)
        raw = probabilities(margins, self.backend.output_space)
        return Scores(matrix, margins, raw, self.manifest.calibration.apply(raw))

    def _margins(self, matrix: FloatArray) -> FloatArray:
        try:
            margins = self.backend.margins(matrix)
        except ValueError as error:
            raise PredictionFailed("The model cannot score these rows, most likely for a missing value.") from error
        if not np.isfinite(margins).all():
            raise PredictionFailed("The model gave a margin that is not finite.")
        return margins


def load_predictor(folder: Path, *, digest: str | None = None) -> LocalPredictor:
    """Inspect, audit, construct.

    :param digest: the artifact digest recorded at registration; loading fails where the folder differs.
    :raises ArtifactError: (and its children) the folder cannot be used as it stands.
    """
    predictor = LocalPredictor(audit_artifact(folder, digest=digest))
    _ = predictor.backend
    return predictor


def probabilities(margins: FloatArray, output_space: str) -> FloatArray:
    """(n, outcomes) from margins (n, outputs); one output stands for the second of two outcomes."""
    if margins.shape[1] == 1:
        second = margins[:, 0] if output_space == PROBABILITY else logistic(margins[:, 0])
        return np.column_stack([1 - second, second])
    return margins if output_space == PROBABILITY else softmax(margins)


def softmax(margins: FloatArray) -> FloatArray:
    powers = np.exp(margins - margins.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def predictions(outcomes: Sequence[str], calibrated: FloatArray) -> list[Prediction]:
    """Rows of probabilities as predictions."""
    two = np.partition(calibrated, -2, axis=1)
    leads = (two[:, -1] - two[:, -2]).tolist()
    chosen = calibrated.argmax(axis=1).tolist()
    return [
        Prediction(outcomes[position], dict(zip(outcomes, row, strict=True)), row[position], lead)
        for position, row, lead in zip(chosen, calibrated.tolist(), leads, strict=True)
    ]
