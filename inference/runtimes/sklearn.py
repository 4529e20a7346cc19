"""scikit-learn, kept by skops: gradient boosting, forests, logistic regression, and pipelines that end in one.

Classifiers outside the lists below still score (through `predict_proba`) and are explained by permutation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import skops.io  # type: ignore[import-untyped]
from sklearn.base import is_classifier  # type: ignore[import-untyped]
from sklearn.ensemble import (  # type: ignore[import-untyped]
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
from sklearn.pipeline import Pipeline  # type: ignore[import-untyped]
from sklearn.preprocessing import (  # type: ignore[import-untyped]
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)
from sklearn.tree import DecisionTreeClassifier  # type: ignore[import-untyped]

from inference.calibration import TINY, log_odds
from inference.contrast import LOG_ODDS, PROBABILITY
from inference.encoding import FloatArray
from inference.errors import ArtifactError
from inference.runtimes import Attribution
from inference.runtimes.attribution import LinearAttribution, TreeAttribution
from inference.runtimes.threads import one_thread

NAME = "sklearn"
FILE = "model.skops"
APPROVED_TYPES = frozenset(
    {
        "numpy.dtype",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.tree._tree.Tree",
    }
)
LOG_ODDS_TREES = (HistGradientBoostingClassifier, GradientBoostingClassifier)
PROBABILITY_TREES = (RandomForestClassifier, ExtraTreesClassifier, DecisionTreeClassifier)
ONE_TO_ONE = (StandardScaler, MinMaxScaler, MaxAbsScaler, RobustScaler, SimpleImputer)
TOLERANCE = 1e-6


def recognises(model: object) -> bool:
    return bool(is_classifier(model)) and hasattr(model, "classes_")


def classes(model: Any) -> Sequence[str]:
    return [str(name) for name in model.classes_.tolist()]


def dump(model: Any) -> bytes:
    """:raises ArtifactError: gradient boosting was given native categories, whose explanations are wrong."""
    if getattr(_last(model), "is_categorical_", None) is not None:
        raise ArtifactError(
            "Histogram gradient boosting with native categories cannot be explained; encode them as numbers."
        )
    return bytes(skops.io.dumps(model))


def type_names(data: bytes) -> set[str]:
    """:raises ArtifactError: the file is no skops file."""
    try:
        return set(skops.io.get_untrusted_types(data=data))
    except Exception as error:  # a forged file may break the reader anywhere; it is refused however it does
        raise ArtifactError(f"{FILE} is not a skops file.") from error


def load(data: bytes, outcomes: int, columns: int) -> SklearnBackend:
    """:raises ArtifactError: what the file holds is no fitted classifier of these outcomes and columns."""
    try:
        model = skops.io.loads(data, trusted=sorted(type_names(data) & APPROVED_TYPES))
    except Exception as error:
        raise ArtifactError(f"{FILE} cannot be read: {type(error).__name__}.") from error
    if not recognises(model) or len(model.classes_) != outcomes:
        raise ArtifactError(f"{FILE} holds no classifier of {outcomes} outcomes.")
    if model.n_features_in_ != columns:
        raise ArtifactError(f"{FILE} wants {model.n_features_in_} columns, the encoding gives {columns}.")
    return SklearnBackend(model)


class SklearnBackend:
    def __init__(self, model: Any) -> None:
        self.model = model
        self.last = _last(model)
        self.output_space = PROBABILITY if isinstance(self.last, PROBABILITY_TREES) else LOG_ODDS
        self.outputs = 1 if len(model.classes_) == 2 else len(model.classes_)

    def margins(self, matrix: FloatArray) -> FloatArray:
        with one_thread():
            return self._margins(matrix)

    def _margins(self, matrix: FloatArray) -> FloatArray:
        if _has_margin(self.last):
            return np.asarray(self.model.decision_function(matrix), dtype=np.float64).reshape(len(matrix), -1)
        probability = self.model.predict_proba(matrix)
        if self.output_space == PROBABILITY:
            return np.asarray(probability[:, 1:] if self.outputs == 1 else probability)
        if self.outputs == 1:
            return log_odds(probability[:, 1:])
        return np.asarray(np.log(np.clip(probability, TINY, 1)))

    def attribution(self) -> Attribution | None:
        if not self._is_one_to_one():
            return None
        if isinstance(self.last, LOG_ODDS_TREES + PROBABILITY_TREES):
            return TreeAttribution(self.last, self.outputs, TOLERANCE, prepare=self._prepare)
        if self._is_linear() and self._is_centred():
            return self._linear(np.zeros(self.last.n_features_in_))
        return None

    def interventional(self, background: FloatArray) -> Attribution | None:
        if not self._is_one_to_one():
            return None
        if isinstance(self.last, LOG_ODDS_TREES + PROBABILITY_TREES):
            rows = self._prepare(background)
            return TreeAttribution(self.last, self.outputs, TOLERANCE, background=rows, prepare=self._prepare)
        return self._linear(self._prepare(background).mean(axis=0)) if self._is_linear() else None

    def _linear(self, centre: FloatArray) -> Attribution:
        return LinearAttribution(self.last.coef_, self.last.intercept_, centre, TOLERANCE, prepare=self._prepare)

    def _prepare(self, matrix: FloatArray) -> FloatArray:
        """What the last step sees."""
        if self.last is self.model:
            return matrix
        return np.asarray(self.model[:-1].transform(matrix), dtype=np.float64)

    def _is_one_to_one(self) -> bool:
        """Whether column i of the last step is column i of the input, so that its share is the input's share."""
        if self.last is self.model:
            return True
        known = all(isinstance(step, ONE_TO_ONE) for _, step in self.model.steps[:-1])
        return known and self.last.n_features_in_ == self.model.n_features_in_

    def _is_linear(self) -> bool:
        return isinstance(self.last, LogisticRegression) and _has_margin(self.last)

    def _is_centred(self) -> bool:
        """Whether a standard scaler put the training mean at 0, so that it is known here."""
        before = self.model.steps[-2][1] if self.last is not self.model and len(self.model.steps) > 1 else None
        return isinstance(before, StandardScaler) and bool(before.with_mean)


def _last(model: Any) -> Any:
    return model.steps[-1][1] if isinstance(model, Pipeline) else model


def _has_margin(last: Any) -> bool:
    """Whether `decision_function` gives log-odds that a sigmoid or softmax turns into `predict_proba`."""
    if isinstance(last, LogisticRegression):
        return last.solver != "liblinear" or len(last.classes_) == 2
    return isinstance(last, LOG_ODDS_TREES)
