"""Values as a person types them into a form: in the units that are shown, and back to what a record holds."""

from __future__ import annotations

import re

from inference.schema.features import LISTED, NUMERIC, Feature, Kind
from inference.schema.words import bound_words

_NUMBER = re.compile(r"[-+]?[0-9]{1,18}(\.[0-9]{0,12})?")
_EXACT = 9  # decimals a typed number keeps once it is scaled back
_NEARLY = 1e-3  # a month is 0.083333 years, and that is a month again


def field_text(feature: Feature, value: object, *, exact: bool = False) -> str:
    """What stands in the field; empty where nothing is recorded.

    :param exact: every digit of a number, not as many as the schema shows.
    """
    if feature.is_missing(value):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if feature.kind in NUMERIC and isinstance(value, int | float):
        decimals = 6 if exact or feature.decimals is None else feature.decimals
        text = f"{value * feature.scale:.{decimals}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(value)


def read_field(feature: Feature, text: str) -> object:
    """The value of a record. Text that is none comes back as it is, for the validator to refuse."""
    typed = text.strip()
    if not typed:
        return None
    if feature.kind is Kind.BOOLEAN:
        return {"true": True, "false": False}.get(typed, typed)
    if feature.kind in LISTED:
        return next((category.value for category in feature.categories if str(category.value) == typed), typed)
    return _read_number(feature, typed.replace("\u2212", "-"))


def _read_number(feature: Feature, typed: str) -> object:
    if not _NUMBER.fullmatch(typed):
        return typed
    number = round(float(typed) / feature.scale, _EXACT)
    if feature.kind is Kind.INTEGER and abs(number - round(number)) < _NEARLY:
        return round(number)
    return number


def range_text(feature: Feature) -> str:
    """The range as shown: "$0 to $1,000,000", "0 % or more"; empty without one."""
    low, high = (None if bound is None else bound_words(feature, bound) for bound in (feature.min, feature.max))
    if low is not None and high is not None:
        return f"{low} to {high}"
    return f"{low} or more" if low is not None else f"{high} or less" if high is not None else ""
