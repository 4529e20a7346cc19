"""Probabilities that mean what they say, fitted on held-out cases and kept as plain data.

    {"method": "platt", "n": 398, "outcomes": ["approve", "deny"], "maps": [{"a": 0.9, "b": 0.1}], "table": {...}}
    {"method": "isotonic", "n": 1821, "outcomes": [...], "maps": [{"x": [...], "y": [...]}, ...], "table": {...}}

Two outcomes have one map, that of the second; more have one each (one against the rest), normalised to sum to 1.
`table` is what `inference.confidence` counts in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.encoding import FloatArray
from inference.errors import CalibrationFailed, ManifestInvalid

IntArray = NDArray[np.intp]

ENOUGH_FOR_ISOTONIC = 1000  # convention: below, isotonic regression follows the noise
FEWEST_CASES = 50
LARGEST_TABLE = 2000
BINS = 10
TINY = 1e-12


@dataclass(frozen=True)
class Calibration:
    method: str
    n: int
    outcomes: tuple[str, ...]
    maps: tuple[Mapping[str, Any], ...]
    table: Mapping[str, Any]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Calibration:
        """:raises ManifestInvalid: the data is of no known method or lacks a map."""
        try:
            method, outcomes, maps = data["method"], tuple(data["outcomes"]), tuple(data["maps"])
            needed = {"none": 0}.get(method, 1 if len(outcomes) == 2 else len(outcomes))
            if method not in ("none", *_APPLY) or len(maps) != needed:
                raise ValueError(f"method {method!r} with {len(maps)} maps")
            return cls(method, int(data["n"]), outcomes, maps, data["table"])
        except (KeyError, TypeError, ValueError) as error:
            raise ManifestInvalid(f"The manifest's calibration cannot be read: {error}") from error

    def to_json(self) -> dict[str, Any]:
        return {
            "method": self.method,
            "n": self.n,
            "outcomes": list(self.outcomes),
            "maps": [dict(item) for item in self.maps],
            "table": dict(self.table),
        }

    def apply(self, raw: FloatArray) -> FloatArray:
        """Calibrated (n, outcomes) from the model's own (n, outcomes); rows sum to 1."""
        if self.method == "none":
            return raw
        apply = _APPLY[self.method]
        if len(self.outcomes) == 2:
            second = apply(self.maps[0], raw[:, 1])
            return np.column_stack([1 - second, second])
        separate = np.column_stack([apply(item, raw[:, i]) for i, item in enumerate(self.maps)])
        return np.asarray(separate / separate.sum(axis=1, keepdims=True))


def uncalibrated(outcomes: Sequence[str]) -> Calibration:
    """Probabilities as the model gives them, and no past cases to count in."""
    empty = {"outcomes": list(outcomes), "actual": [], "probability": {outcome: [] for outcome in outcomes}}
    return Calibration("none", 0, tuple(outcomes), (), empty)


def fit_calibration(raw: FloatArray, actual: IntArray, outcomes: Sequence[str]) -> Calibration:
    """Isotonic from 1,000 cases, else Platt (1999).

    :param raw: (n, outcomes), the model's probabilities of cases it was not trained on.
    :param actual: (n,) positions in `outcomes`.
    :raises CalibrationFailed: under 50 cases, or an outcome that never or always happened.
    """
    _check(raw, actual, outcomes)
    method = "isotonic" if len(actual) >= ENOUGH_FOR_ISOTONIC else "platt"
    fit = _fit_isotonic if method == "isotonic" else _fit_platt
    positions = [1] if len(outcomes) == 2 else range(len(outcomes))
    maps = tuple(fit(raw[:, i], (actual == i).astype(np.float64)) for i in positions)
    fitted = Calibration(method, len(actual), tuple(outcomes), maps, {})
    table = _table(fitted.apply(raw), actual, outcomes)
    return Calibration(method, len(actual), tuple(outcomes), maps, table)


def _check(raw: FloatArray, actual: IntArray, outcomes: Sequence[str]) -> None:
    if raw.shape != (len(actual), len(outcomes)):
        raise CalibrationFailed(
            f"{raw.shape} probabilities do not fit {len(actual)} cases of {len(outcomes)} outcomes."
        )
    if len(actual) < FEWEST_CASES:
        raise CalibrationFailed(f"{len(actual)} cases are too few to calibrate on; {FEWEST_CASES} are needed.")
    seen = np.bincount(actual, minlength=len(outcomes))
    if (seen == 0).any():
        raise CalibrationFailed(f"No calibration case came out as “{outcomes[int(np.argmin(seen))]}”.")


def _fit_isotonic(probability: FloatArray, happened: FloatArray) -> dict[str, Any]:
    """Kept off 0 and 1 by one case in n + 2: no past case is not never."""
    from sklearn.isotonic import IsotonicRegression  # type: ignore[import-untyped]

    edge = 1 / (len(happened) + 2)
    model = IsotonicRegression(y_min=edge, y_max=1 - edge, out_of_bounds="clip").fit(probability, happened)
    return {"x": model.X_thresholds_.tolist(), "y": model.y_thresholds_.tolist()}


def _fit_platt(probability: FloatArray, happened: FloatArray) -> dict[str, Any]:
    """A logistic curve through the log-odds, with Platt's softened targets against certainty."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    yes, no = float(happened.sum()), float(len(happened) - happened.sum())
    target = np.where(happened == 1, (yes + 1) / (yes + 2), 1 / (no + 2))
    odds = np.tile(log_odds(probability), 2)[:, None]
    both = np.repeat([1, 0], len(happened))
    model = LogisticRegression(C=1e6).fit(odds, both, sample_weight=np.concatenate([target, 1 - target]))
    return {"a": float(model.coef_[0, 0]), "b": float(model.intercept_[0])}


def _apply_isotonic(item: Mapping[str, Any], probability: FloatArray) -> FloatArray:
    return np.asarray(np.interp(probability, item["x"], item["y"]))


def _apply_platt(item: Mapping[str, Any], probability: FloatArray) -> FloatArray:
    return logistic(item["a"] * log_odds(probability) + item["b"])


_APPLY = {"isotonic": _apply_isotonic, "platt": _apply_platt}


def _table(calibrated: FloatArray, actual: IntArray, outcomes: Sequence[str]) -> dict[str, Any]:
    """Each case's probabilities and outcome; at most 2,000 cases, every k-th of those in order of score."""
    rows = np.argsort(calibrated[:, -1], kind="stable")
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), LARGEST_TABLE)).round().astype(int)]
    columns = {outcome: calibrated[rows, i].round(6).tolist() for i, outcome in enumerate(outcomes)}
    return {"outcomes": list(outcomes), "actual": actual[rows].tolist(), "probability": columns}


# --- measures ----------------------------------------------------------------------------------------------------


def calibration_error(probabilities: FloatArray, actual: IntArray, bins: int = BINS) -> float:
    """Expected calibration error of the most likely outcome, over bins of equal numbers of cases."""
    confidence = probabilities.max(axis=1)
    right = (probabilities.argmax(axis=1) == actual).astype(np.float64)
    parts = np.array_split(np.argsort(confidence, kind="stable"), bins)
    gaps = [len(part) * abs(confidence[part].mean() - right[part].mean()) for part in parts if len(part)]
    return float(sum(gaps) / len(actual))


def brier_score(probabilities: FloatArray, actual: IntArray) -> float:
    """Mean squared error of the second of two outcomes; summed over the outcomes where there are more (Brier 1950)."""
    happened = np.eye(probabilities.shape[1])[actual]
    squares = (probabilities - happened) ** 2
    return float(squares[:, 1].mean() if probabilities.shape[1] == 2 else squares.sum(axis=1).mean())


def logistic(margin: FloatArray) -> FloatArray:
    """Without overflow at either end."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * margin)))


def log_odds(probability: FloatArray) -> FloatArray:
    """Finite also at 0 and 1."""
    clipped = np.clip(probability, TINY, 1 - TINY)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))
