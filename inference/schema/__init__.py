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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from inference.errors import SchemaError
from inference.schema.checking import Problem, Validator, compile_validator
from inference.schema.features import (
    LISTED,
    NOT_RECORDED,
    NUMERIC,
    Category,
    Feature,
    Kind,
    MissingCode,
    Reference,
    Scalar,
)
from inference.schema.fields import field_text, range_text, read_field
from inference.schema.reading import feature_json, read_feature, refuse_repeats
from inference.schema.words import compare, format_present, side

__all__ = [
    "LISTED",
    "NOT_RECORDED",
    "NUMERIC",
    "Category",
    "Feature",
    "FeatureSchema",
    "Kind",
    "MissingCode",
    "Problem",
    "Reference",
    "Scalar",
    "Validator",
]


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
        features = tuple(read_feature(item, position) for position, item in enumerate(listed))
        refuse_repeats((f.name for f in features), "Two features are named “{}”.")
        return cls(features)

    def to_json(self) -> dict[str, Any]:
        return {"features": [feature_json(feature) for feature in self.features]}

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
        return compile_validator(self.features)

    def format_value(self, name: str, value: object) -> str:
        """As a person reads it: "$128,000", "36.5 %", "yes", "not recorded"."""
        feature = self.by_name[name]
        if value is None:
            return NOT_RECORDED
        code = feature.missing_code(value)
        return code.label if code else format_present(feature, value)

    def field_text(self, name: str, value: object, *, exact: bool = False) -> str:
        """As it stands in a form field, in the units shown: "128000", "36.5", "true"; empty where it is not recorded."""
        return field_text(self.by_name[name], value, exact=exact)

    def read_field(self, name: str, text: str) -> object:
        """The value of a record from the text of a form field; validate it as any other."""
        return read_field(self.by_name[name], text)

    def range_text(self, name: str) -> str:
        """The allowed range in the units shown: "$0 to $1,000,000"; empty without one."""
        return range_text(self.by_name[name])

    def comparison(self, name: str, value: object) -> str | None:
        """The value against its reference: "above 36 % guideline", "low", "in range", "expected: yes", or None."""
        feature = self.by_name[name]
        if feature.reference is None or feature.is_missing(value):
            return None
        return compare(feature, feature.reference, value)

    def is_outside(self, name: str, value: object) -> bool:
        """Whether the value lies beyond its reference, or differs from the expected one."""
        feature = self.by_name[name]
        if feature.reference is None or feature.is_missing(value):
            return False
        reference = feature.reference
        if reference.expected is not None:
            return value != reference.expected
        return side(reference, value) != 0

    def outside_phrase(self, name: str, value: object) -> str:
        """What a sentence adds when the value lies outside: "above the 36 % guideline", "low"; else empty."""
        compared = self.comparison(name, value)
        if compared is None or not self.is_outside(name, value) or compared.startswith("expected"):
            return ""
        return compared.replace("above ", "above the ").replace("below ", "below the ")

    def reason_value(self, name: str, value: object) -> str:
        """What follows the label in a sentence: "36.5 %, above the 36 % guideline", "58 mmHg, low"."""
        phrase = self.outside_phrase(name, value)
        shown = self.format_value(name, value)
        return f"{shown}, {phrase}" if phrase else shown
