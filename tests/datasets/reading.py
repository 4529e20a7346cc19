"""A downloaded data set as pandas reads it, in one shape whatever the format: for comparing the three."""

import io
import json
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from reviewapp.datasets.rules import raw_cell


def frame(body: bytes, form: str) -> pd.DataFrame:
    """One row per label; text is text, numbers are floats, times are UTC, lists are tuples, nothing is None."""
    read = {"csv": _csv, "jsonl": _jsonl, "parquet": _parquet}[form](body)
    columns = {name: pd.Series([_plain(value) for value in read[name]], dtype=object) for name in sorted(read.columns)}
    return pd.DataFrame(columns)


def manifest_of(body: bytes) -> dict[str, Any]:
    """The manifest that a Parquet file carries."""
    return json.loads(pq.read_metadata(io.BytesIO(body)).metadata[b"countersign"])


def _csv(body: bytes) -> pd.DataFrame:
    # pandas takes words such as NA for nothing; only an empty cell is nothing here. The level "5" is a text, not a number
    texts = dict.fromkeys(("decision_id", "model_version", "outcome", "predicted_outcome"), str)
    read = pd.read_csv(io.BytesIO(body), keep_default_na=False, na_values=[""], dtype=texts)
    for name in read.select_dtypes(include=["object", "string"]):
        read[name] = read[name].map(lambda cell: raw_cell(cell) if isinstance(cell, str) else cell)
    read["reason_codes"] = [tuple(cell.split("|")) if isinstance(cell, str) else () for cell in read["reason_codes"]]
    read["direction"] = read["direction"].fillna("")
    read["decided_at"] = pd.to_datetime(read["decided_at"], format="ISO8601", utc=True)
    return read


def _jsonl(body: bytes) -> pd.DataFrame:
    read = pd.DataFrame([json.loads(line) for line in body.splitlines()])
    read["decided_at"] = pd.to_datetime(read["decided_at"], format="ISO8601", utc=True)
    return read


def _parquet(body: bytes) -> pd.DataFrame:
    return pd.read_parquet(io.BytesIO(body))


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple) or (hasattr(value, "tolist") and getattr(value, "ndim", 0)):
        return tuple(value)
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if value is None or pd.isna(value):
        return None
    if isinstance(value, str):
        return value
    return bool(value) if isinstance(value, bool) or type(value).__name__ == "bool" else float(value)
