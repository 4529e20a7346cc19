"""What a model is told about one case: names, kinds, units, ranges, and the words people read.

A schema travels as JSON (`FeatureSchema.from_json`, `to_json`) and is compiled once into a validator.
Standard library only: web processes import it.

One feature, all fields but `name` and `kind` optional:

    {"name": "obrat", "kind": "number", "label": "Debt-to-income", "unit": "%", "scale": 1, "decimals": 1,
     "min": 0, "max": 200, "reference": {"high": 36, "text": "guideline up to 36 %"},
     "missing_allowed": true, "missing_codes": [-9, {"value": -8, "label": "no file"}],
     "protected": false, "mutable": true, "group": "Income and debts", "direction": 1,
     "reason_group": "debts", "sentence": "[Debt payments] are {value} of income", "description": "..."}

- `min`, `max` and `reference` are in the units of the record; `scale` multiplies only what is shown
  (amounts kept in thousands of dollars: unit "$", scale 1000; a ratio shown in percent: unit "%", scale 100).
- `categories` lists the allowed values of a category or ordinal (in order, lowest first); on any other kind
  it names single values (`{"value": 0, "label": "none"}`, `{"value": true, "label": "sought"}`).
- `sentence` opens a reason in words, the linked part in square brackets; a category may carry its own.
- `direction` 1 says that a higher value should push towards the adverse or more severe outcome, -1 away from it.
- `reason_group` joins correlated inputs, which then speak once.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeAlias

from inference.errors import SchemaError

Scalar: TypeAlias = str | int | float | bool
Validator: TypeAlias = "Callable[[Mapping[str, object]], list[Problem]]"

NOT_RECORDED = "not recorded"
PREFIX_UNITS = frozenset({"$", "£", "€", "¥", "US$"})
SINGULAR = {"years": "year", "months": "month", "weeks": "week", "days": "day", "hours": "hour", "points": "point"}
LARGEST_INTEGER = 2**53  # beyond this a model's floating point would silently round it
LONGEST_NAME = 64


class Kind(StrEnum):
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CATEGORY = "category"
    ORDINAL = "ordinal"


NUMERIC = frozenset({Kind.NUMBER, Kind.INTEGER})
LISTED = frozenset({Kind.CATEGORY, Kind.ORDINAL})


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a record is refused. `detail` never repeats the value sent."""

    name: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Category:
    value: Scalar
    label: str
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class MissingCode:
    """A number that stands for "not recorded", with the kind of not-recorded it means."""

    value: int | float
    label: str = NOT_RECORDED


@dataclass(frozen=True, slots=True)
class Reference:
    """The range, guideline or expected value a reader compares with."""

    low: float | None = None
    high: float | None = None
    text: str = ""
    expected: Scalar | None = None

    @property
    def is_guideline(self) -> bool:
        return "guideline" in self.text.casefold()


@dataclass(frozen=True, slots=True)
class Feature:
    name: str
    kind: Kind
    label: str
    unit: str = ""
    scale: float = 1
    decimals: int | None = None
    min: float | None = None
    max: float | None = None
    reference: Reference | None = None
    missing_allowed: bool = False
    missing_codes: tuple[MissingCode, ...] = ()
    protected: bool = False
    mutable: bool = True
    group: str = ""
    direction: int | None = None
    categories: tuple[Category, ...] = ()
    reason_group: str = ""
    sentence: str = ""
    description: str = ""

    def is_missing(self, value: object) -> bool:
        return value is None or self.missing_code(value) is not None

    def missing_code(self, value: object) -> MissingCode | None:
        """The declared code this value is, compared by number so that -9 and -9.0 are one."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return next((code for code in self.missing_codes if code.value == value), None)

    def category(self, value: object) -> Category | None:
        """The named value, strictly by type: True is not 1."""
        same = (c for c in self.categories if type(c.value) is type(value) and c.value == value)
        return next(same, None)

    def code_of(self, value: object) -> float | None:
        """The value as a number that has an order (position for a listed value), None when it has none."""
        if self.is_missing(value):
            return None
        if self.kind in LISTED:
            found = self.category(value)
            return None if found is None else float(self.categories.index(found))
        return float(value) if isinstance(value, int | float) else None


@dataclass(frozen=True)
class FeatureSchema:
    """The ordered features of one use case."""

    features: tuple[Feature, ...]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> FeatureSchema:
        """:raises SchemaError: naming the feature and the field."""
        listed = data.get("features") if isinstance(data, Mapping) else None
        if not isinstance(listed, Sequence) or isinstance(listed, str) or not listed:
            raise SchemaError("A schema needs a non-empty list under “features”.")
        features = tuple(_feature(item, position) for position, item in enumerate(listed))
        _refuse_repeats((f.name for f in features), "Two features are named “{}”.")
        return cls(features)

    def to_json(self) -> dict[str, Any]:
        return {"features": [_feature_json(feature) for feature in self.features]}

    @cached_property
    def by_name(self) -> dict[str, Feature]:
        return {feature.name: feature for feature in self.features}

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(self.by_name)

    @cached_property
    def model_inputs(self) -> tuple[str, ...]:
        """Names the model may see: all but the protected ones."""
        return tuple(f.name for f in self.features if not f.protected)

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hex, of the JSON form with sorted keys."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def validate(self, record: Mapping[str, object]) -> list[Problem]:
        """Every problem of the record, in schema order; empty when it is fine."""
        return self._validator(record)

    def validator(self) -> Validator:
        """The compiled check, for hot paths; it is the same one at every call."""
        return self._validator

    @cached_property
    def _validator(self) -> Validator:
        return _compile(self.features)

    def format_value(self, name: str, value: object) -> str:
        """As a person reads it: "$128,000", "36.5 %", "yes", "not recorded"."""
        feature = self.by_name[name]
        if value is None:
            return NOT_RECORDED
        code = feature.missing_code(value)
        return code.label if code else _format(feature, value)

    def comparison(self, name: str, value: object) -> str | None:
        """The value against its reference: "above 36 % guideline", "low", "in range", "expected: yes", or None."""
        feature = self.by_name[name]
        if feature.reference is None or feature.is_missing(value):
            return None
        return _comparison(feature, feature.reference, value)

    def is_outside(self, name: str, value: object) -> bool:
        """Whether the value lies beyond its reference, or differs from the expected one."""
        feature = self.by_name[name]
        if feature.reference is None or feature.is_missing(value):
            return False
        reference = feature.reference
        if reference.expected is not None:
            return value != reference.expected
        return _side(reference, value) != 0

    def reason_value(self, name: str, value: object) -> str:
        """What follows the label in a sentence: "36.5 %, above the 36 % guideline", "58 mmHg, low"."""
        shown = self.format_value(name, value)
        compared = self.comparison(name, value)
        if compared is None or not self.is_outside(name, value):
            return shown
        if compared.startswith("expected"):
            return shown
        return f"{shown}, {compared.replace('above ', 'above the ').replace('below ', 'below the ')}"


# --- reading and writing the JSON form ---------------------------------------------------------------------------

_FIELDS = frozenset(Feature.__dataclass_fields__)
_DEFAULTS: dict[str, Any] = {n: f.default for n, f in Feature.__dataclass_fields__.items()}


def _feature(data: object, position: int) -> Feature:
    if not isinstance(data, Mapping):
        raise SchemaError(f"Feature {position} is not an object.")
    name = data.get("name")
    if not isinstance(name, str) or not 1 <= len(name) <= LONGEST_NAME:
        raise SchemaError(f"Feature {position} needs a “name” of 1 to {LONGEST_NAME} characters.")
    unknown = sorted(set(data) - _FIELDS)
    if unknown:
        raise SchemaError(f"Feature “{name}” has an unknown field “{unknown[0]}”.")
    read = _Reader(name, data)
    feature = Feature(
        name=name,
        kind=read.kind(),
        label=read.text("label") or name,
        unit=read.text("unit"),
        scale=read.number("scale", 1) or 1,
        decimals=read.whole("decimals", 0, 6),
        min=read.number("min"),
        max=read.number("max"),
        reference=read.reference(),
        missing_allowed=read.flag("missing_allowed", False),
        missing_codes=read.missing_codes(),
        protected=read.flag("protected", False),
        mutable=read.flag("mutable", True),
        group=read.text("group"),
        direction=read.whole("direction", -1, 1) or None,
        categories=read.categories(),
        reason_group=read.text("reason_group"),
        sentence=read.text("sentence"),
        description=read.text("description"),
    )
    _check(feature)
    return feature


class _Reader:
    """Reads the fields of one feature; every complaint names feature and field."""

    def __init__(self, name: str, data: Mapping[str, Any]) -> None:
        self.name = name
        self.data = data

    def complain(self, field: str, wanted: str) -> SchemaError:
        return SchemaError(f"Feature “{self.name}”: “{field}” must be {wanted}.")

    def kind(self) -> Kind:
        try:
            return Kind(str(self.data.get("kind")))
        except ValueError:
            raise self.complain("kind", "one of " + ", ".join(Kind)) from None

    def text(self, field: str) -> str:
        value = self.data.get(field)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.complain(field, "text")
        return value

    def flag(self, field: str, default: bool) -> bool:
        value = self.data.get(field)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.complain(field, "true or false")
        return value

    def number(self, field: str, default: float | None = None) -> float | None:
        value = self.data.get(field)
        return default if value is None else self._finite(field, value)

    def whole(self, field: str, low: int, high: int) -> int | None:
        value = self.data.get(field)
        if value is None:
            return None
        if type(value) is not int or not low <= value <= high:
            raise self.complain(field, f"a whole number from {low} to {high}")
        return value

    def reference(self) -> Reference | None:
        value = self.data.get("reference")
        if value is None:
            return None
        if not isinstance(value, Mapping) or set(value) - {"low", "high", "text", "expected"}:
            raise self.complain("reference", "an object of low, high, text and expected")
        inner = _Reader(self.name, value)
        return Reference(inner.number("low"), inner.number("high"), inner.text("text"), value.get("expected"))

    def missing_codes(self) -> tuple[MissingCode, ...]:
        return tuple(self._missing_code(item) for item in self._list("missing_codes"))

    def _missing_code(self, item: object) -> MissingCode:
        if not isinstance(item, Mapping):
            return MissingCode(self._finite("missing_codes", item))
        value = self._finite("missing_codes", item.get("value"))
        return MissingCode(value, _Reader(self.name, item).text("label") or NOT_RECORDED)

    def categories(self) -> tuple[Category, ...]:
        return tuple(self._category(item) for item in self._list("categories"))

    def _category(self, item: object) -> Category:
        if not isinstance(item, Mapping) or not isinstance(item.get("value"), str | int | float | bool):
            raise self.complain("categories", "a list of objects with a value and a label")
        inner = _Reader(self.name, item)
        value = item["value"]
        return Category(value, inner.text("label") or str(value), inner.text("sentence"))

    def _finite(self, field: str, value: object) -> int | float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.complain(field, "a finite number")
        return value

    def _list(self, field: str) -> Sequence[Any]:
        value = self.data.get(field) or ()
        if not isinstance(value, list | tuple):
            raise self.complain(field, "a list")
        return value


def _check(feature: Feature) -> None:
    """Rules that span fields."""
    where = f"Feature “{feature.name}”: "
    values = [category.value for category in feature.categories]
    if feature.kind in LISTED and not values:
        raise SchemaError(where + "“categories” must list the allowed values.")
    if feature.kind in LISTED and (len({type(v) for v in values}) > 1 or isinstance(values[0], bool | float)):
        raise SchemaError(where + "“categories” must all be text or all be whole numbers.")
    if feature.kind is Kind.BOOLEAN and any(not isinstance(v, bool) for v in values):
        raise SchemaError(where + "“categories” of a boolean must be true or false.")
    if feature.min is not None and feature.max is not None and feature.min > feature.max:
        raise SchemaError(where + "“min” is above “max”.")
    if feature.missing_codes and feature.kind not in NUMERIC and not isinstance(values[:1] and values[0], int):
        raise SchemaError(where + "“missing_codes” need a numeric kind.")
    _refuse_repeats(map(str, values), where + "“categories” lists “{}” twice.")


def _refuse_repeats(values: Iterable[str], message: str) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise SchemaError(message.format(value))
        seen.add(value)


def _feature_json(feature: Feature) -> dict[str, Any]:
    """Only what differs from the default, so that a new optional field leaves old digests alone."""
    data: dict[str, Any] = {}
    for field in Feature.__dataclass_fields__:
        value = getattr(feature, field)
        if field in ("name", "kind", "label") or value != _DEFAULTS[field]:
            data[field] = _plain(value)
    return data


def _plain(value: object) -> Any:
    match value:
        case Kind():
            return str(value)
        case Category(value=inner, label=label, sentence=sentence):
            return {"value": inner, "label": label} | ({"sentence": sentence} if sentence else {})
        case MissingCode(value=inner, label=label):
            return inner if label == NOT_RECORDED else {"value": inner, "label": label}
        case Reference():
            pairs = {name: getattr(value, name) for name in ("low", "high", "text", "expected")}
            return {name: inner for name, inner in pairs.items() if inner not in (None, "")}
        case tuple():
            return [_plain(item) for item in value]
    return value


# --- checking records --------------------------------------------------------------------------------------------

_Test: TypeAlias = Callable[[object], bool]


def _compile(features: tuple[Feature, ...]) -> Validator:
    """One quick test per feature; only a record that fails one is looked at in detail."""
    tests = {feature.name: _test(feature) for feature in features}
    required = frozenset(f.name for f in features if not f.missing_allowed)
    count = len(tests)

    def validate(record: Mapping[str, object]) -> list[Problem]:
        try:
            for name, value in record.items():
                if not tests[name](value):
                    return _problems(features, record)
        except KeyError:
            return _problems(features, record)
        if len(record) == count or required <= record.keys():
            return []
        return _problems(features, record)

    return validate


def _test(feature: Feature) -> _Test:
    codes = frozenset(code.value for code in feature.missing_codes) if feature.missing_allowed else frozenset[float]()
    accepts = _accepts(feature)
    if codes:
        return _or_missing_code(accepts, codes)
    if feature.missing_allowed:
        return lambda value: value is None or accepts(value)
    refused = frozenset(code.value for code in feature.missing_codes)
    if refused:
        return lambda value: accepts(value) and value not in refused
    return accepts


def _or_missing_code(accepts: _Test, codes: frozenset[float]) -> _Test:
    def test(value: object) -> bool:
        if value is None or accepts(value):
            return True
        return type(value) in (int, float) and value in codes

    return test


def _accepts(feature: Feature) -> _Test:
    """A test of type and range in as few steps as Python allows; NaN fails every comparison by itself."""
    low, high = _bounds(feature)
    if feature.kind is Kind.NUMBER:

        def number(value: Any) -> bool:
            kind = type(value)
            return (kind is float or kind is int) and low <= value <= high

        return number
    if feature.kind is Kind.INTEGER:
        return lambda value: type(value) is int and low <= value <= high
    if feature.kind is Kind.BOOLEAN:
        return lambda value: value is True or value is False
    wanted = type(feature.categories[0].value)
    allowed = frozenset(category.value for category in feature.categories)
    return lambda value: type(value) is wanted and value in allowed


def _bounds(feature: Feature) -> tuple[float, float]:
    limit: float = LARGEST_INTEGER if feature.kind is Kind.INTEGER else sys.float_info.max
    low = -limit if feature.min is None else feature.min
    return low, limit if feature.max is None else feature.max


def _problems(features: tuple[Feature, ...], record: Mapping[str, object]) -> list[Problem]:
    found = [problem for feature in features if (problem := _problem(feature, record)) is not None]
    known = {feature.name for feature in features}
    found += [
        Problem(str(name)[:LONGEST_NAME], "unknown_feature", "The schema has no feature of this name.")
        for name in record
        if name not in known
    ]
    return found


def _problem(feature: Feature, record: Mapping[str, object]) -> Problem | None:
    if feature.name not in record:
        if feature.missing_allowed:
            return None
        return Problem(feature.name, "missing_feature", "This feature must be sent.")
    value = record[feature.name]
    if feature.is_missing(value):
        if feature.missing_allowed:
            return None
        return Problem(feature.name, "required", "This feature must have a value.")
    code, detail = _fault(feature, value)
    return Problem(feature.name, code, detail) if code else None


def _fault(feature: Feature, value: object) -> tuple[str, str]:
    """(code, detail) of a value that is present, ("", "") when it is fine."""
    if feature.kind in LISTED:
        return _listed_fault(feature, value)
    if feature.kind is Kind.BOOLEAN:
        return ("", "") if isinstance(value, bool) else ("wrong_type", "Must be true or false.")
    wanted = "a whole number" if feature.kind is Kind.INTEGER else "a number"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "wrong_type", f"Must be {wanted}."
    if isinstance(value, float) and not math.isfinite(value):
        return "not_finite", "Must be a finite number."
    if feature.kind is Kind.INTEGER and not isinstance(value, int):
        return "wrong_type", f"Must be {wanted}."
    low, high = _bounds(feature)
    return ("", "") if low <= value <= high else ("out_of_range", _range_words(feature))


def _listed_fault(feature: Feature, value: object) -> tuple[str, str]:
    wanted = type(feature.categories[0].value)
    if type(value) is not wanted:
        return "wrong_type", "Must be text." if wanted is str else "Must be a whole number."
    allowed = feature.category(value) is not None
    return ("", "") if allowed else ("not_a_category", "Must be one of the listed values.")


def _range_words(feature: Feature) -> str:
    if feature.min is not None and feature.max is not None:
        return f"Must be from {feature.min:g} to {feature.max:g}."
    if feature.min is not None:
        return f"Must be {feature.min:g} or more."
    return f"Must be {feature.max:g} or less." if feature.max is not None else "Is too large to keep exactly."


# --- showing values ----------------------------------------------------------------------------------------------


def _format(feature: Feature, value: object) -> str:
    named = feature.category(value)
    if named is not None:
        return _category_words(feature, named)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float) and feature.kind in NUMERIC:
        return _with_unit(feature, value * feature.scale)
    return str(value)


def _category_words(feature: Feature, named: Category) -> str:
    """An ordinal without words of its own reads "2 of 6"."""
    if feature.kind is Kind.ORDINAL and named.label == str(named.value) and isinstance(named.value, int):
        return f"{named.value} of {feature.categories[-1].value}"
    return named.label


def _with_unit(feature: Feature, shown: float) -> str:
    number = _digits(abs(shown), _decimals(feature))
    return _attach_unit(feature, number, negative=shown < 0 and bool(number.strip("0.,")))


def _attach_unit(feature: Feature, number: str, *, negative: bool) -> str:
    sign = "−" if negative else ""
    if feature.unit in PREFIX_UNITS:
        return f"{sign}{feature.unit}{number}"
    unit = SINGULAR.get(feature.unit, feature.unit) if number == "1" else feature.unit
    return f"{sign}{number} {unit}".rstrip()


def _decimals(feature: Feature) -> int | None:
    if feature.decimals is None and feature.kind is Kind.INTEGER and float(feature.scale).is_integer():
        return 0
    return feature.decimals


def _digits(size: float, decimals: int | None) -> str:
    if decimals is not None:
        return f"{size:,.{decimals}f}"
    return f"{size:,.2f}".rstrip("0").rstrip(".")


def _comparison(feature: Feature, reference: Reference, value: object) -> str | None:
    if reference.expected is not None:
        return None if value == reference.expected else f"expected: {_format(feature, reference.expected)}"
    if reference.low is None and reference.high is None:
        return None
    side = _side(reference, value)
    if not reference.is_guideline:
        return ("low", "in range", "high")[side + 1]
    if side == 0:
        return "within guideline"
    bound = reference.high if side > 0 else reference.low
    return f"{'above' if side > 0 else 'below'} {_bound_words(feature, bound)} guideline"


def _side(reference: Reference, value: object) -> int:
    """-1 below the range, 1 above it, 0 inside or not comparable."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    if reference.low is not None and value < reference.low:
        return -1
    return 1 if reference.high is not None and value > reference.high else 0


def _bound_words(feature: Feature, bound: float | None) -> str:
    """A bound is round by nature: "36 %", not "36.0 %"."""
    shown = (bound or 0) * feature.scale
    return _attach_unit(feature, _digits(abs(shown), None), negative=shown < 0)
