"""The waterfall: every printed column leads exactly from the first row to the last."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.schema import FeatureSchema
from inference.waterfall import sigmoid, waterfall

OUTCOMES = [{"value": "approve", "label": "Approve"}, {"value": "deny", "label": "Deny", "adverse": True}]
LEVELS = [{"value": str(n), "label": f"Level {n}"} for n in range(1, 4)]
SIZE = 30
SCHEMA = FeatureSchema.from_json(
    {
        "features": [
            {"name": f"f{i}", "kind": "number", "label": f"Input {i}", "missing_allowed": True} for i in range(SIZE)
        ]
    }
)


def explained(base: float, pushes: list[float], *, unexplained: float = 0.0, space: str = "log_odds") -> dict:
    contributions = {f"f{i}": push for i, push in enumerate(pushes)}
    margin = base + sum(pushes) + unexplained
    return {
        "output_space": space,
        "base_value": base,
        "contributions": contributions,
        "alternatives": {"approve": {"base_value": -base, "contributions": {n: -p for n, p in contributions.items()}}},
        "margins": {"deny": margin, "approve": -margin},
        "additive": not unexplained,
    }


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def drawn(explanation: dict, **more: object):
    return waterfall(SCHEMA, {"f0": 3}, explanation, OUTCOMES, **more)


finite = st.floats(-8, 8, allow_nan=False)


@given(finite, st.lists(finite, max_size=SIZE), st.integers(0, SIZE), st.sampled_from(["probability", "log_odds"]))
def test_what_is_printed_adds_up_and_stays_on_the_axis(base, pushes, shown, axis):
    rows = drawn(explained(base, pushes), shown=shown, axis=axis).rows
    start, *bars, end = rows
    assert start.points + sum(row.points for row in bars) == end.points
    cents = [round(100 * number(row.push_text)) for row in rows]
    assert sum(cents[:-1]) == cents[-1]
    assert end.points == round(100 * sigmoid(base + sum(pushes)))
    assert all(row.x >= -1e-6 and row.x + row.width <= 100.02 for row in rows)


@given(finite, st.lists(finite, min_size=2, max_size=SIZE))
def test_each_bar_begins_where_the_one_before_ended(base, pushes):
    rows = drawn(explained(base, pushes), shown=SIZE).rows
    for before, row in pairwise(rows):
        assert before.end == pytest.approx(row.x, abs=0.03) or before.end == pytest.approx(row.x + row.width, abs=0.03)


@given(finite, st.lists(finite, max_size=SIZE))
def test_a_printed_number_is_never_further_off_than_one_unit(base, pushes):
    for row in drawn(explained(base, pushes), shown=SIZE).rows[1:-1]:
        assert number(row.push_text) == pytest.approx(row.push, abs=0.0151)


def test_inputs_run_by_size_and_small_ones_are_folded():
    pushes = [0.01 * i * (-1) ** i for i in range(20)]
    rows = drawn(explained(-2.0, pushes), shown=5).rows
    assert [row.feature for row in rows[1:6]] == ["f19", "f18", "f17", "f16", "f15"]
    assert rows[6].kind == "other"
    assert rows[6].label == "15 other inputs"
    assert rows[6].push == pytest.approx(sum(pushes[:15]))


def test_a_single_small_input_is_shown_rather_than_folded():
    assert [row.kind for row in drawn(explained(0, [1.0, 0.5, 0.1]), shown=2).rows] == [
        "start",
        "input",
        "input",
        "input",
        "end",
    ]


def test_first_and_last_row_name_the_average_and_this_case():
    rows = drawn(explained(-1.97, [2.71]), noun="application").rows
    assert (rows[0].label, rows[0].push_text, rows[0].points) == ("Start: average application", "−1.97", 12)
    assert (rows[-1].label, rows[-1].push_text, rows[-1].points) == ("This application", "+0.74", 68)


def test_rows_carry_value_and_direction():
    rows = drawn(explained(0, [1.0, -0.5, 0.0])).rows
    assert [(r.value, r.is_missing, r.direction) for r in rows[1:4]] == [
        ("3", False, "toward"),
        ("not recorded", True, "against"),
        ("not recorded", True, ""),
    ]


def test_an_explanation_that_does_not_add_up_shows_what_is_left_open():
    drawn_rows = drawn(explained(0, [1.0], unexplained=-2.3)).rows
    assert drawn_rows[-2].kind == "gap"
    assert drawn_rows[-2].push_text == "−2.30"
    assert drawn_rows[-1].push_text == "−1.30"


def test_ticks_lie_inside_the_axis_and_mark_even_odds():
    for axis in ("probability", "log_odds"):
        ticks = drawn(explained(-2.2, [1, 1, 1, 1]), axis=axis).ticks
        assert 2 <= len(ticks) <= 8
        assert all(0 <= tick.x <= 100 for tick in ticks)
        assert [tick.label for tick in ticks if tick.is_even] == ["50"]


def test_steps_are_differences_of_probability():
    drawn_steps = drawn(explained(0, [1.0, -0.5]))
    assert drawn_steps.rows[1].points == round(100 * (sigmoid(1.0) - 0.5))
    assert drawn_steps.start_points == 50
    assert drawn_steps.end_points == 62


def test_a_model_that_explains_in_probability_is_drawn_as_it_is():
    rows = drawn(explained(0.3, [0.2, -0.1], space="probability")).rows
    assert [row.points for row in rows] == [30, 20, -10, 40]


def test_several_outcomes_are_drawn_as_one_against_another():
    explanation = {
        "output_space": "log_odds",
        "base_value": 0.5,
        "contributions": {"f0": 1.0},
        "alternatives": {
            "1": {"base_value": 0.2, "contributions": {"f0": -0.5}},
            "3": {"base_value": 0.1, "contributions": {"f0": 0.0}},
        },
        "margins": {"1": -0.3, "2": 1.5, "3": 0.1},
        "additive": True,
    }
    drawn_levels = waterfall(SCHEMA, {}, explanation, LEVELS, is_ordinal=True)
    assert drawn_levels.is_pairwise
    assert drawn_levels.against == "1"
    assert drawn_levels.rows[1].push == pytest.approx(1.5)
    assert drawn_levels.end_points == round(100 / (1 + math.exp(-1.8)))


@pytest.mark.parametrize("margin", [-1e6, 1e6])
def test_the_sigmoid_survives_extreme_margins(margin):
    assert sigmoid(margin) == pytest.approx(float(margin > 0))
