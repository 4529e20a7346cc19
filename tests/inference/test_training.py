"""Training: honest splits, declared directions held, everything written down."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from inference.errors import TrainingFailed
from inference.predictor import load_predictor
from inference.schema import FeatureSchema
from inference.table import split_cases
from inference.training import train


def test_the_metrics_are_taken_on_cases_that_fitted_nothing(shelf, tables, table, kind):
    manifest = shelf.predictor(table, kind).manifest
    rows = manifest.lineage["rows"]
    assert rows["total"] == rows["train"] + rows["test"] == 1500
    assert rows["calibration"] == rows["train"] == pytest.approx(1200, abs=4)
    assert manifest.lineage["cross_fitted"]
    assert manifest.metrics["n"] == rows["test"]
    assert manifest.metrics["calibration"] == {"method": "isotonic", "n": rows["calibration"]}
    assert 0.65 < manifest.metrics["auc"] < 1
    assert {"accuracy", "log_loss", "ece_before", "ece_after", "brier_before", "brier_after"} <= set(manifest.metrics)


def test_a_large_table_calibrates_on_cases_kept_aside(tmp_path):
    random = np.random.default_rng(0)
    x = random.normal(size=6000)
    actual = np.where(x + random.logistic(size=6000) > 0, "yes", "no")
    schema = FeatureSchema.from_json({"features": [{"name": "x", "kind": "number"}]})
    manifest = train({"x": x}, actual, schema, [{"value": "no"}, {"value": "yes"}], tmp_path / "m", kind="lightgbm")
    assert manifest.lineage["rows"] == {"total": 6000, "train": 3600, "calibration": 1200, "test": 1200}
    assert not manifest.lineage["cross_fitted"]
    assert manifest.metrics["ece_after"] < 0.05


def test_lineage_says_from_what_and_how(shelf, table, kind):
    lineage = shelf.predictor(table, kind).manifest.lineage
    assert len(lineage["data_digest"]) == 64
    assert lineage["kind"] == kind
    assert lineage["parameters"]
    assert "numpy" in lineage["libraries"]


def test_the_profile_holds_percentiles_and_the_share_missing(shelf):
    profile = shelf.predictor("loans", "xgboost").manifest.profile
    assert "male" not in profile
    assert profile["ratio"]["p01"] < profile["ratio"]["p50"] < profile["ratio"]["p99"]
    assert profile["ratio"]["p01"] > 0  # the code -9 is no value
    assert profile["worth"]["missing"] == pytest.approx(0.2, abs=0.05)


def test_the_same_seed_gives_the_same_model(tables, tmp_path, kind):
    of = tables["loans"]
    answers = []
    for name in ("first", "second"):
        train(of.records, of.actual, of.schema, of.outcomes, tmp_path / name, kind=kind, seed=3)
        answers.append(load_predictor(tmp_path / name).predict(of.records[:50]))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("kind", ["sklearn-hgb", "xgboost", "lightgbm"])
def test_a_declared_direction_is_held_everywhere(shelf, tables, kind):
    predictor = shelf.predictor("loans", kind)
    assert set(predictor.manifest.lineage["monotone"]) == {"ratio", "worth", "late"}
    for record in tables["loans"].records[:30]:
        rising = predictor.score([{**record, "ratio": float(ratio)} for ratio in range(10, 70)]).margins[:, 0]
        falling = predictor.score([{**record, "worth": worth / 10} for worth in range(-30, 30)]).margins[:, 0]
        assert (np.diff(rising) >= -1e-6).all()
        assert (np.diff(falling) <= 1e-6).all()


def test_directions_turn_with_the_order_of_the_outcomes(tables, tmp_path):
    of = tables["loans"]
    train(of.records, of.actual, of.schema, of.outcomes[::-1], tmp_path / "turned")
    predictor = load_predictor(tmp_path / "turned")
    assert predictor.outcomes == ("deny", "approve")
    deny = [
        p.probabilities["deny"] for p in predictor.predict([{**of.records[1], "ratio": r} for r in (20.0, 36.0, 60.0)])
    ]
    assert deny == sorted(deny)
    assert deny[0] < deny[2]


def test_a_data_frame_trains_the_same_model_as_records(tables, tmp_path):
    of = tables["patients"]
    train(of.records, of.actual, of.schema, of.outcomes, tmp_path / "records", kind="lightgbm")
    train(pd.DataFrame(of.records), of.actual, of.schema, of.outcomes, tmp_path / "frame", kind="lightgbm")
    first, second = load_predictor(tmp_path / "records"), load_predictor(tmp_path / "frame")
    assert first.manifest.lineage["data_digest"] == second.manifest.lineage["data_digest"]
    assert first.predict(of.records[:20]) == second.predict(of.records[:20])


def test_the_time_given_is_recorded(tables, tmp_path):
    of = tables["loans"]
    at = datetime(2026, 1, 2, tzinfo=UTC)
    manifest = train(of.records, of.actual, of.schema, of.outcomes, tmp_path / "m", kind="lightgbm", at=at)
    assert manifest.lineage["trained_at"] == "2026-01-02T00:00:00+00:00"


def test_parts_share_no_case_and_keep_the_proportions():
    labels = np.asarray([0] * 900 + [1] * 100)
    split = split_cases(labels, ids=None, seed=1)
    parts = [split.train, split.calibration, split.test]
    assert sorted(np.concatenate(parts).tolist()) == list(range(1000))
    assert [int(labels[part].sum()) for part in parts] == [60, 20, 20]


def test_with_ids_a_case_stays_where_it_is_when_the_table_grows():
    ids = [f"case-{n}" for n in range(500)]
    small = split_cases(np.zeros(300, dtype=int), ids=ids[:300], seed=1)
    large = split_cases(np.zeros(500, dtype=int), ids=ids, seed=1)
    assert set(small.test) == {row for row in large.test if row < 300}
    assert len(large.train) == pytest.approx(300, abs=40)


def test_too_few_cases_are_left_uncalibrated_rather_than_wrongly(tables, tmp_path):
    of = tables["loans"]
    manifest = train(of.records[:60], of.actual[:60], of.schema, of.outcomes, tmp_path / "m", kind="lightgbm")
    assert manifest.calibration.method == "none"


def broken(of, **changes):
    return [{**record, **changes} for record in of.records]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda of: (broken(of, amount="a lot"), of.actual, "lightgbm"), "“amount”: wrong_type"),
        (lambda of: (broken(of, amount=None), of.actual, "lightgbm"), "“amount”: required"),
        (lambda of: (of.records, ["refer", *of.actual[1:]], "lightgbm"), "“refer”"),
        (lambda of: (of.records, of.actual[1:], "lightgbm"), "outcomes"),
        (lambda of: (of.records, ["deny"] * len(of.actual), "lightgbm"), "“approve” has 0 cases"),
        (lambda of: ({"amount": [1.0]}, ["deny"], "lightgbm"), "no column “ratio”"),
        (lambda of: (of.records, of.actual, "prophecy"), "prophecy"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_in_words(tables, tmp_path, change, complaint):
    of = tables["loans"]
    table, actual, kind = change(of)
    with pytest.raises(TrainingFailed, match=complaint):
        train(table, actual, of.schema, of.outcomes, tmp_path / "m", kind=kind)
    assert not (tmp_path / "m").exists()


def test_columns_of_different_length_are_refused(tmp_path):
    schema = FeatureSchema.from_json({"features": [{"name": n, "kind": "number"} for n in "ab"]})
    with pytest.raises(TrainingFailed, match="different lengths"):
        train({"a": [1.0, 2.0], "b": [1.0]}, ["x", "y"], schema, [{"value": "x"}, {"value": "y"}], tmp_path / "m")
