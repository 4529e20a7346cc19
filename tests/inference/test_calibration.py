"""Calibration: probabilities that mean what they say."""

import json

import numpy as np
import pytest

from inference.calibration import (
    Calibration,
    brier_score,
    calibration_error,
    fit_calibration,
    logistic,
    uncalibrated,
)
from inference.confidence import cases_like
from inference.errors import CalibrationFailed


def overconfident(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A model whose log-odds are three times too large."""
    random = np.random.default_rng(seed)
    margin = random.normal(size=rows)
    actual = (random.random(rows) < logistic(margin)).astype(int)
    said = logistic(3 * margin)
    return np.column_stack([1 - said, said]), actual


def several(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    margins = random.normal(size=(rows, 3))
    true = np.exp(margins) / np.exp(margins).sum(axis=1, keepdims=True)
    actual = np.asarray([random.choice(3, p=row) for row in true])
    said = np.exp(3 * margins) / np.exp(3 * margins).sum(axis=1, keepdims=True)
    return said, actual


@pytest.mark.parametrize(("rows", "method"), [(999, "platt"), (1000, "isotonic")])
@pytest.mark.parametrize(("made", "outcomes"), [(overconfident, "ab"), (several, "abc")])
def test_overconfidence_is_taken_back_on_cases_not_seen(rows, method, made, outcomes):
    fitted = fit_calibration(*made(rows), list(outcomes))
    raw, actual = made(3000, seed=1)
    calibrated = fitted.apply(raw)
    assert (fitted.method, fitted.n) == (method, rows)
    assert calibrated.sum(axis=1) == pytest.approx(1)
    assert calibration_error(calibrated, actual) < 0.5 * calibration_error(raw, actual)
    assert brier_score(calibrated, actual) < brier_score(raw, actual)


@pytest.mark.parametrize("rows", [300, 1200])
def test_a_calibration_is_plain_data(rows):
    fitted = fit_calibration(*overconfident(rows), ["a", "b"])
    again = Calibration.from_json(json.loads(json.dumps(fitted.to_json())))
    raw, _ = overconfident(50, seed=2)
    assert again.apply(raw) == pytest.approx(fitted.apply(raw))


def test_no_past_case_is_not_never():
    raw = np.column_stack([np.linspace(1, 0, 1000), np.linspace(0, 1, 1000)])
    fitted = fit_calibration(raw, (raw[:, 1] > 0.5).astype(int), ["a", "b"])
    assert 0 < fitted.apply(raw).min() < 0.002


def test_the_table_counts_real_cases_near_a_score():
    raw, actual = overconfident(900)
    table = fit_calibration(raw, actual, ["a", "b"]).to_json()["table"]
    like = cases_like(table, "b", 0.8)
    assert like.n >= 100
    assert like.hits / like.n == pytest.approx(0.8, abs=0.1)


def test_a_large_table_is_thinned_evenly():
    table = fit_calibration(*overconfident(9000), ["a", "b"]).table
    assert len(table["actual"]) == 2000
    assert np.mean(table["actual"]) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(
    ("raw", "actual", "complaint"),
    [
        (np.full((49, 2), 0.5), np.arange(49) % 2, "too few"),
        (np.full((80, 2), 0.5), np.zeros(80, dtype=int), "came out as “b”"),
        (np.full((80, 3), 0.3), np.arange(80) % 2, "do not fit"),
    ],
)
def test_what_cannot_be_calibrated_on_is_refused(raw, actual, complaint):
    with pytest.raises(CalibrationFailed, match=complaint):
        fit_calibration(raw, actual, ["a", "b"])


def test_without_calibration_the_models_own_numbers_stand():
    raw, _ = overconfident(10)
    assert (uncalibrated(["a", "b"]).apply(raw) == raw).all()


def test_perfect_probabilities_have_no_error():
    actual = np.asarray([0, 1] * 50)
    assert calibration_error(np.eye(2)[actual], actual) == 0
    assert brier_score(np.eye(2)[actual], actual) == 0
    assert brier_score(np.full((100, 2), 0.5), actual) == pytest.approx(0.25)
    assert brier_score(np.full((100, 4), 0.25), actual) == pytest.approx(0.75)
