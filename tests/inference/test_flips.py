"""What would change this: the smallest changes, only of what may change, each over the line for the model itself."""

import itertools

import pytest

from inference.flips import flips_of
from inference.predictor import load_predictor
from inference.schema import FeatureSchema
from tests.factories import FEATURES, LOAN_OUTCOMES, LOAN_SCHEMA, train_model

NEAR = FEATURES | {"debt_ratio": 52.0}  # denied, for its debts


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    return load_predictor(train_model(tmp_path_factory.mktemp("flips") / "model"))


def changed(**features):
    """The office's schema with other words on some inputs."""
    listed = [feature | features.get(feature["name"], {}) for feature in LOAN_SCHEMA["features"]]
    return FeatureSchema.from_json({"features": listed})


def flips(model, record, **more):
    return flips_of(model, record, outcomes=LOAN_OUTCOMES, **more)


def test_the_smallest_change_of_the_input_that_counts_comes_first(model):
    found = flips(model, NEAR)
    assert found.before.outcome == "deny"
    first = found.found[0]
    assert set(first.changes) == {"debt_ratio"}
    value = first.changes["debt_ratio"]
    assert value < 52
    assert model.predict([NEAR | {"debt_ratio": value}])[0].outcome == "approve"
    step = 0.2
    assert model.predict([NEAR | {"debt_ratio": value + step}])[0].margin < 0.01 + 1e-6 or value + step > 52


def test_every_answer_is_what_the_model_says_of_it_and_is_clearly_over_the_line(model):
    for ratio in (30.0, 41.2, 52.0, 70.0):
        record = FEATURES | {"debt_ratio": ratio}
        found = flips(model, record)
        for flip in found.found:
            (said,) = model.predict([record | flip.changes])
            assert said == flip.prediction
            assert said.outcome != found.before.outcome
            assert said.margin >= 0.01


def test_answers_are_valid_inside_the_percentiles_and_none_contains_another(model):
    profile = model.manifest.profile
    for ratio in (30.0, 52.0, 70.0):
        record = FEATURES | {"debt_ratio": ratio}
        found = flips(model, record).found
        assert 1 <= len(found) <= 3
        assert [flip.cost for flip in found] == sorted(flip.cost for flip in found)
        for flip in found:
            assert len(flip.changes) <= 3
            assert model.schema.validate(record | flip.changes) == []
            for name in set(flip.changes) - {"insured"}:
                assert profile[name]["p01"] <= flip.changes[name] <= profile[name]["p99"]
        for one, other in itertools.permutations(found, 2):
            assert not set(one.changes) <= set(other.changes)


def test_protected_and_fixed_inputs_are_never_tried(model):
    assert "married" not in flips(model, NEAR).tried
    fixed = changed(debt_ratio={"mutable": False})
    assert "debt_ratio" not in flips(model, NEAR, schema=fixed).tried
    hidden = changed(debt_ratio={"protected": True, "mutable": True})
    found = flips(model, NEAR, schema=hidden)
    assert "debt_ratio" not in found.tried
    assert all("debt_ratio" not in flip.changes for flip in found.found)


def test_an_input_without_a_value_keeps_none(model):
    assert "debt_ratio" not in flips(model, NEAR | {"debt_ratio": None}).tried


def test_nothing_changes_it_is_an_answer(model):
    only = changed(
        debt_ratio={"mutable": False},
        income={"mutable": False},
        loan_amount={"mutable": False},
        late_payments={"mutable": False},
    )
    found = flips(model, FEATURES | {"debt_ratio": 79.0}, schema=only)
    assert found.found == ()
    assert found.tried == ("insured",)


def test_no_change_goes_against_the_direction_that_the_schema_declares(model):
    """Were lower debts declared to push towards denial, lowering them would be no answer to a denial."""
    turned = changed(debt_ratio={"direction": -1})
    found = flips(model, NEAR, schema=turned)
    assert all(flip.changes.get("debt_ratio", 53) > 52 for flip in found.found)


def test_values_are_as_round_as_people_speak(model):
    for flip in flips(model, NEAR).found:
        if "loan_amount" in flip.changes:
            assert flip.changes["loan_amount"] % 1_000 == 0
        if "debt_ratio" in flip.changes:
            assert round(flip.changes["debt_ratio"] * 10, 6).is_integer()
