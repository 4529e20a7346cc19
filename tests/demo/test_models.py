"""The models of the demo on rows they have not seen: good enough to advise, and explained exactly."""

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from inference.calibration import logistic
from inference.explain import explainer_for
from inference.predictor import LocalPredictor, softmax
from reviewapp.demo.scenario import PastCase, Scenario
from reviewapp.demo.split import Arrival

pytestmark = pytest.mark.xdist_group("demo")  # its models are trained once
Trained = Callable[[str], LocalPredictor]
LIMITS = [
    ("sklearn-hgb", "tree-path", 1e-6),
    ("sklearn-logistic", "linear", 1e-6),
    ("lightgbm", "tree-path", 1e-6),
    ("xgboost", "tree-path", 1e-5),
    ("sklearn-hgb", "tree-interventional", 1e-6),
    ("sklearn-hgb", "permutation", 1e-3),
]


def test_the_mortgage_model_ranks_and_the_triage_model_orders(
    scenario: Scenario, trained: Trained, held_out: list[Arrival], cases: list[PastCase]
) -> None:
    predictor = trained("sklearn-hgb")
    actual = [arrival.case.outcome for arrival in held_out]
    predicted = [made.outcome for made in predictor.predict([arrival.case.record for arrival in held_out])]
    right = np.mean([a == p for a, p in zip(actual, predicted, strict=True)])
    majority = max(actual.count(value) for value in set(actual)) / len(actual)
    assert right > majority + 0.03
    if scenario.outcome_kind == "ordinal":
        kappa = cohen_kappa_score(actual, predicted, weights="quadratic")
        assert kappa > 0.35
    else:
        assert predictor.manifest.metrics["auc"] > 0.80


def test_what_is_measured_was_measured_on_the_rows_that_arrive(trained: Trained, held_out: list[Arrival]) -> None:
    metrics = trained("sklearn-hgb").manifest.metrics
    right = [
        made.outcome == arrival.case.outcome
        for made, arrival in zip(
            trained("sklearn-hgb").predict([a.case.record for a in held_out]), held_out, strict=True
        )
    ]
    assert metrics["n"] == len(held_out)
    assert metrics["accuracy"] == pytest.approx(np.mean(right))


def test_probabilities_mean_what_they_say(trained: Trained) -> None:
    metrics = trained("sklearn-hgb").manifest.metrics
    assert metrics["calibration"]["n"] >= metrics["n"] - 3
    assert metrics["ece_after"] < 0.06


def test_protected_features_do_not_move_the_score(
    scenario: Scenario, trained: Trained, held_out: list[Arrival]
) -> None:
    predictor = trained("sklearn-hgb")
    records = [arrival.case.record for arrival in held_out[:100]]
    protected = [feature.name for feature in scenario.schema.features if feature.protected]
    blinded = [{**record, **dict.fromkeys(protected)} for record in records]
    assert predictor.predict(records) == predictor.predict(blinded)


def test_a_declared_direction_is_held(scenario: Scenario, trained: Trained, held_out: list[Arrival]) -> None:
    """More debt never makes a refusal less likely; levels of acuity cannot be constrained, so there it is not claimed."""
    predictor = trained("sklearn-hgb")
    claimed = predictor.manifest.lineage["monotone"]
    if scenario.outcome_kind == "ordinal":
        assert claimed == []
        return
    assert "obrat" in claimed
    records = [arrival.case.record for arrival in held_out[:50]]
    before = [made.probabilities["deny"] for made in predictor.predict(records)]
    after = [
        made.probabilities["deny"]
        for made in predictor.predict([{**record, "obrat": record["obrat"] + 20} for record in records])
    ]
    assert all(b <= a + 1e-12 for b, a in zip(before, after, strict=True))


@pytest.mark.parametrize(("kind", "method", "limit"), LIMITS, ids=[f"{kind}-{method}" for kind, method, _ in LIMITS])
def test_contributions_add_up_to_the_models_own_margin(
    trained: Trained, held_out: list[Arrival], kind: str, method: str, limit: float
) -> None:
    predictor = trained(kind)
    records = [arrival.case.record for arrival in held_out[: 8 if method == "permutation" else 300]]
    assert any(value is None for record in records for value in record.values())
    explanations = explainer_for(predictor, method=method).explain(records)
    margins, raw = _own_margins(predictor, records)
    for row, explanation in enumerate(explanations):
        assert explanation["method"] == method
        assert explanation["additive"]
        assert set(explanation["contributions"]) == set(predictor.schema.model_inputs)
        for outcome, part in _parts(predictor, explanation).items():
            reached = part["base_value"] + sum(part["contributions"].values())
            assert abs(reached - margins[row][outcome]) <= limit
    assert np.allclose(
        [[shares[name] for name in predictor.outcomes] for shares in raw], predictor.score(records).raw, atol=1e-5
    )


def _parts(predictor: LocalPredictor, explanation: dict) -> dict[str, dict]:
    """Every outcome's base and contributions: the predicted one's and the alternatives'."""
    own = next(name for name in predictor.outcomes if name not in explanation["alternatives"])
    return {own: explanation, **explanation["alternatives"]}


def _own_margins(predictor: LocalPredictor, records: list) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    """Margins asked of the model itself, and the probabilities they stand for."""
    margins = predictor.backend.margins(predictor.encoding.matrix(records))
    if margins.shape[1] == 1:
        margins = np.hstack([-margins, margins])
        shares = np.column_stack([1 - logistic(margins[:, 1]), logistic(margins[:, 1])])
    else:
        shares = softmax(margins)
    named = [[dict(zip(predictor.outcomes, row, strict=True)) for row in table.tolist()] for table in (margins, shares)]
    return named[0], named[1]
