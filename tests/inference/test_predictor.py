"""Predictions: one vectorised pass, calibrated probabilities, missing values and categories."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from inference.artifact import write_artifact
from inference.encoding import Encoding
from inference.errors import PredictionFailed
from inference.predictor import load_predictor
from inference.schema import FeatureSchema


def test_every_record_gets_its_prediction_in_order(shelf, tables, table, kind):
    records = tables[table].records[:200]
    predictor = shelf.predictor(table, kind)
    together = predictor.predict(records)
    assert len(together) == 200
    assert together[7] == predictor.predict(records[7:8])[0]
    for prediction in together:
        assert sum(prediction.probabilities.values()) == pytest.approx(1)
        ordered = sorted(prediction.probabilities.values())
        assert prediction.confidence == prediction.probabilities[prediction.outcome] == ordered[-1]
        assert prediction.margin == pytest.approx(ordered[-1] - ordered[-2])


def test_predictions_are_better_than_always_saying_the_most_frequent(shelf, tables, table, kind):
    of = tables[table]
    predicted = [prediction.outcome for prediction in shelf.predictor(table, kind).predict(of.records)]
    right = np.mean([was == said for was, said in zip(of.actual, predicted, strict=True)])
    assert right > max(of.actual.count(value) for value in of.actual) / len(of.actual)


def test_not_recorded_is_scored_however_it_is_said(shelf, tables, kind):
    record = tables["loans"].records[1]
    absent = {name: value for name, value in record.items() if name != "ratio"}
    predictor = shelf.predictor("loans", kind)
    answers = predictor.predict([{**record, "ratio": None}, {**record, "ratio": -9}, absent])
    assert answers[0] == answers[1] == answers[2]


def test_a_protected_feature_changes_nothing(shelf, tables, kind):
    record = tables["loans"].records[1]
    answers = shelf.predictor("loans", kind).predict([{**record, "male": True}, {**record, "male": False}])
    assert answers[0] == answers[1]


def test_no_records_no_predictions(shelf):
    assert shelf.predictor("loans", "sklearn-hgb").predict([]) == []


@pytest.mark.parametrize("value", ["high", [1], {"a": 1}])
def test_a_value_the_encoding_does_not_know_is_refused_by_name(shelf, tables, value):
    with pytest.raises(PredictionFailed, match="amount"):
        shelf.predictor("loans", "sklearn-hgb").predict([{**tables["loans"].records[0], "amount": value}])


def test_a_model_that_cannot_take_a_missing_value_says_so(tmp_path):
    schema = FeatureSchema.from_json({"features": [{"name": "x", "kind": "number", "missing_allowed": True}]})
    model = LogisticRegression().fit([[0.0], [1.0]], ["no", "yes"])
    write_artifact(tmp_path / "model", model, schema, [{"value": "no"}, {"value": "yes"}])
    with pytest.raises(PredictionFailed, match="missing value"):
        load_predictor(tmp_path / "model").predict([{"x": None}])


def test_one_hot_columns_belong_to_the_feature_they_come_from(tables):
    schema = tables["loans"].schema
    encoding = Encoding.of_schema(schema, one_hot=True)
    record = {**tables["loans"].records[0], "job": "none", "grade": 3}
    assert encoding.matrix([record])[0].tolist()[-4:] == [0, 0, 1, 2]
    assert [encoding.features[i] for i in encoding.owner[-4:]] == ["job", "job", "job", "grade"]
    assert encoding.per_feature(np.ones((2, encoding.width, 1)))[0, -2:, 0].tolist() == [3, 1]
    assert Encoding.from_json(encoding.to_json()) == encoding
