"""Exact attributions shared by runtimes: SHAP's tree explainer and the closed form of a linear model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from inference.encoding import FloatArray
from inference.errors import ExplanationFailed

Prepare = Callable[[FloatArray], FloatArray]
INTERVENTIONAL_TOLERANCE = 1e-5  # the C extension sums in single precision


def _as_is(matrix: FloatArray) -> FloatArray:
    return matrix


class TreeAttribution:
    """Path-dependent (baseline: the cases that went down each branch in training), or against a background.

    The background goes in through a masker told its own size: by default shap keeps 100 rows of it without a word.
    """

    by_feature = False

    def __init__(
        self,
        model: Any,
        outputs: int,
        tolerance: float,
        *,
        background: FloatArray | None = None,
        prepare: Prepare = _as_is,
    ) -> None:
        import shap  # type: ignore[import-untyped]

        self.outputs = outputs
        self.prepare = prepare
        self.method = "tree-path" if background is None else "tree-interventional"
        self.tolerance = tolerance if background is None else max(tolerance, INTERVENTIONAL_TOLERANCE)
        if background is None:
            self.explainer = shap.TreeExplainer(model, feature_perturbation="tree_path_dependent")
        else:
            masker = shap.maskers.Independent(background, max_samples=len(background))
            self.explainer = shap.TreeExplainer(model, data=masker, feature_perturbation="interventional")
        base = np.atleast_1d(np.asarray(self.explainer.expected_value, dtype=np.float64))
        self.base = base[-outputs:]

    def attribute(self, matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
        """shap's own additivity check is left out: it passes where the values are wrong; the caller compares margins."""
        values = np.asarray(self.explainer.shap_values(self.prepare(matrix), check_additivity=False), dtype=np.float64)
        if values.ndim == 2:
            values = values[:, :, None]
        if values.shape[2] < self.outputs:
            raise ExplanationFailed("The tree explainer gave fewer outputs than the model has.")
        return values[:, :, -self.outputs :], self.base


class LinearAttribution:
    """`coefficient * (value - centre)`: exact, and the Shapley value where inputs are taken as independent."""

    method = "linear"
    by_feature = False

    def __init__(
        self,
        coefficients: FloatArray,
        intercept: FloatArray,
        centre: FloatArray,
        tolerance: float,
        *,
        prepare: Prepare = _as_is,
    ) -> None:
        self.coefficients = np.asarray(coefficients, dtype=np.float64)
        self.centre = np.asarray(centre, dtype=np.float64)
        self.base = np.asarray(intercept, dtype=np.float64) + self.coefficients @ self.centre
        self.tolerance = tolerance
        self.prepare = prepare

    def attribute(self, matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
        values = (self.prepare(matrix) - self.centre)[:, :, None] * self.coefficients.T[None, :, :]
        return values, self.base
