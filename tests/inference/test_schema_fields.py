"""Values as a person types them: what a field shows is read back as what the record holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.schema import FeatureSchema

SCHEMA = FeatureSchema.from_json(
    {
        "features": [
            {"name": "amount", "kind": "number", "unit": "$", "scale": 1000, "decimals": 0, "min": 1, "max": 5_000},
            {"name": "share", "kind": "number", "unit": "%", "scale": 100, "decimals": 1, "min": 0},
            {"name": "plain", "kind": "number", "max": 10, "missing_allowed": True, "missing_codes": [-9]},
            {"name": "term", "kind": "integer", "unit": "years", "scale": 1 / 12, "min": 1, "max": 600},
            {"name": "sought", "kind": "boolean", "missing_allowed": True},
            {"name": "grade", "kind": "ordinal", "categories": [{"value": n} for n in (1, 2, 3)]},
            {"name": "job", "kind": "category", "categories": [{"value": "self"}, {"value": "none"}]},
        ]
    }
)
VALUES = st.fixed_dictionaries(
    {
        "amount": st.integers(1_000, 5_000_000).map(lambda thousandths: thousandths / 1000),
        "share": st.integers(0, 50_000).map(lambda parts: parts / 10_000),
        "plain": st.one_of(st.none(), st.integers(-1_000, 10_000).map(lambda parts: parts / 1000)),
        "term": st.integers(1, 600),
        "sought": st.sampled_from([True, False, None]),
        "grade": st.sampled_from([1, 2, 3]),
        "job": st.sampled_from(["self", "none"]),
    }
)


@given(VALUES)
def test_what_the_field_shows_in_full_is_read_back_and_valid(record):
    read = {name: SCHEMA.read_field(name, SCHEMA.field_text(name, value, exact=True)) for name, value in record.items()}
    assert SCHEMA.validate(read) == []
    for name, value in record.items():
        assert read[name] == (pytest.approx(value, abs=1e-7) if isinstance(value, float) else value)
        assert not isinstance(value, int) or type(read[name]) is type(value)


@given(st.sampled_from(SCHEMA.names), st.text(max_size=20))
def test_whatever_is_typed_is_read_as_a_value_or_refused_by_the_schema(name, typed):
    value = SCHEMA.read_field(name, typed)
    assert value is None or isinstance(value, str | int | float)
    if isinstance(value, str) and name != "job":
        assert name in {problem.name for problem in SCHEMA.validate({name: value})}


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("amount", "128000", 128),
        ("amount", " 128000 ", 128),
        ("amount", "1,000", "1,000"),
        ("amount", "1e3", "1e3"),
        ("amount", "nan", "nan"),
        ("amount", "١٢", "١٢"),
        ("share", "95.3", 0.953),
        ("plain", "\u22122.5", -2.5),
        ("plain", "", None),
        ("term", "30", 360),
        ("term", "30.01", 360.12),
        ("sought", "true", True),
        ("sought", "yes", "yes"),
        ("grade", "2", 2),
        ("grade", "7", "7"),
    ],
)
def test_a_typed_value(name, typed, value):
    read = SCHEMA.read_field(name, typed)
    assert (read, type(read)) == (pytest.approx(value) if isinstance(value, float) else value, type(read))


def test_a_field_shows_what_the_facts_show_and_nothing_for_what_is_missing():
    assert SCHEMA.field_text("share", 0.80128) == "80.1"
    assert SCHEMA.field_text("share", 0.80128, exact=True) == "80.128"
    assert SCHEMA.field_text("amount", 128) == "128000"
    assert SCHEMA.field_text("plain", -9) == ""
    assert SCHEMA.field_text("plain", None) == ""


@pytest.mark.parametrize(
    ("name", "words"),
    [("amount", "$1,000 to $5,000,000"), ("share", "0 % or more"), ("plain", "10 or less"), ("job", "")],
)
def test_a_range_is_told_in_the_units_shown(name, words):
    assert SCHEMA.range_text(name) == words
