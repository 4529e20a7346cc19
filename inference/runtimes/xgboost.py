"""XGBoost, kept as its JSON. Contributions are the library's own: the same values as SHAP's, far faster in batches."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xgboost

from inference.contrast import LOG_ODDS
from inference.encoding import FloatArray
from inference.errors import ArtifactError
from inference.runtimes import Attribution
from inference.runtimes.attribution import TreeAttribution

NAME = "xgboost"
FILE = "model.json"
APPROVED_TYPES: frozenset[str] = frozenset()
OBJECTIVES = {"binary:logistic": 1, "multi:softprob": None, "multi:softmax": None}
TOLERANCE = 1e-5  # XGBoost computes in single precision


def recognises(model: object) -> bool:
    return isinstance(model, xgboost.Booster | xgboost.XGBClassifier)


def classes(model: Any) -> list[str] | None:
    return None if isinstance(model, xgboost.Booster) else [str(name) for name in model.classes_.tolist()]


def dump(model: Any) -> bytes:
    booster = model if isinstance(model, xgboost.Booster) else model.get_booster()
    booster = booster.copy()
    booster.feature_names = None  # rows come as plain arrays, in the order of the encoding
    return bytes(booster.save_raw("json"))


def type_names(data: bytes) -> set[str]:
    """None: the format holds numbers only.

    :raises ArtifactError: the file is not XGBoost's JSON.
    """
    try:
        json.loads(data)["learner"]["gradient_booster"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ArtifactError(f"{FILE} is not a model in XGBoost's JSON.") from error
    return set()


def load(data: bytes, outcomes: int, columns: int) -> XgboostBackend:
    """:raises ArtifactError: the model is not a classifier of these outcomes and columns."""
    try:
        booster = xgboost.Booster({"nthread": 1}, model_file=bytearray(data))
    except xgboost.core.XGBoostError as error:
        raise ArtifactError(f"{FILE} cannot be read.") from error
    learner = json.loads(booster.save_config())["learner"]
    objective = learner["objective"]["name"]
    wanted = "binary:logistic" if outcomes == 2 and objective == "binary:logistic" else "multi"
    if objective not in OBJECTIVES or not objective.startswith(wanted):
        raise ArtifactError(f"{FILE} has the objective {objective}; {', '.join(OBJECTIVES)} are understood.")
    found = 2 if objective == "binary:logistic" else int(learner["learner_model_param"]["num_class"])
    if found != outcomes or booster.num_features() != columns:
        raise ArtifactError(
            f"{FILE} has {found} outcomes and {booster.num_features()} columns, not {outcomes} and {columns}."
        )
    return XgboostBackend(booster, 1 if objective == "binary:logistic" else outcomes)


class XgboostBackend:
    output_space = LOG_ODDS

    def __init__(self, booster: xgboost.Booster, outputs: int) -> None:
        self.booster = booster
        self.outputs = outputs

    def margins(self, matrix: FloatArray) -> FloatArray:
        margins = self.booster.predict(xgboost.DMatrix(matrix), output_margin=True)
        return np.asarray(margins, dtype=np.float64).reshape(len(matrix), self.outputs)

    def attribution(self) -> Attribution:
        return _OwnContributions(self.booster, self.outputs)

    def interventional(self, background: FloatArray) -> Attribution | None:
        """For two outcomes only: SHAP splits the trees of several outcomes wrongly here."""
        if self.outputs > 1:
            return None
        return TreeAttribution(self.booster, self.outputs, TOLERANCE, background=background)


class _OwnContributions:
    method = "tree-path"
    by_feature = False
    tolerance = TOLERANCE

    def __init__(self, booster: xgboost.Booster, outputs: int) -> None:
        self.booster = booster
        self.outputs = outputs

    def attribute(self, matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The last column is the base; it is the same for every row."""
        values = self.booster.predict(xgboost.DMatrix(matrix), pred_contribs=True)
        values = np.asarray(values, dtype=np.float64).reshape(len(matrix), self.outputs, -1)
        return values[:, :, :-1].transpose(0, 2, 1), values[0, :, -1]
