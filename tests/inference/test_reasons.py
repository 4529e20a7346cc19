"""Reasons in plain language."""

import pytest

from inference.errors import ExplanationFailed
from inference.reasons import NO_SINGLE_REASON, reasons_for
from inference.schema import FeatureSchema

OUTCOMES = [
    {"value": "approve", "label": "Approve", "adverse": False},
    {"value": "deny", "label": "Deny", "adverse": True},
]
LEVELS = [{"value": str(n), "label": label} for n, label in enumerate(("Immediate", "Very urgent", "Urgent"), 1)]
SCHEMA = FeatureSchema.from_json(
    {
        "features": [
            {
                "name": "loanprc",
                "kind": "number",
                "label": "Loan-to-value",
                "unit": "%",
                "scale": 100,
                "reference": {"high": 0.8, "text": "guideline up to 80 %"},
                "direction": 1,
                "sentence": "[The loan] is {value} of the price",
            },
            {"name": "obrat", "kind": "number", "label": "Debt-to-income", "unit": "%", "reason_group": "debts"},
            {"name": "hrat", "kind": "number", "label": "Housing costs", "unit": "%", "reason_group": "debts"},
            {
                "name": "gdlin",
                "kind": "boolean",
                "label": "Meets guidelines",
                "direction": -1,
                "categories": [{"value": False, "label": "no", "sentence": "[Credit history] fails the guidelines"}],
            },
            {
                "name": "job",
                "kind": "category",
                "label": "Employment",
                "categories": [{"value": "e", "label": "employee"}],
            },
            {
                "name": "years",
                "kind": "number",
                "label": "Years in this job",
                "missing_allowed": True,
                "missing_codes": [{"value": -8, "label": "no file"}],
            },
        ]
    }
)
RECORD = {"loanprc": 0.95, "obrat": 41, "hrat": 30, "gdlin": False, "job": "e", "years": None}


def binary(contributions: dict, predicted: str = "deny", **more: object) -> dict:
    other = "approve" if predicted == "deny" else "deny"
    margin = -2 + sum(contributions.values())
    return {
        "output_space": "log_odds",
        "base_value": -2.0,
        "contributions": contributions,
        "alternatives": {other: {"base_value": 2.0, "contributions": {n: -v for n, v in contributions.items()}}},
        "margins": {predicted: margin, other: -margin},
        **more,
    }


def told(contributions: dict, predicted: str = "deny", record: dict | None = None, **more: object):
    return reasons_for(SCHEMA, record or RECORD, binary(contributions, predicted), OUTCOMES, **more)


@pytest.mark.parametrize(
    ("contributions", "text", "lead"),
    [
        (
            {"loanprc": 1.0},
            "The loan is 95 % of the price, above the 80 % guideline. Pushes strongly towards deny.",
            "The loan",
        ),
        ({"gdlin": 1.0}, "Credit history fails the guidelines. Pushes strongly towards deny.", "Credit history"),
        ({"obrat": -1.0}, "Debt-to-income is 41 %. Pushes strongly towards approve.", "Debt-to-income"),
        ({"job": 1.0}, "Employment: employee. Pushes strongly towards deny.", "Employment"),
        ({"years": 1.0}, "Years in this job: not recorded. Pushes strongly towards deny.", "Years in this job"),
    ],
)
def test_a_reason_is_a_sentence_with_value_comparison_and_push(contributions, text, lead):
    reason = told(contributions).items[0]
    assert reason.text == text
    assert reason.lead == lead


def test_a_missing_code_is_told_in_words_and_never_as_a_number():
    reason = told({"years": 1.0}, record={**RECORD, "years": -8}).items[0]
    assert reason.sentence == "Years in this job: not recorded (no file)."
    assert reason.is_missing


def test_strength_is_the_share_of_the_whole_push():
    items = told({"loanprc": 0.6, "gdlin": 0.25, "job": 0.15, "years": 0.05}).items
    assert [item.strength for item in items] == ["strongly", "", "", "slightly"]
    assert [item.push for item in items][1] == "Pushes towards deny."


def test_correlated_inputs_speak_once_through_the_strongest():
    items = told({"obrat": 0.3, "hrat": 0.5, "gdlin": 0.6}).items
    assert [(item.feature, item.members) for item in items] == [("hrat", ("hrat", "obrat")), ("gdlin", ("gdlin",))]
    assert items[0].contribution == pytest.approx(0.8)


def test_a_group_that_cancels_itself_out_says_nothing():
    assert [item.feature for item in told({"obrat": 0.5, "hrat": -0.5, "job": 0.1}).items] == ["job"]


def test_near_ties_share_a_rank():
    items = told({"loanprc": 0.50, "gdlin": 0.45, "job": 0.30, "years": 0.10}).items
    assert [(item.rank, item.is_tied) for item in items] == [(1, True), (1, True), (3, False), (4, False)]


def test_where_every_push_is_small_no_reason_stands_out():
    many = {"features": [{"name": f"f{i}", "kind": "number"} for i in range(8)]}
    explanation = binary({f"f{i}": 0.1 + i / 1000 for i in range(8)})
    told_of_many = reasons_for(FeatureSchema.from_json(many), {}, explanation, OUTCOMES)
    assert told_of_many.headline == NO_SINGLE_REASON
    assert told({"loanprc": 1.0}).headline == ""


def test_no_contribution_at_all_gives_no_reason():
    nothing = told({"loanprc": 0.0})
    assert nothing.items == ()
    assert nothing.headline == NO_SINGLE_REASON


PROFILE = {"loanprc": {"p25": 0.7, "p75": 0.9}, "gdlin": {"p25": 1.0, "p75": 1.0}}


@pytest.mark.parametrize(
    ("predicted", "contribution", "loanprc", "unusual"),
    [
        ("deny", 0.5, 0.95, False),  # a high ratio pushes towards deny: as declared
        ("deny", -0.5, 0.95, True),
        ("deny", -0.5, 0.5, False),  # a low ratio pushes towards approve: as declared
        ("deny", 0.5, 0.5, True),
        ("deny", -0.5, 0.8, False),  # neither high nor low
        ("deny", -0.01, 0.95, False),  # too small to notice
        ("approve", 0.5, 0.95, True),  # a high ratio pushes towards approve
        ("approve", -0.5, 0.95, False),
    ],
)
def test_a_push_against_the_declared_direction_is_marked(predicted, contribution, loanprc, unusual):
    items = told({"loanprc": contribution}, predicted, {**RECORD, "loanprc": loanprc}, profile=PROFILE).items
    assert items[0].is_unusual is unusual


def test_a_declared_yes_or_no_can_be_unusual_too():
    assert told({"gdlin": -0.5}, profile=PROFILE).items[0].is_unusual
    assert not told({"gdlin": 0.5}, profile=PROFILE).items[0].is_unusual


def levels(predicted: str, contributions: dict[str, dict[str, float]]) -> dict:
    parts = {value: {"base_value": 0.0, "contributions": pushes} for value, pushes in contributions.items()}
    own = parts.pop(predicted)
    margins = {value: sum(pushes.values()) for value, pushes in contributions.items()}
    return {"output_space": "log_odds", **own, "alternatives": parts, "margins": margins}


THREE = levels("2", {"1": {"obrat": 0.2, "job": 0.6}, "2": {"obrat": 1.0, "job": 0.5}, "3": {"obrat": 0.9, "job": 0.1}})


def test_an_ordered_outcome_is_contrasted_with_the_next_more_severe():
    told_levels = reasons_for(SCHEMA, RECORD, THREE, LEVELS, is_ordinal=True)
    assert (told_levels.outcome, told_levels.against, told_levels.is_pairwise) == ("2", "1", True)
    assert [(item.feature, round(item.contribution, 3)) for item in told_levels.items] == [
        ("obrat", 0.8),
        ("job", -0.1),
    ]
    assert [item.towards for item in told_levels.items] == ["very urgent", "immediate"]


def test_another_contrast_can_be_asked_for():
    told_levels = reasons_for(SCHEMA, RECORD, THREE, LEVELS, is_ordinal=True, against="3")
    assert [item.feature for item in told_levels.items] == ["job", "obrat"]


def test_levels_can_be_told_as_more_and_less_urgent():
    words = ("more urgent", "less urgent")
    up = reasons_for(SCHEMA, RECORD, THREE, LEVELS, is_ordinal=True, against="3", severity_words=words)
    down = reasons_for(SCHEMA, RECORD, THREE, LEVELS, is_ordinal=True, against="1", severity_words=words)
    assert up.items[0].push == "Pushes strongly towards more urgent."
    assert down.items[0].push == "Pushes strongly towards less urgent."


def test_unordered_outcomes_are_contrasted_with_the_runner_up():
    assert reasons_for(SCHEMA, RECORD, THREE, LEVELS).against == "3"


def test_the_most_severe_level_is_contrasted_with_the_next_below():
    severe = levels("1", {"1": {"obrat": 2.0}, "2": {"obrat": 1.0}, "3": {"obrat": 1.5}})
    assert reasons_for(SCHEMA, RECORD, severe, LEVELS, is_ordinal=True).against == "2"


@pytest.mark.parametrize("against", ["2", "9"])
def test_a_contrast_that_was_not_explained_is_refused(against):
    with pytest.raises(ExplanationFailed):
        reasons_for(SCHEMA, RECORD, THREE, LEVELS, against=against)
