"""Values as people read them."""

from __future__ import annotations

from inference.schema.features import NUMERIC, Category, Feature, Kind, Reference

PREFIX_UNITS = frozenset({"$", "£", "€", "¥", "US$"})
SINGULAR = {"years": "year", "months": "month", "weeks": "week", "days": "day", "hours": "hour", "points": "point"}


def format_present(feature: Feature, value: object) -> str:
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


def compare(feature: Feature, reference: Reference, value: object) -> str | None:
    if reference.expected is not None:
        return None if value == reference.expected else f"expected: {format_present(feature, reference.expected)}"
    if reference.low is None and reference.high is None:
        return None
    where = side(reference, value)
    if not reference.is_guideline:
        return ("low", "in range", "high")[where + 1]
    if where == 0:
        return "within guideline"
    bound = reference.high if where > 0 else reference.low
    return f"{'above' if where > 0 else 'below'} {bound_words(feature, bound)} guideline"


def side(reference: Reference, value: object) -> int:
    """-1 below the range, 1 above it, 0 inside or not comparable."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    if reference.low is not None and value < reference.low:
        return -1
    return 1 if reference.high is not None and value > reference.high else 0


def bound_words(feature: Feature, bound: float | None) -> str:
    """A bound is round by nature: "36 %", not "36.0 %"."""
    shown = (bound or 0) * feature.scale
    return _attach_unit(feature, _digits(abs(shown), None), negative=shown < 0)
