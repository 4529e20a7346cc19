"""The rule engine: laws that hold for every policy, and the words it speaks."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.schema import FeatureSchema
from reviewapp.lib.draws import draw
from reviewapp.policies.rules import Labels, compile_policy, faults, in_words

SCHEMA = FeatureSchema.from_json(
    {
        "features": [
            {
                "name": "loan_amount",
                "kind": "number",
                "label": "Loan amount",
                "unit": "$",
                "scale": 1000,
                "missing_allowed": True,
            },
            {
                "name": "dependants",
                "kind": "integer",
                "label": "Dependants",
                "missing_codes": [-9],
                "missing_allowed": True,
            },
            {"name": "married", "kind": "boolean", "label": "Married", "missing_allowed": True},
            {
                "name": "purpose",
                "kind": "category",
                "label": "Purpose",
                "missing_allowed": True,
                "categories": [{"value": "buy", "label": "Purchase"}, {"value": "refi", "label": "Refinancing"}],
            },
        ]
    }
)
OUTCOMES = ("approve", "deny")
CODES = {"dependants": {-9}}
KEY = b"k" * 32

number = st.floats(-1000, 1000).map(lambda value: round(value, 1)) | st.integers(-20, 20)
numeric_field = st.sampled_from(["features.loan_amount", "features.dependants", "confidence", "margin"])
any_field = numeric_field | st.sampled_from(["features.married", "features.purpose", "outcome"])
LISTED = {
    "features.married": st.booleans(),
    "features.purpose": st.sampled_from(["buy", "refi"]),
    "outcome": st.sampled_from(OUTCOMES),
}


@st.composite
def leaves(draw_from: st.DrawFn) -> dict[str, Any]:
    field = draw_from(any_field)
    values = LISTED.get(field, number)
    ops = (
        ["eq", "ne", "in", "missing"]
        if field in LISTED
        else ["lt", "le", "eq", "ne", "ge", "gt", "in", "between", "missing"]
    )
    op = draw_from(st.sampled_from(ops))
    if op == "missing":
        return {"field": field, "op": op, "value": draw_from(st.booleans())}
    if op == "between":
        return {"field": field, "op": op, "value": sorted([draw_from(values), draw_from(values)])}
    return {
        "field": field,
        "op": op,
        "value": draw_from(st.lists(values, min_size=1, max_size=4)) if op == "in" else draw_from(values),
    }


conditions = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=6,
)
actions = st.one_of(
    st.just({"result": "auto"}),
    st.builds(
        lambda queue, priority: {"result": "review", "queue": queue, "priority": priority},
        st.sampled_from("ab"),
        st.integers(0, 100),
    ),
)


@st.composite
def bodies(draw_from: st.DrawFn) -> dict[str, Any]:
    pairs = draw_from(st.lists(st.tuples(conditions, actions), max_size=5))
    return {
        "rules": [{"name": f"Rule {place}", "when": when, "then": then} for place, (when, then) in enumerate(pairs)],
        "always_review": draw_from(st.lists(st.sampled_from(OUTCOMES), unique=True)),
        "confidence_threshold": draw_from(st.floats(0.5, 1)),
        "qa_share": draw_from(st.floats(0, 1)),
        "default": {"queue": draw_from(st.sampled_from("ab")), "priority": draw_from(st.integers(0, 100))},
    }


features = st.fixed_dictionaries(
    {},
    optional={
        "loan_amount": st.none() | number,
        "dependants": st.none() | st.just(-9) | st.integers(-20, 20),
        "married": st.none() | st.booleans(),
        "purpose": st.none() | st.sampled_from(["buy", "refi"]),
    },
)
scored = st.fixed_dictionaries(
    {
        "outcome": st.sampled_from(OUTCOMES),
        "confidence": st.floats(0, 1),
        "margin": st.floats(0, 1),
        "draw": st.floats(0, 1, exclude_max=True),
    }
)


def holds(condition: Mapping[str, Any], facts: Mapping[str, Any]) -> bool:  # noqa: C901, PLR0911 -- the definition, spelled out
    """What a condition means, in the plainest way."""
    if "all" in condition:
        return all(holds(part, facts) for part in condition["all"])
    if "any" in condition:
        return any(holds(part, facts) for part in condition["any"])
    if "not" in condition:
        return not holds(condition["not"], facts)
    value, op, wanted = facts.get(condition["field"]), condition["op"], condition["value"]
    absent = value is None or (condition["field"] == "features.dependants" and value == -9)
    if op == "missing":
        return absent == wanted
    if absent:
        return False
    match op:
        case "lt":
            return value < wanted
        case "le":
            return value <= wanted
        case "gt":
            return value > wanted
        case "ge":
            return value >= wanted
        case "eq":
            return value == wanted
        case "ne":
            return value != wanted
        case "in":
            return value in wanted
    return wanted[0] <= value <= wanted[1]


def decide(
    body: Mapping[str, Any], record: Mapping[str, Any], case: Mapping[str, Any]
) -> tuple[str, str, int, str, str, float]:
    """(result, queue, priority, rule, reason, probability) by the plainest reading of the order."""
    facts = {f"features.{name}": value for name, value in record.items()} | case
    default = (body["default"]["queue"], body["default"]["priority"])
    passing = "Passes"
    for rule in body["rules"]:
        if holds(rule["when"], facts):
            then = rule["then"]
            if then["result"] == "review":
                return "review", then["queue"], then["priority"], rule["name"], "policy_rule", 1.0
            passing = rule["name"]
            break
    else:
        if case["outcome"] in body["always_review"]:
            return "review", *default, "Adverse outcome is always reviewed", "always_review", 1.0
        if case["confidence"] < body["confidence_threshold"]:
            return (
                "review",
                *default,
                f"Confidence below {100 * body['confidence_threshold']:.6g} %",
                "low_confidence",
                1.0,
            )
    if case["draw"] < body["qa_share"]:
        return "review", *default, "Quality sample", "qa_auto", body["qa_share"]
    return "auto", "", 0, passing, "", body["qa_share"]


@given(bodies(), features, scored)
def test_a_compiled_policy_decides_as_its_plain_reading_does(body, record, case):
    routing = compile_policy(body, missing_codes=CODES).route(record, **case)
    got = (
        routing.result,
        routing.queue,
        routing.priority,
        routing.rule,
        routing.selection_reason,
        routing.selection_probability,
    )
    assert got == decide(body, record, case)


@given(bodies(), features, scored)
def test_the_trace_tells_every_rule_asked_and_whether_it_matched(body, record, case):
    routing = compile_policy(body, missing_codes=CODES).route(record, **case)
    facts = {f"features.{name}": value for name, value in record.items()} | case
    asked = [step for step in routing.trace if step["rule"].startswith("Rule ")]
    assert [(step["rule"], step["matched"]) for step in asked] == [
        (rule["name"], holds(rule["when"], facts)) for rule in body["rules"][: len(asked)]
    ]
    assert len(asked) == len(body["rules"]) or asked[-1]["matched"]
    assert not any(step["matched"] for step in asked[:-1])
    assert all(step["detail"] for step in routing.trace)
    assert routing.rule in [step["rule"] for step in routing.trace if step["matched"]]


@given(bodies(), features, scored)
def test_a_case_drawn_and_a_case_passed_are_in_one_stratum(body, record, case):
    policy = compile_policy(body | {"qa_share": 0.5}, missing_codes=CODES)
    drawn, passed = policy.route(record, **case | {"draw": 0.0}), policy.route(record, **case | {"draw": 0.9})
    assert drawn.stratum == passed.stratum
    assert drawn.selection_probability == passed.selection_probability


def _matches(condition, record, case) -> bool:
    body = _body(rules=[{"name": "Rule 0", "when": condition, "then": {"result": "review"}}])
    return compile_policy(body, missing_codes=CODES).route(record, **case).trace[0]["matched"]


@given(conditions, conditions, features, scored)
def test_all_any_and_not_obey_the_laws_of_logic(left, right, record, case):
    def said(condition):
        return _matches(condition, record, case)

    assert said({"not": {"not": left}}) == said(left)
    assert said({"all": [left, right]}) == (said(left) and said(right))
    assert said({"any": [left, right]}) == (said(left) or said(right))
    assert said({"not": {"all": [left, right]}}) == said({"any": [{"not": left}, {"not": right}]})


def test_a_comparison_with_a_missing_value_is_false_and_says_so():
    when = {"field": "features.dependants", "op": "lt", "value": 3}
    policy = compile_policy(
        _body(rules=[{"name": "Few", "when": when, "then": {"result": "review"}}]), missing_codes=CODES
    )
    for record in ({}, {"dependants": None}, {"dependants": -9}):
        assert policy.route(record, "approve", 0.99, 0.9, 0.9).trace[0] == {
            "rule": "Few",
            "matched": False,
            "detail": "dependants not recorded",
        }
    assert policy.route({"dependants": 2}, "approve", 0.99, 0.9, 0.9).rule == "Few"


def test_a_value_of_another_type_than_the_policy_expects_matches_nothing():
    """A later schema may have changed the input; routing must not fail on it."""
    for op, value in (("lt", 3), ("between", [0, 9]), ("eq", 1)):
        condition = {"field": "features.loan_amount", "op": op, "value": value}
        assert not _matches(condition, {"loan_amount": "much"}, _CASE)
        assert not _matches(condition, {"loan_amount": True}, _CASE)


def test_the_trace_names_the_values_seen():
    when = {
        "all": [
            {"field": "features.loan_amount", "op": "gt", "value": 300},
            {"field": "features.purpose", "op": "in", "value": ["buy"]},
        ]
    }
    policy = compile_policy(
        _body(rules=[{"name": "Large", "when": when, "then": {"result": "review", "queue": "lead", "priority": 40}}])
    )
    large = policy.route({"loan_amount": 340, "purpose": "buy"}, **_CASE)
    assert large.trace == [{"rule": "Large", "matched": True, "detail": "loan_amount 340 is over 300; purpose is buy"}]
    assert (large.queue, large.priority, large.stratum) == ("lead", 40, "approve/Large")
    small = policy.route({"loan_amount": 128.5, "purpose": "buy"}, **_CASE)
    assert [step["detail"] for step in small.trace] == [
        "loan_amount 128.5 is not over 300",
        "outcome is approve",
        "confidence 97 %",
        "not drawn for the 5 % sample",
        "nothing above asks for a person",
    ]


def test_a_confidence_that_is_no_number_is_reviewed():
    assert compile_policy(_body()).route({}, "approve", float("nan"), 0.5, 0.9).result == "review"


def test_an_outcome_always_reviewed_is_called_adverse_only_if_it_is():
    policy = compile_policy(_body(), adverse=[])
    assert policy.route({}, "deny", 0.99, 0.9, 0.9).rule == "This outcome is always reviewed"


def test_draws_are_uniform_reproducible_and_differ_by_policy_case_purpose_and_key():
    ids = [uuid4() for _ in range(20_000)]
    draws = [draw(KEY, "digest", one, "qa_auto") for one in ids]
    assert draws == [draw(KEY, "digest", one, "qa_auto") for one in ids]
    cells = [0] * 20
    for value in draws:
        cells[int(value * 20)] += 1
    assert (
        sum((cell - 1000) ** 2 / 1000 for cell in cells) < 50
    )  # chi-square, 19 degrees: passed by 99.99 % of uniform draws
    one = ids[0]
    others = {
        draw(KEY, "other", one, "qa_auto"),
        draw(KEY, "digest", one, "blind"),
        draw(b"x" * 32, "digest", one, "qa_auto"),
    }
    assert len(others | {draws[0]}) == 4


@given(bodies())
def test_what_the_generator_writes_may_be_published_and_said_in_words(body):
    labels = Labels(SCHEMA, {}, {})
    assert faults(body, schema=SCHEMA, outcomes=OUTCOMES, queues=["a", "b"]) == []
    assert len(in_words(body, labels)) >= len(body["rules"]) + 3


_CASE = {"outcome": "approve", "confidence": 0.97, "margin": 0.94, "draw": 0.9}


def _body(**changed: Any) -> dict[str, Any]:
    base = {
        "rules": [],
        "always_review": ["deny"],
        "confidence_threshold": 0.95,
        "qa_share": 0.05,
        "default": {"queue": "work", "priority": 0},
    }
    return base | changed


def _rule(**changed: Any) -> dict[str, Any]:
    when = {"field": "features.loan_amount", "op": "gt", "value": 300}
    return {"name": "Large", "when": when, "then": {"result": "review", "queue": "work"}} | changed


def _when(field: str, op: str, *value: Any) -> dict[str, Any]:
    return _body(rules=[_rule(when={"field": field, "op": op} | ({"value": value[0]} if value else {}))])


def _nested(depth: int) -> dict[str, Any]:
    condition: dict[str, Any] = {"field": "confidence", "op": "lt", "value": 1}
    for _ in range(depth - 1):
        condition = {"not": condition}
    return condition


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ([], "", "wrong_type"),
        ({key: value for key, value in _body().items() if key != "default"}, "/default", "required"),
        (_body(extra=1), "/extra", "unknown_field"),
        (_body(rules={}), "/rules", "wrong_type"),
        (_body(rules=[_rule(name=f"R{n}") for n in range(101)]), "/rules", "wrong_type"),
        (_body(rules=[_rule(), _rule(name="LARGE")]), "/rules/1/name", "repeated_name"),
        (_body(rules=[_rule(name="Passes")]), "/rules/0/name", "reserved_name"),
        (_body(rules=[_rule(name=" ")]), "/rules/0/name", "wrong_type"),
        (_body(rules=[_rule(name="x" * 101)]), "/rules/0/name", "wrong_type"),
        (_body(rules=[_rule(then={"result": "maybe"})]), "/rules/0/then/result", "unknown_value"),
        (_body(rules=[_rule(then={"result": "auto", "queue": "work"})]), "/rules/0/then", "unknown_field"),
        (_body(rules=[_rule(then={"result": "review", "queue": "nowhere"})]), "/rules/0/then/queue", "unknown_queue"),
        (_body(rules=[_rule(then={"result": "review", "queue": ["work"]})]), "/rules/0/then/queue", "unknown_queue"),
        (_body(rules=[_rule(then={"result": "review", "priority": 101})]), "/rules/0/then/priority", "wrong_type"),
        (_body(rules=[_rule(then={"result": "review", "priority": True})]), "/rules/0/then/priority", "wrong_type"),
        (_body(rules=[_rule(when={"all": []})]), "/rules/0/when/all", "wrong_type"),
        (_body(rules=[_rule(when={"all": [{"not": 3}]})]), "/rules/0/when/all/0/not", "wrong_type"),
        (_body(rules=[_rule(when={"any": [], "all": [_nested(1)]})]), "/rules/0/when/any", "unknown_field"),
        (_body(rules=[_rule(when=_nested(9))]), "/rules/0/when" + "/not" * 8, "too_deep"),
        (_when("features.income", "lt", 3), "/rules/0/when/field", "unknown_field"),
        (_when("loan_amount", "lt", 3), "/rules/0/when/field", "unknown_field"),
        (_when("features.loan_amount", "like", 3), "/rules/0/when/op", "unknown_value"),
        (_when("features.loan_amount", "lt", "3"), "/rules/0/when/value", "wrong_type"),
        (_when("features.loan_amount", "lt", True), "/rules/0/when/value", "wrong_type"),
        (_when("features.loan_amount", "lt"), "/rules/0/when/value", "wrong_type"),
        (_when("features.loan_amount", "between", [3, 1]), "/rules/0/when/value", "out_of_range"),
        (_when("features.loan_amount", "between", [3]), "/rules/0/when/value", "wrong_type"),
        (_when("features.loan_amount", "missing", 1), "/rules/0/when/value", "wrong_type"),
        (_when("features.purpose", "lt", 3), "/rules/0/when/op", "wrong_type_for_op"),
        (_when("features.purpose", "eq", "rent"), "/rules/0/when/value", "unknown_value"),
        (_when("features.purpose", "in", ["buy", "rent"]), "/rules/0/when/value/1", "unknown_value"),
        (_when("features.married", "eq", 1), "/rules/0/when/value", "wrong_type"),
        (_when("outcome", "gt", "deny"), "/rules/0/when/op", "wrong_type_for_op"),
        (_when("outcome", "eq", "refuse"), "/rules/0/when/value", "unknown_outcome"),
        (_body(always_review=["refuse"]), "/always_review/0", "unknown_outcome"),
        (_body(always_review=["deny", "deny"]), "/always_review", "repeated_value"),
        (_body(always_review=[["deny"]]), "/always_review/0", "unknown_outcome"),
        (_body(confidence_threshold=0.49), "/confidence_threshold", "out_of_range"),
        (_body(confidence_threshold=float("nan")), "/confidence_threshold", "wrong_type"),
        (_body(qa_share=1.01), "/qa_share", "out_of_range"),
        (_body(qa_share=10**400), "/qa_share", "wrong_type"),
        (_body(default={"queue": "nowhere"}), "/default/queue", "unknown_queue"),
    ],
)
def test_a_fault_keeps_a_policy_from_being_published(body, pointer, code):
    found = faults(body, schema=SCHEMA, outcomes=OUTCOMES, queues=["work"])
    assert [(fault.pointer, fault.code) for fault in found] == [(pointer, code)]
    assert found[0].detail.endswith(".")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=5) | st.sampled_from(["all", "any", "not", "field", "op", "value"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(
    json_values,
    st.sampled_from(
        ["rules", "always_review", "confidence_threshold", "qa_share", "default", "when", "then", "name", ""]
    ),
)
def test_whatever_is_sent_is_answered_with_faults_never_an_error(value, place):
    body = (
        _body(rules=[_rule(**{place: value})])
        if place in {"when", "then", "name"}
        else _body(**{place: value})
        if place
        else value
    )
    found = faults(body, schema=SCHEMA, outcomes=OUTCOMES, queues=["work"])
    if not found:
        compile_policy(body)
        in_words(body, Labels(SCHEMA, {}, {}))


def test_a_policy_is_said_in_words():
    body = _body(
        rules=[
            _rule(name="Large loans are reviewed", then={"result": "review", "queue": "work", "priority": 40}),
            _rule(
                name="Refinancing",
                when={
                    "all": [
                        {
                            "any": [
                                {"field": "features.married", "op": "eq", "value": True},
                                {"field": "features.dependants", "op": "missing"},
                            ]
                        },
                        {"field": "features.purpose", "op": "ne", "value": "buy"},
                        {"not": {"field": "confidence", "op": "between", "value": [0.9, 1]}},
                        {"field": "outcome", "op": "in", "value": ["approve", "deny"]},
                    ]
                },
                then={"result": "auto"},
            ),
        ]
    )
    labels = Labels(SCHEMA, {"approve": "Approve", "deny": "Deny"}, {"work": "Underwriting"})
    assert in_words(body, labels) == [
        "Large loans are reviewed: when Loan amount is over $300,000, a person reviews it in Underwriting with priority 40.",
        "Refinancing: when (Married is yes or Dependants is not recorded) and Purpose is not Purchase and it is not so that"
        " Confidence is from 90 % to 100 % and Outcome is Approve or Deny, it passes.",
        "Deny is always reviewed, unless a rule above has let it pass.",
        "A confidence below 95 % is reviewed.",
        "Of what would pass, 5 % is drawn at random for review; the rest passes.",
        "Where no rule names a queue, cases go to Underwriting with priority 0.",
    ]
