"""Explanations: they add up to the model's own margin, say what they compare with, and are marked where they do not."""

import json
import textwrap

import numpy as np
import pandas as pd
import pytest
import shap
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

import inference
from inference.artifact import write_artifact
from inference.contrast import predicted_outcome, turned_to
from inference.errors import ArtifactError, ExplanationFailed
from inference.explain import RecordExplainer, additivity_gaps, explainer_for, stored_backgrounds
from inference.predictor import Prediction, load_predictor
from inference.schema import FeatureSchema

TOLERANCE = {"sklearn-hgb": 1e-6, "sklearn-logistic": 1e-6, "xgboost": 1e-5, "lightgbm": 1e-6}
METHOD = {"sklearn-hgb": "tree-path", "sklearn-logistic": "linear", "xgboost": "tree-path", "lightgbm": "tree-path"}


def margin_gaps(explanation: dict) -> list[float]:
    """How far each outcome's base and contributions miss its margin, counted from the JSON form alone."""
    named = next(outcome for outcome in explanation["margins"] if outcome not in explanation["alternatives"])
    parts = {named: explanation, **explanation["alternatives"]}
    return [
        abs(part["base_value"] + sum(part["contributions"].values()) - explanation["margins"][outcome])
        for outcome, part in parts.items()
    ]


def test_contributions_add_up_to_the_models_own_margin(shelf, tables, table, kind):
    records = tables[table].records[:300]
    predictor = shelf.predictor(table, kind)
    explanations = shelf.explainer(table, kind).explain(records)
    margins = predictor.score(records).margins
    for explanation, row in zip(explanations, margins, strict=True):
        assert max(margin_gaps(explanation)) <= TOLERANCE[kind]
        assert explanation["additive"]
        assert list(explanation["margins"].values())[-1] == row[-1]
    assert additivity_gaps(shelf.folder(table, kind), records).max() <= TOLERANCE[kind]


def test_an_explanation_is_of_the_predicted_outcome_and_names_its_baseline(shelf, tables, table, kind):
    records = tables[table].records[:20]
    predictor, explainer = shelf.predictor(table, kind), shelf.explainer(table, kind)
    for prediction, explanation in zip(predictor.predict(records), explainer.explain(records), strict=True):
        assert prediction.outcome not in explanation["alternatives"]
        assert set(explanation["margins"]) == set(prediction.probabilities)
        assert explanation["method"] == METHOD[kind]
        assert explanation["output_space"] == "log_odds"
        assert set(explanation["contributions"]) == set(tables[table].schema.model_inputs)
        assert explanation["background"]["name"] == "all training cases"
        assert explanation["background"]["n"] == predictor.manifest.lineage["rows"]["train"]
        assert 0 < explanation["background"]["base_probability"] < 1
        assert len(explanation["background"]["digest"]) == 64
        json.dumps(explanation, allow_nan=False)


def test_predicting_and_explaining_at_once_gives_the_same(shelf, tables, table, kind):
    records = tables[table].records[:20]
    explainer = shelf.explainer(table, kind)
    together = explainer.predict_and_explain(records)
    assert together == (shelf.predictor(table, kind).predict(records), explainer.explain(records))
    assert explainer.predict_and_explain([]) == ([], [])


def test_of_two_outcomes_one_explanation_mirrors_the_other(shelf, tables, kind):
    explainer = shelf.explainer("loans", kind)
    records = tables["loans"].records[:5]
    for approve, deny in zip(
        explainer.explain(records, ["approve"] * 5), explainer.explain(records, ["deny"] * 5), strict=True
    ):
        assert approve["contributions"] == {name: -value for name, value in deny["contributions"].items()}
        assert approve["alternatives"]["deny"]["contributions"] == deny["contributions"]
        assert approve["margins"] == deny["margins"]


def test_another_outcome_can_be_explained_and_an_unknown_one_not(shelf, tables):
    explainer = shelf.explainer("patients", "sklearn-hgb")
    assert "3" not in explainer.explain(tables["patients"].records[:1], ["3"])[0]["alternatives"]
    with pytest.raises(ExplanationFailed):
        explainer.explain(tables["patients"].records[:1], ["9"])
    with pytest.raises(ExplanationFailed):
        explainer.explain(tables["patients"].records[:1], ["1", "2"])


@pytest.mark.parametrize("kind", ["xgboost", "lightgbm"])
def test_the_librarys_own_contributions_are_shaps(shelf, tables, table, kind):
    backend = shelf.predictor(table, kind).backend
    matrix = shelf.predictor(table, kind).encoding.matrix(tables[table].records[:50])
    own, base = backend.attribution().attribute(matrix)
    reference = shap.TreeExplainer(backend.booster)
    values = np.asarray(reference.shap_values(matrix, check_additivity=False)).reshape(*matrix.shape, -1)
    assert own == pytest.approx(values[:, :, -own.shape[2] :], abs=1e-4)
    assert base == pytest.approx(np.atleast_1d(reference.expected_value)[-len(base) :], abs=1e-4)


@pytest.mark.parametrize("background", ["all", "favourable", "just_over"])
@pytest.mark.parametrize("kind", ["sklearn-hgb", "xgboost", "lightgbm"])
def test_a_named_background_is_taken_whole(shelf, tables, kind, background):
    explainer = shelf.explainer("loans", kind, method="tree-interventional", background=background)
    predictor = shelf.predictor("loans", kind)
    stored = stored_backgrounds(predictor)[background]
    explanation = explainer.explain(tables["loans"].records[:20], ["deny"] * 20)[0]
    assert explanation["base_value"] == pytest.approx(predictor.backend.margins(stored.rows).mean(), abs=1e-5)
    assert explanation["background"]["n"] == len(stored.rows) > 50
    assert explanation["additivity_gap"] <= 1e-5


def test_backgrounds_are_named_for_what_they_are(shelf):
    stored = stored_backgrounds(shelf.predictor("loans", "sklearn-hgb"))
    names = {key: item.name for key, item in stored.items()}
    assert names == {
        "all": "all training cases",
        "favourable": "approved cases",
        "just_over": "cases just over the line",
    }
    assert list(stored_backgrounds(shelf.predictor("patients", "sklearn-hgb"))) == ["all"]


def test_histogram_boosting_of_several_outcomes_is_explained_against_a_background(shelf, tables):
    folder = shelf.folder("patients", "sklearn-hgb")
    assert additivity_gaps(folder, tables["patients"].records[:30], method="tree-interventional").max() <= 1e-5


@pytest.mark.parametrize("kind", ["xgboost", "lightgbm"])
def test_what_shap_splits_wrongly_is_refused(shelf, kind):
    with pytest.raises(ExplanationFailed):
        shelf.explainer("patients", kind, method="tree-interventional")


def test_a_linear_model_is_explained_against_a_background_too(shelf, tables):
    explainer = shelf.explainer("loans", "sklearn-logistic", method="linear", background="just_over")
    explanation = explainer.explain(tables["loans"].records[:1])[0]
    assert max(margin_gaps(explanation)) <= 1e-6
    assert explanation["background"]["name"] == "cases just over the line"


def test_permutation_explains_any_model_and_adds_up(shelf, tables, table, kind):
    gaps = additivity_gaps(shelf.folder(table, kind), tables[table].records[:3], method="permutation")
    assert gaps.max() <= 1e-3


def test_permutation_gives_the_same_values_whatever_came_before(shelf, tables):
    explainer = shelf.explainer("loans", "sklearn-hgb", method="permutation")
    records = tables["loans"].records[:3]
    assert explainer.explain(records)[2] == explainer.explain(records[2:])[0]


def test_permutation_agrees_with_the_exact_values_of_a_linear_model(shelf, tables):
    """Against the same rows, one-hot columns moved together."""
    predictor = shelf.predictor("loans", "sklearn-logistic")
    permuted = explainer_for(predictor, method="permutation")
    rows = permuted.attribution.background
    exact = predictor.backend.interventional(rows)
    matrix = predictor.encoding.matrix(tables["loans"].records[:3])
    values, _ = exact.attribute(matrix)
    assert permuted.attribution.attribute(matrix)[0] == pytest.approx(predictor.encoding.per_feature(values), abs=1e-6)


@pytest.mark.parametrize("how", [{"method": "kernel"}, {"method": "linear"}, {"background": "nobody"}])
def test_what_is_not_offered_is_refused(shelf, how):
    with pytest.raises(ExplanationFailed):
        shelf.explainer("loans", "sklearn-hgb", **how)


def test_warming_up_leaves_nothing_for_the_first_case(shelf, tables, table, kind):
    explainer = shelf.explainer(table, kind)
    explainer.warm_up()
    assert len(explainer.explain(tables[table].records[:2])) == 2


def test_no_records_no_explanations(shelf):
    assert shelf.explainer("loans", "sklearn-hgb").explain([]) == []


# --- models of one's own -----------------------------------------------------------------------------------------

PLAIN = FeatureSchema.from_json({"features": [{"name": f"x{i}", "kind": "number"} for i in range(5)]})
OUTCOMES = {2: [{"value": "no"}, {"value": "yes"}], 3: [{"value": "low"}, {"value": "mid"}, {"value": "top"}]}


def own_data(outcomes: int) -> tuple[np.ndarray, np.ndarray]:
    matrix = np.random.default_rng(0).normal(size=(400, 5))
    return matrix, np.digitize(matrix[:, 0] + matrix[:, 1] * matrix[:, 2], [0] if outcomes == 2 else [-0.5, 0.5])


def registered(tmp_path, model, outcomes: int, **more):
    matrix, actual = own_data(outcomes)
    model.fit(matrix, np.asarray([item["value"] for item in OUTCOMES[outcomes]])[actual])
    rows = {"all": {"name": "all cases", "n": 100, "rows": matrix[:100].tolist()}}
    write_artifact(tmp_path / "own", model, PLAIN, OUTCOMES[outcomes], backgrounds=rows, **more)
    records = [dict(zip(PLAIN.names, row, strict=True)) for row in matrix[:20].tolist()]
    return load_predictor(tmp_path / "own"), records, model.predict_proba(matrix[:20])


@pytest.mark.parametrize("outcomes", [2, 3])
@pytest.mark.parametrize(
    ("model", "method", "tolerance"),
    [
        (HistGradientBoostingClassifier(max_iter=20), "tree-path", 1e-6),
        (RandomForestClassifier(20), "tree-path", 1e-6),
        (ExtraTreesClassifier(20), "tree-path", 1e-6),
        (make_pipeline(MinMaxScaler(), RandomForestClassifier(20)), "tree-path", 1e-6),
        (LogisticRegression(), "linear", 1e-6),
        (make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()), "linear", 1e-6),
        (make_pipeline(PCA(3), LogisticRegression()), "permutation", 1e-3),
        (GaussianNB(), "permutation", 1e-3),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value,
)
def test_a_model_of_ones_own_is_scored_and_explained(tmp_path, model, outcomes, method, tolerance):
    predictor, records, expected = registered(tmp_path, model, outcomes)
    explainer = explainer_for(predictor)
    assert explainer.method == method
    order = [predictor.outcomes.index(str(name)) for name in model.classes_]
    assert predictor.score(records).raw[:, order] == pytest.approx(expected, abs=1e-6)
    assert max(max(margin_gaps(item)) for item in explainer.explain(records)) <= tolerance


def test_a_background_of_more_than_a_hundred_cases_is_taken_whole(tmp_path):
    """Left to itself, shap keeps a hundred."""
    matrix, actual = own_data(2)
    model = HistGradientBoostingClassifier(max_iter=20).fit(matrix.astype(np.float32), actual)
    rows = {"all": {"name": "all cases", "n": 400, "rows": matrix.astype(np.float32).tolist()}}
    write_artifact(tmp_path / "own", model, PLAIN, OUTCOMES[2], backgrounds=rows)
    predictor = load_predictor(tmp_path / "own")
    explainer = explainer_for(predictor, method="tree-interventional")
    explanation = explainer.explain([dict.fromkeys(PLAIN.names, 0.5)], ["yes"])[0]
    assert explanation["background"]["n"] == 400
    whole = np.asarray(rows["all"]["rows"])
    assert explanation["base_value"] == pytest.approx(predictor.backend.margins(whole).mean(), abs=1e-6)


def test_gradient_boosting_of_two_outcomes_is_explained_by_its_paths(tmp_path):
    predictor, records, _ = registered(tmp_path, GradientBoostingClassifier(n_estimators=20), 2)
    assert max(max(margin_gaps(item)) for item in explainer_for(predictor).explain(records)) <= 1e-6


def test_a_forest_is_explained_in_probabilities(tmp_path):
    predictor, records, _ = registered(tmp_path, RandomForestClassifier(20), 2)
    explanation = explainer_for(predictor).explain(records)[0]
    assert explanation["output_space"] == "probability"
    assert sum(explanation["margins"].values()) == pytest.approx(1)
    other = next(iter(explanation["alternatives"].values()))
    assert explanation["base_value"] + other["base_value"] == pytest.approx(1)


def test_native_categories_of_histogram_boosting_are_refused(tmp_path):
    """SHAP explains them wrongly and its own check passes."""
    matrix, actual = own_data(2)
    matrix[:, 0] = np.abs(matrix[:, 0]).round()
    model = HistGradientBoostingClassifier(max_iter=5, categorical_features=[0]).fit(matrix, actual)
    with pytest.raises(ArtifactError, match="native categories"):
        write_artifact(tmp_path / "own", model, PLAIN, OUTCOMES[2])


def test_an_explanation_that_misses_the_margin_is_marked_and_not_raised(shelf, tables, monkeypatch):
    explainer = shelf.explainer("loans", "sklearn-hgb")
    attribute = explainer.attribution.attribute

    def forgetful(matrix):
        values, base = attribute(matrix)
        return values, base + 0.5

    monkeypatch.setattr(explainer.attribution, "attribute", forgetful)
    explanation = explainer.explain(tables["loans"].records[:1])[0]
    assert explanation["additivity_gap"] == pytest.approx(0.5)
    assert explanation["additive"] is False


def test_the_example_for_newcomers_runs(tmp_path):
    random = np.random.default_rng(0)
    ratio = random.normal(33, 8, 300)
    frame = pd.DataFrame(
        {"ratio": ratio, "decision": np.where(ratio + random.normal(0, 5, 300) > 38, "deny", "approve")}
    )
    lines = inference.__doc__.split("write it down")[1].splitlines()
    indented = [line for line in lines if line.startswith("    ")]
    names = {"HistGradientBoostingClassifier": HistGradientBoostingClassifier, "frame": frame, "folder": tmp_path / "m"}
    exec(textwrap.dedent("\n".join(indented)), names)
    assert names["predictor"].outcomes == ("approve", "deny")


class Elsewhere:
    """A predictor of which only the answers are known."""

    schema = FeatureSchema.from_json(
        {
            "features": [
                {"name": "a", "kind": "number"},
                {"name": "job", "kind": "category", "categories": [{"value": "x"}]},
            ]
        }
    )
    outcomes = ("no", "yes")

    def predict(self, records):
        shares = [1 / (1 + np.exp(-record["a"] - 2 * (record["job"] == "x"))) for record in records]
        return [Prediction("no", {"no": 1 - p, "yes": p}, 1 - p, abs(1 - 2 * p)) for p in shares]


def test_a_model_elsewhere_is_explained_from_its_answers_alone():
    background = [{"a": 0.0, "job": "y"}, {"a": 1.0, "job": "y"}]
    explainer = RecordExplainer(Elsewhere(), background, name="two cases")
    explainer.warm_up()
    explanation = explainer.explain([{"a": 2.0, "job": "x"}], ["yes"])[0]
    assert explanation["contributions"] == pytest.approx({"a": 1.5, "job": 2.0})
    assert explanation["base_value"] == pytest.approx(0.5)
    assert explanation["background"]["n"] == 2
    assert explanation["additivity_gap"] <= 1e-3


def test_a_model_elsewhere_needs_records_to_compare_with():
    with pytest.raises(ExplanationFailed):
        RecordExplainer(Elsewhere(), [], name="nobody")


def test_an_explanation_turned_to_another_outcome_is_the_one_made_for_it(shelf, tables, table, kind):
    explainer, records = shelf.explainer(table, kind), tables[table].records[:5]
    for outcome in explainer.predictor.outcomes:
        made = explainer.explain(records, [outcome] * len(records))
        for body, own in zip(made, explainer.explain(records), strict=True):
            turned = turned_to(own, outcome)
            assert predicted_outcome(turned) == outcome
            assert turned["contributions"] == body["contributions"]
            assert turned["base_value"] == body["base_value"]
            assert turned["alternatives"] == body["alternatives"]
    with pytest.raises(ExplanationFailed):
        turned_to(made[0], "nothing")
