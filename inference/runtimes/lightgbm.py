"""LightGBM, kept as its text. Contributions are the library's own, the same values as SHAP's."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np

from inference.contrast import LOG_ODDS
from inference.encoding import FloatArray
from inference.errors import ArtifactError
from inference.runtimes import Attribution
from inference.runtimes.attribution import TreeAttribution

NAME = "lightgbm"
FILE = "model.txt"
APPROVED_TYPES: frozenset[str] = frozenset()
OBJECTIVES = ("binary", "multiclass")
TOLERANCE = 1e-6


def recognises(model: object) -> bool:
    return isinstance(model, lightgbm.Booster | lightgbm.LGBMClassifier)


def classes(model: Any) -> list[str] | None:
    return None if isinstance(model, lightgbm.Booster) else [str(name) for name in model.classes_.tolist()]


def dump(model: Any) -> bytes:
    booster = model if isinstance(model, lightgbm.Booster) else model.booster_
    return booster.model_to_string().encode()


def type_names(data: bytes) -> set[str]:
    """None: the format holds numbers only.

    :raises ArtifactError: the file is not LightGBM's text.
    """
    if not data.startswith(b"tree\n") or b"\nend of trees\n" not in data:
        raise ArtifactError(f"{FILE} is not a model in LightGBM's text format.")
    return set()


def load(data: bytes, outcomes: int, columns: int) -> LightgbmBackend:
    """:raises ArtifactError: the model is not a classifier of these outcomes and columns."""
    try:
        booster = lightgbm.Booster(model_str=data.decode())
    except (lightgbm.basic.LightGBMError, UnicodeDecodeError) as error:
        raise ArtifactError(f"{FILE} cannot be read.") from error
    objective = _objective(data)
    if objective not in OBJECTIVES:
        raise ArtifactError(f"{FILE} has the objective {objective}; {', '.join(OBJECTIVES)} are understood.")
    outputs = booster.num_model_per_iteration()
    found = 2 if objective == "binary" else outputs
    if found != outcomes or booster.num_feature() != columns:
        raise ArtifactError(
            f"{FILE} has {found} outcomes and {booster.num_feature()} columns, not {outcomes} and {columns}."
        )
    return LightgbmBackend(booster, outputs)


def _objective(data: bytes) -> str:
    header = data.split(b"\n\n", 1)[0].decode()
    lines = (line.removeprefix("objective=") for line in header.splitlines() if line.startswith("objective="))
    return next(lines, "none").split()[0]


class LightgbmBackend:
    output_space = LOG_ODDS

    def __init__(self, booster: lightgbm.Booster, outputs: int) -> None:
        self.booster = booster
        self.outputs = outputs

    def margins(self, matrix: FloatArray) -> FloatArray:
        return self.predict(matrix, raw_score=True)

    def attribution(self) -> Attribution:
        return _OwnContributions(self)

    def interventional(self, background: FloatArray) -> Attribution | None:
        """For two outcomes only: SHAP splits the trees of several outcomes wrongly here."""
        if self.outputs > 1:
            return None
        return TreeAttribution(self.booster, self.outputs, TOLERANCE, background=background)

    def predict(self, matrix: FloatArray, **how: bool) -> FloatArray:
        return np.asarray(self.booster.predict(matrix, num_threads=1, **how), dtype=np.float64).reshape(len(matrix), -1)


class _OwnContributions:
    method = "tree-path"
    by_feature = False
    tolerance = TOLERANCE

    def __init__(self, backend: LightgbmBackend) -> None:
        self.backend = backend

    def attribute(self, matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The last column of each outcome is its base; it is the same for every row."""
        values = self.backend.predict(matrix, pred_contrib=True).reshape(len(matrix), self.backend.outputs, -1)
        return values[:, :, :-1].transpose(0, 2, 1), values[0, :, -1]
