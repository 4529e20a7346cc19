"""Comparisons as a person types them into a form, and back."""

from typing import Any

from reviewapp.catalog.conditions.testing import BETWEEN, FEATURE, MISSING
from reviewapp.catalog.conditions.wording import Labels

_YES, _NO = ("true", "yes"), ("false", "no")


def operand_text(field: str, op: str, value: Any, labels: Labels) -> str:
    """What stands in the field for the value; several are parted by commas."""
    if op == MISSING:
        return "no" if value is False else "yes"
    values = value if isinstance(value, list) else [value]
    return ", ".join(_text(field, item, labels) for item in values)


def read_operand(field: str, op: str, text: str, labels: Labels) -> Any:
    """The value that the text means. Text that means none comes back as it is, for the check to refuse."""
    if op == MISSING:
        return text.strip().casefold() not in _NO
    if op in {"in", BETWEEN}:
        return [_value(field, part, labels) for part in text.split(",")]
    return _value(field, text, labels)


def _text(field: str, value: Any, labels: Labels) -> str:
    if field == "outcome":
        return labels.outcome(value)
    if field.startswith(FEATURE) and field.removeprefix(FEATURE) in labels.schema.by_name:
        feature = labels.schema.by_name[field.removeprefix(FEATURE)]
        named = feature.category(value)
        if isinstance(value, bool):
            return "yes" if value else "no"
        return named.label if named else labels.schema.field_text(feature.name, value, exact=True)
    return f"{value:.15g}" if isinstance(value, int | float) else str(value)


def _value(field: str, typed: str, labels: Labels) -> Any:
    text = typed.strip()
    if field == "outcome":
        named = {label.casefold(): value for value, label in labels.outcomes.items()}
        return named.get(text.casefold(), text)
    feature = labels.schema.by_name.get(field.removeprefix(FEATURE)) if field.startswith(FEATURE) else None
    if feature is None:
        return _number(text)
    by_label = {category.label.casefold(): category.value for category in feature.categories}
    if text.casefold() in by_label:
        return by_label[text.casefold()]
    if text.casefold() in (*_YES, *_NO) and feature.kind == "boolean":
        return text.casefold() in _YES
    return labels.schema.read_field(feature.name, text)


def _number(text: str) -> Any:
    """A confidence may be typed as a percentage."""
    bare = text.removesuffix("%").strip()
    if not bare.replace(".", "", 1).isdecimal() or not bare.isascii() or len(bare) > 15:
        return text
    number = float(bare) / (100 if bare != text else 1)
    return int(number) if number.is_integer() else number
