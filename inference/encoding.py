"""From records to the numbers a model sees, described as data so that it travels in the manifest.

One encoder per model input, each giving one or more columns:

    {"feature": "obrat", "kind": "number", "missing_codes": [-9], "fill": 33.0, "indicator": true}
    {"feature": "job", "kind": "codes", "values": ["employee", "self"]}      position in the list
    {"feature": "job", "kind": "one_hot", "values": ["employee", "self"]}    one column per value

Not recorded is NaN, or `fill` where the model cannot take NaN; `indicator` adds a column that is 1 where it was filled.
With precision "float32" every number is rounded to single precision: SHAP's interventional explainer compares with
thresholds in single precision, so a double that lies exactly on a threshold would go down the other branch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from inference.errors import ManifestInvalid, PredictionFailed
from inference.schema import LISTED, Feature, FeatureSchema, Scalar

FloatArray: TypeAlias = NDArray[np.float64]
Column: TypeAlias = Callable[[str], Sequence[Any]]

NUMBER, CODES, ONE_HOT = "number", "codes", "one_hot"


@dataclass(frozen=True, slots=True)
class Encoder:
    feature: str
    kind: str
    values: tuple[Scalar, ...] = ()
    missing_codes: tuple[float, ...] = ()
    fill: float | None = None
    indicator: bool = False

    @property
    def width(self) -> int:
        return len(self.values) if self.kind == ONE_HOT else 1 + self.indicator

    def encode(self, raw: Sequence[Any]) -> FloatArray:
        """(n, width) of the n raw values."""
        if self.kind == ONE_HOT:
            return np.asarray([[value == known for known in self.values] for value in raw], dtype=np.float64)
        column = self._codes(raw) if self.kind == CODES else self._numbers(raw)
        missing = np.isnan(column)
        if self.fill is not None:
            column = np.where(missing, self.fill, column)
        return np.column_stack([column, missing]) if self.indicator else column[:, None]

    def _codes(self, raw: Sequence[Any]) -> FloatArray:
        positions = {value: float(position) for position, value in enumerate(self.values)}
        return np.asarray([positions.get(value, np.nan) for value in raw], dtype=np.float64)

    def _numbers(self, raw: Sequence[Any]) -> FloatArray:
        column = np.asarray(raw, dtype=np.float64)
        if column.ndim != 1:
            raise ValueError("a value is a list")
        return np.where(np.isin(column, self.missing_codes), np.nan, column) if self.missing_codes else column

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {"feature": self.feature, "kind": self.kind}
        if self.kind != NUMBER:
            data["values"] = list(self.values)
        if self.missing_codes:
            data["missing_codes"] = list(self.missing_codes)
        return data | ({"fill": self.fill, "indicator": self.indicator} if self.fill is not None else {})


@dataclass(frozen=True)
class Encoding:
    """All encoders, in the order of the model's columns."""

    encoders: tuple[Encoder, ...]
    precision: str = "float64"
    features: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "features", tuple(encoder.feature for encoder in self.encoders))

    @classmethod
    def of_schema(cls, schema: FeatureSchema, *, one_hot: bool = False, precision: str = "float64") -> Encoding:
        """The plain encoding: numbers as they are, listed values by position or one column each, missing as NaN."""
        inputs = (schema.by_name[name] for name in schema.model_inputs)
        return cls(tuple(_plain_encoder(feature, one_hot=one_hot) for feature in inputs), precision)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Encoding:
        """:raises ManifestInvalid: an encoder is of no known kind."""
        try:
            encoders = tuple(_encoder(item) for item in data["encoders"])
            precision = {"float32": "float32", "float64": "float64"}[data["precision"]]
        except (KeyError, TypeError, ValueError) as error:
            raise ManifestInvalid(f"The manifest's encoding cannot be read: {error}") from error
        return cls(encoders, precision)

    def to_json(self) -> dict[str, Any]:
        return {"precision": self.precision, "encoders": [encoder.to_json() for encoder in self.encoders]}

    @cached_property
    def owner(self) -> NDArray[np.intp]:
        """For each column the position of the feature it comes from."""
        return np.repeat(np.arange(len(self.encoders)), [encoder.width for encoder in self.encoders])

    @property
    def width(self) -> int:
        return len(self.owner)

    def matrix(self, records: Sequence[Mapping[str, object]]) -> FloatArray:
        """(n, width) of n records; a name that is absent is not recorded.

        :raises PredictionFailed: a value is of a kind the encoder does not know (validate first).
        """
        return self._stack(lambda name: [record.get(name) for record in records], len(records))

    def matrix_of_columns(self, columns: Mapping[str, Sequence[Any]]) -> FloatArray:
        """The same of a table held by column, None where not recorded."""
        return self._stack(lambda name: columns[name], len(next(iter(columns.values()))))

    def per_feature(self, values: FloatArray) -> FloatArray:
        """Sum (n, width, outputs) over the columns of each feature, giving (n, features, outputs)."""
        if self.width == len(self.encoders):
            return values
        starts = np.searchsorted(self.owner, np.arange(len(self.encoders)))
        return np.add.reduceat(values, starts, axis=1)

    def _stack(self, column: Column, rows: int) -> FloatArray:
        matrix = np.empty((rows, self.width))
        start = 0
        for encoder in self.encoders:
            try:
                matrix[:, start : start + encoder.width] = encoder.encode(column(encoder.feature))
            except (TypeError, ValueError) as error:
                raise PredictionFailed(f"“{encoder.feature}” has a value its encoder does not know.") from error
            start += encoder.width
        return matrix.astype(np.float32).astype(np.float64) if self.precision == "float32" else matrix


def _plain_encoder(feature: Feature, *, one_hot: bool) -> Encoder:
    codes = tuple(float(code.value) for code in feature.missing_codes)
    if feature.kind not in LISTED:
        return Encoder(feature.name, NUMBER, missing_codes=codes)
    values = tuple(category.value for category in feature.categories)
    unordered = one_hot and feature.kind == "category"
    return Encoder(feature.name, ONE_HOT if unordered else CODES, values)


def _encoder(item: Mapping[str, Any]) -> Encoder:
    kind = item["kind"]
    if kind not in (NUMBER, CODES, ONE_HOT):
        raise ValueError(f"unknown kind {kind!r}")
    fill = item.get("fill")
    return Encoder(
        feature=str(item["feature"]),
        kind=kind,
        values=tuple(item.get("values", ())),
        missing_codes=tuple(float(code) for code in item.get("missing_codes", ())),
        fill=None if fill is None else float(fill),
        indicator=bool(item.get("indicator", False)),
    )
