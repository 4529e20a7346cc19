"""An explanation as a point: what is near, what may be compared, and the code that stands for it in the database."""

import random

import pytest

from inference.argument import argument_of, difference, nearness
from inference.schema import FeatureSchema

SCHEMA = FeatureSchema.from_json(
    {
        "features": [
            {"name": "debts", "kind": "number", "reason_group": "money"},
            {"name": "income", "kind": "number", "reason_group": "money"},
            {"name": "age_of_file", "kind": "number"},
            {"name": "sex", "kind": "boolean", "protected": True},
        ]
    }
)


def of_two(own, other, **pushes):
    mirror = {name: -push for name, push in pushes.items()}
    margins = {own: 1.0, other: -1.0}
    return {
        "output_space": "log_odds",
        "contributions": pushes,
        "margins": margins,
        "alternatives": {other: {"base_value": 0, "contributions": mirror}},
    }


def of_levels(**by_level):
    own, *others = by_level
    return {
        "output_space": "log_odds",
        "contributions": by_level[own],
        "margins": dict.fromkeys(by_level, 0.0),
        "alternatives": {name: {"base_value": 0, "contributions": by_level[name]} for name in others},
    }


def test_a_reason_group_is_one_value_and_a_protected_input_is_none():
    found = argument_of(
        SCHEMA, of_two("deny", "approve", debts=0.5, income=-0.2, age_of_file=0.1, sex=3.0), ["approve", "deny"]
    )
    assert found.names == ("money/deny", "age_of_file./deny")
    assert found.values == pytest.approx((0.3, 0.1))


def test_it_is_the_same_point_whichever_of_two_outcomes_is_explained():
    pushes = {"debts": 0.5, "age_of_file": -0.1}
    one = argument_of(SCHEMA, of_two("deny", "approve", **pushes), ["approve", "deny"])
    turned = {name: -push for name, push in pushes.items()}
    assert argument_of(SCHEMA, of_two("approve", "deny", **turned), ["approve", "deny"]) == one


def test_several_outcomes_are_all_told_and_only_their_differences_count():
    levels = {"one": {"debts": 1.0}, "two": {"debts": 0.5}, "three": {}}
    raised = {name: {"debts": pushes.get("debts", 0.0) + 7} for name, pushes in levels.items()}
    found = argument_of(SCHEMA, of_levels(**levels), list(levels))
    assert found.values == pytest.approx((0.5, 0.0, -0.5, 0, 0, 0))
    assert argument_of(SCHEMA, of_levels(**raised), list(levels)).values == pytest.approx(found.values)


def test_what_leaves_an_outcome_out_or_pushes_nowhere_is_no_point():
    assert argument_of(SCHEMA, of_levels(one={"debts": 1.0}, two={}), ["one", "two", "three"]) is None
    assert argument_of(SCHEMA, of_two("deny", "approve", sex=1.0), ["approve", "deny"]) is None


def test_the_bits_that_differ_put_points_in_order_of_distance():
    draw = random.Random(3)
    points = [
        argument_of(
            SCHEMA,
            of_two("deny", "approve", debts=draw.uniform(-1, 1), age_of_file=draw.uniform(-1, 1)),
            ["approve", "deny"],
        )
        for _ in range(200)
    ]
    asked, *others = points
    assert {len(point.code) for point in points} == {64}
    by_bits = sorted(others, key=lambda point: (int(point.code, 2) ^ int(asked.code, 2)).bit_count())
    nearest = min(others, key=lambda point: sum((a - b) ** 2 for a, b in zip(point.values, asked.values, strict=True)))
    assert nearest in by_bits[:10]


def test_a_model_of_a_thousand_inputs_has_a_code_that_stays_in_its_row():
    many = FeatureSchema.from_json({"features": [{"name": f"f{n}", "kind": "number"} for n in range(1000)]})
    found = argument_of(many, of_two("deny", "approve", f1=1.0), ["approve", "deny"])
    assert len(found.code) <= 4096


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (0.0, "almost the same reasons"),
        (0.4, "much the same reasons"),
        (0.9, "partly the same reasons"),
        (2.0, "few reasons in common"),
    ],
)
def test_nearness_is_told_by_the_share_of_what_the_distance_could_be(distance, words):
    assert nearness(difference(distance, 1.0, 1.0)) == words
