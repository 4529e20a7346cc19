"""Feature schemas: the JSON form, strict validation, and values as people read them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.errors import SchemaError
from inference.schema import FeatureSchema

LOAN = {
    "features": [
        {"name": "amount", "kind": "number", "label": "Loan amount", "unit": "$", "scale": 1000, "min": 0},
        {
            "name": "ratio",
            "kind": "number",
            "label": "Debt-to-income",
            "unit": "%",
            "decimals": 1,
            "min": 0,
            "max": 200,
            "reference": {"high": 36, "text": "guideline up to 36 %"},
            "missing_allowed": True,
            "missing_codes": [-9, {"value": -8, "label": "no file"}],
        },
        {"name": "late", "kind": "integer", "min": 0, "categories": [{"value": 0, "label": "none"}]},
        {
            "name": "sought",
            "kind": "boolean",
            "reference": {"expected": True},
            "categories": [{"value": True, "label": "sought"}, {"value": False, "label": "none"}],
        },
        {"name": "job", "kind": "category", "categories": [{"value": "e", "label": "employee"}, {"value": "s"}]},
        {"name": "grade", "kind": "ordinal", "categories": [{"value": n} for n in range(1, 7)]},
        {"name": "pulse", "kind": "number", "unit": "/min", "reference": {"low": 60, "high": 100}},
        {"name": "years", "kind": "number", "unit": "years", "missing_allowed": True},
        {"name": "sex", "kind": "boolean", "protected": True, "missing_allowed": True},
    ]
}
GOOD = {
    "amount": 128,
    "ratio": 36.5,
    "late": 0,
    "sought": False,
    "job": "e",
    "grade": 2,
    "pulse": 58,
    "years": None,
    "sex": True,
}


@pytest.fixture(scope="module")
def schema() -> FeatureSchema:
    return FeatureSchema.from_json(LOAN)


def codes(schema: FeatureSchema, **changes: object) -> dict[str, str]:
    return {problem.name: problem.code for problem in schema.validate({**GOOD, **changes})}


def test_a_schema_survives_its_json_form_and_keeps_its_digest(schema):
    again = FeatureSchema.from_json(schema.to_json())
    assert again == schema
    assert again.digest == schema.digest
    assert len(schema.digest) == 64


def test_a_changed_field_changes_the_digest(schema):
    changed = {"features": [{**LOAN["features"][0], "max": 5}, *LOAN["features"][1:]]}
    assert FeatureSchema.from_json(changed).digest != schema.digest


def test_a_protected_feature_is_known_but_no_input_of_the_model(schema):
    assert "sex" in schema.names
    assert "sex" not in schema.model_inputs


def test_a_good_record_has_no_problem(schema):
    assert schema.validate(GOOD) == []


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("amount", True, "wrong_type"),
        ("amount", "128", "wrong_type"),
        ("amount", [128], "wrong_type"),
        ("amount", None, "required"),
        ("amount", math.nan, "not_finite"),
        ("amount", math.inf, "not_finite"),
        ("amount", -1, "out_of_range"),
        ("amount", 10**400, "out_of_range"),
        ("ratio", 200.1, "out_of_range"),
        ("late", 1.0, "wrong_type"),
        ("late", math.nan, "not_finite"),
        ("late", 2**60, "out_of_range"),
        ("sought", 1, "wrong_type"),
        ("sought", "yes", "wrong_type"),
        ("job", "E", "not_a_category"),
        ("job", "e ", "not_a_category"),
        ("job", 1, "wrong_type"),
        ("job", ["e"], "wrong_type"),
        ("grade", True, "wrong_type"),
        ("grade", 1.0, "wrong_type"),
        ("grade", 7, "not_a_category"),
    ],
)
def test_a_wrong_value_is_refused_by_code(schema, name, value, code):
    problems = schema.validate({**GOOD, name: value})
    assert [(problem.name, problem.code) for problem in problems] == [(name, code)]


def test_the_detail_of_a_problem_never_repeats_the_value(schema):
    for value in ("Ms Secret", 987654321987654321, -987654321.5):
        for problem in schema.validate(dict.fromkeys(GOOD, value)):
            assert str(value) not in problem.detail


def test_null_and_declared_codes_mean_not_recorded_where_allowed(schema):
    assert codes(schema, ratio=None) == {}
    assert codes(schema, ratio=-9) == {}
    assert codes(schema, ratio=-9.0) == {}
    assert codes(schema, ratio=-7) == {"ratio": "out_of_range"}


def test_a_missing_code_where_missing_is_not_allowed_is_refused():
    strict = FeatureSchema.from_json({"features": [{"name": "a", "kind": "number", "missing_codes": [-9]}]})
    assert [problem.code for problem in strict.validate({"a": -9})] == ["required"]
    assert strict.validate({"a": -8}) == []


def test_an_absent_name_is_fine_only_where_missing_is_allowed(schema):
    record = {name: value for name, value in GOOD.items() if name not in ("ratio", "amount")}
    assert [(p.name, p.code) for p in schema.validate(record)] == [("amount", "missing_feature")]


def test_an_unknown_name_is_refused(schema):
    assert codes(schema, salary=1) == {"salary": "unknown_feature"}


def test_every_problem_is_listed_at_once(schema):
    assert codes(schema, amount="x", grade=9, other=1) == {
        "amount": "wrong_type",
        "grade": "not_a_category",
        "other": "unknown_feature",
    }


ANY_JSON = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.integers())


@given(st.dictionaries(st.sampled_from([*GOOD, "other"]), ANY_JSON))
def test_the_quick_check_and_the_words_always_agree(record):
    """A record passes exactly when each of its values passes alone and nothing is unknown or absent."""
    schema = FeatureSchema.from_json(LOAN)
    problems = schema.validate(record)
    alone = {n: schema.validate({**GOOD, n: v}) for n, v in record.items()}
    absent = {f.name for f in schema.features if not f.missing_allowed and f.name not in record}
    assert {problem.name for problem in problems} == {n for n, found in alone.items() if found} | absent


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("amount", 128, "$128,000"),
        ("amount", 1.5, "$1,500"),
        ("ratio", 36.5, "36.5 %"),
        ("ratio", None, "not recorded"),
        ("ratio", -9, "not recorded"),
        ("ratio", -8, "no file"),
        ("late", 0, "none"),
        ("late", 2, "2"),
        ("sought", True, "sought"),
        ("sex", False, "no"),
        ("job", "e", "employee"),
        ("job", "s", "s"),
        ("grade", 2, "2 of 6"),
        ("years", 1, "1 year"),
        ("years", 30, "30 years"),
        ("pulse", -2.25, "−2.25 /min"),
    ],
)
def test_values_read_as_people_write_them(schema, name, value, words):
    assert schema.format_value(name, value) == words


@pytest.mark.parametrize(
    ("name", "value", "words", "sentence"),
    [
        ("ratio", 36.5, "above 36 % guideline", "36.5 %, above the 36 % guideline"),
        ("ratio", 30, "within guideline", "30.0 %"),
        ("ratio", None, None, "not recorded"),
        ("pulse", 58, "low", "58 /min, low"),
        ("pulse", 80, "in range", "80 /min"),
        ("pulse", 118, "high", "118 /min, high"),
        ("sought", False, "expected: sought", "none"),
        ("sought", True, None, "sought"),
        ("amount", 5, None, "$5,000"),
    ],
)
def test_values_are_compared_with_their_reference(schema, name, value, words, sentence):
    assert schema.comparison(name, value) == words
    assert schema.reason_value(name, value) == sentence


@pytest.mark.parametrize(
    ("feature", "complaint"),
    [
        ({"name": "a", "kind": "float"}, "kind"),
        ({"kind": "number"}, "name"),
        ({"name": "a", "kind": "number", "colour": 1}, "colour"),
        ({"name": "a", "kind": "number", "min": 2, "max": 1}, "min"),
        ({"name": "a", "kind": "number", "min": math.nan}, "min"),
        ({"name": "a", "kind": "category"}, "categories"),
        ({"name": "a", "kind": "category", "categories": [{"value": "x"}, {"value": 1}]}, "categories"),
        ({"name": "a", "kind": "category", "categories": [{"value": "x"}, {"value": "x"}]}, "twice"),
        ({"name": "a", "kind": "boolean", "categories": [{"value": 1}]}, "categories"),
        ({"name": "a", "kind": "boolean", "missing_codes": [-9]}, "missing_codes"),
        ({"name": "a", "kind": "number", "direction": 2}, "direction"),
        ({"name": "a", "kind": "number", "label": 3}, "label"),
        ({"name": "a", "kind": "number", "reference": {"middle": 3}}, "reference"),
    ],
)
def test_a_schema_that_is_not_well_formed_is_refused_in_words(feature, complaint):
    with pytest.raises(SchemaError, match=complaint):
        FeatureSchema.from_json({"features": [feature]})


@pytest.mark.parametrize("data", [{}, [], {"features": []}, {"features": "abc"}, {"features": [3]}])
def test_a_schema_needs_a_list_of_features(data):
    with pytest.raises(SchemaError):
        FeatureSchema.from_json(data)


def test_two_features_may_not_share_a_name():
    feature = {"name": "a", "kind": "number"}
    with pytest.raises(SchemaError, match="named “a”"):
        FeatureSchema.from_json({"features": [feature, feature]})
