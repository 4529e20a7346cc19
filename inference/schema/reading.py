"""A feature from its JSON form and back."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from inference.errors import SchemaError
from inference.schema.features import (
    LISTED,
    LONGEST_NAME,
    NOT_RECORDED,
    NUMERIC,
    Category,
    Feature,
    Kind,
    MissingCode,
    Reference,
)

_FIELDS = frozenset(Feature.__dataclass_fields__)
_DEFAULTS: dict[str, Any] = {n: f.default for n, f in Feature.__dataclass_fields__.items()}


def read_feature(data: object, position: int) -> Feature:
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
    refuse_repeats(map(str, values), where + "“categories” lists “{}” twice.")


def refuse_repeats(values: Iterable[str], message: str) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise SchemaError(message.format(value))
        seen.add(value)


def feature_json(feature: Feature) -> dict[str, Any]:
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
