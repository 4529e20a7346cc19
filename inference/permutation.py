"""Attribution of any function by permuting features in and out (shap's PermutationExplainer).

Each permutation is walked there and back, so values add up by construction and interactions of two are exact.
KernelExplainer is never used: by default it keeps ten features and silently drops the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import shap  # type: ignore[import-untyped]
from numpy.typing import NDArray

from inference.encoding import FloatArray

TOLERANCE = 1e-3


class _FeatureMasker(shap.maskers.Masker):  # type: ignore[misc]
    """Swaps in the background feature by feature: all columns of one feature go together."""

    def __init__(self, background: NDArray[Any], owner: NDArray[np.intp]) -> None:
        self.background = background
        self.owner = owner
        self.features = int(owner.max()) + 1

    def shape(self, _row: NDArray[Any]) -> tuple[int, int]:
        return len(self.background), self.features

    def mask_shapes(self, _row: NDArray[Any]) -> list[tuple[int]]:
        return [(self.features,)]

    def __call__(self, mask: NDArray[np.bool_], row: NDArray[Any]) -> tuple[NDArray[Any]]:
        shown = np.broadcast_to(np.asarray(mask, dtype=bool), self.features)[self.owner]
        return (np.where(shown, row, self.background),)


class PermutationAttribution:
    """Values per feature against the rows of `background`; the same rows give the same values."""

    method = "permutation"
    tolerance = TOLERANCE
    by_feature = True

    def __init__(
        self,
        margins: Callable[[NDArray[Any]], FloatArray],
        background: NDArray[Any],
        owner: NDArray[np.intp],
        *,
        rounds: int = 4,
        seed: int = 0,
    ) -> None:
        self.margins = margins
        self.background = background
        self.masker = _FeatureMasker(background, owner)
        self.evaluations = rounds * (2 * self.masker.features + 1)
        self.seed = seed
        self.base = margins(background).mean(axis=0)

    def attribute(self, matrix: NDArray[Any]) -> tuple[FloatArray, FloatArray]:
        values = np.stack([self._one(row) for row in matrix])
        return values.reshape(len(matrix), self.masker.features, len(self.base)), self.base

    def _one(self, row: NDArray[Any]) -> FloatArray:
        """A fresh explainer, so that the seed holds for each row whatever came before it."""
        explainer = shap.PermutationExplainer(self.margins, self.masker, seed=self.seed)
        return np.asarray(explainer(row[None, :], max_evals=self.evaluations, silent=True).values[0], dtype=np.float64)
