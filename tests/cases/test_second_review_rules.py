"""When an answer needs a second one, as a table; and what no policy may say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewapp.cases.rules import Stage, resolve
from reviewapp.cases.second_review import Because, ReviewPolicy, faults, needed

CASE = {"outcome": "deny", "direction": "", "confidence": 0.7, "features": {"loan_amount": 128_000.0}, "draw": 0.5}


@pytest.mark.parametrize(
    ("body", "answer", "because"),
    [
        ({}, {}, None),
        ({"always": True}, {}, "always"),
        ({"override": True}, {}, None),
        ({"override": True}, {"direction": "high-side"}, "override"),
        ({"directions": ["down-triage"]}, {"direction": "up-triage"}, None),
        ({"directions": ["down-triage"]}, {"direction": "down-triage"}, "direction"),
        ({"outcomes": ["deny"]}, {}, "outcome"),
        ({"outcomes": ["deny"]}, {"outcome": "approve"}, None),
        ({"confidence_below": 0.7}, {}, None),
        ({"confidence_below": 0.71}, {}, "confidence"),
        ({"amounts": [{"feature": "loan_amount", "least": 128_000}]}, {}, "amount"),
        ({"amounts": [{"feature": "loan_amount", "least": 128_001}]}, {}, None),
        ({"amounts": [{"feature": "loan_amount", "least": 0}]}, {"features": {"loan_amount": None}}, None),
        ({"amounts": [{"feature": "insured", "least": 0}]}, {"features": {"insured": True}}, None),
        ({"share": 0.5}, {}, None),
        ({"share": 0.51}, {}, "share"),
        ({"share": 0.51, "outcomes": ["deny"]}, {}, "outcome"),
    ],
)
def test_the_first_rule_that_fits_is_the_reason(body, answer, because):
    assert needed(ReviewPolicy.of(body), **(CASE | answer)) == (Because(because) if because else None)


@pytest.mark.parametrize(
    ("stage", "outcome", "first", "needs_second", "then", "decided"),
    [
        ("first", "deny", "", False, None, "deny"),
        ("first", "deny", "", True, Stage.SECOND, ""),
        ("first", "", "", True, Stage.FIRST, ""),
        ("second", "deny", "deny", False, None, "deny"),
        ("second", "approve", "deny", False, Stage.ADJUDICATION, ""),
        ("second", "", "deny", False, Stage.ADJUDICATION, ""),
        ("adjudication", "approve", "", False, None, "approve"),
    ],
)
def test_what_becomes_of_a_case_by_one_more_answer(stage, outcome, first, needs_second, then, decided):
    verdict = resolve(outcome, stage=stage, first=first, needs_second=needs_second)
    assert verdict.stage == then
    assert (verdict.outcome if verdict.is_final else "") == decided


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_NAMES = ["always", "override", "directions", "outcomes", "confidence_below", "amounts", "share"]


@given(st.dictionaries(st.sampled_from(_NAMES), _JSON, max_size=4) | _JSON)
def test_a_policy_without_a_fault_can_be_asked_and_whatever_else_is_refused_with_a_pointer(body):
    found = faults(body, outcomes=["approve", "deny"], numbers=["loan_amount"])
    if not found:
        needed(ReviewPolicy.of(body), **CASE)
    assert all(problem.pointer == "" or problem.pointer.split("/")[1] in _NAMES for problem in found)


@pytest.mark.parametrize(
    "body",
    [
        {"always": 1},
        {"share": 1.01},
        {"share": True},
        {"share": float("nan")},
        {"outcomes": ["maybe"]},
        {"outcomes": "deny"},
        {"directions": ["sideways"]},
        {"amounts": [{"feature": "income"}]},
        {"amounts": [{"feature": "loan_amount", "least": "1"}]},
        {"amounts": [{"feature": "loan_amount", "least": 1}] * 6},
        {"never": True},
    ],
)
def test_what_no_policy_may_say(body):
    assert faults(body, outcomes=["approve", "deny"], numbers=["loan_amount"])
