"""A frozen data set as a stream of bytes: JSONL, CSV, Parquet. Memory stays flat: one batch of rows at a time, whatever the size."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import orjson

from reviewapp.datasets.columns import Column, Type
from reviewapp.datasets.manifest import manifest
from reviewapp.datasets.models import DatasetSnapshot
from reviewapp.datasets.queries import batches, columns_of, schemas_of
from reviewapp.datasets.rules import file_name, safe_cell
from reviewapp.lib.canonical import canonical_json
from reviewapp.lib.errors import CountersignError

if TYPE_CHECKING:
    import pyarrow  # type: ignore[import-untyped]


class Form(StrEnum):
    PARQUET = "parquet"
    CSV = "csv"
    JSONL = "jsonl"


class NotInstalled(CountersignError):
    """Parquet is not installed here: install Countersign with its “export” extra, or take CSV or JSONL."""

    code = "format-not-installed"
    status = 501


@dataclass(frozen=True, slots=True)
class Export:
    """A file on its way. `size` in bytes where it is known beforehand."""

    file_name: str
    content_type: str
    chunks: Iterator[bytes]
    size: int | None = None


def stream(snapshot: DatasetSnapshot, form: Form) -> Export:
    """The whole data set in one form; `use_case` and `requested_by` are loaded.

    :raises NotInstalled: for Parquet without pyarrow.
    """
    name = file_name(snapshot.name, digest=snapshot.digest, extension=form.value)
    if form is Form.JSONL:
        return Export(name, "application/x-ndjson", _jsonl(snapshot), size=snapshot.summary.get("jsonl_bytes", 0))
    if form is Form.CSV:
        return Export(name, "text/csv; charset=utf-8", _csv(snapshot))
    _require_pyarrow()
    return Export(name, "application/vnd.apache.parquet", _parquet(snapshot))


def _jsonl(snapshot: DatasetSnapshot) -> Iterator[bytes]:
    """The very bytes that the digest covers, a line each."""
    for rows in batches(snapshot):
        yield b"".join([canonical_json(row) + b"\n" for row in rows])


def _csv(snapshot: DatasetSnapshot) -> Iterator[bytes]:
    """RFC 4180 with a header; text that a spreadsheet could run is marked with an apostrophe, numbers stay numbers, nothing is empty."""
    names = [column.name for column in columns_of(schemas_of(snapshot))]
    yield _csv_lines([[safe_cell(name) for name in names]])
    for rows in batches(snapshot):
        yield _csv_lines(
            [[_cell(value) if type(value) not in _NUMBERS else value for value in map(row.get, names)] for row in rows]
        )


def _csv_lines(rows: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


_NUMBERS = frozenset({int, float, type(None)})  # the writer writes these as they are; most cells are


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return safe_cell("|".join(value) if isinstance(value, list) else value)


_GROUP = 10_000  # rows per row group: large enough to compress well, small enough to hold


def _require_pyarrow() -> None:
    try:
        import pyarrow.json
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise NotInstalled from None


class _Sink(io.RawIOBase):
    """Where the Parquet writer writes: keeps what is not taken yet."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._kept.append(bytes(data))
        return len(self._kept[-1])

    def take(self) -> bytes:
        taken, self._kept = b"".join(self._kept), []
        return taken


def _parquet(snapshot: DatasetSnapshot) -> Iterator[bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table_columns = columns_of(schemas_of(snapshot))
    described = {b"countersign": orjson.dumps(manifest(snapshot), option=orjson.OPT_UTC_Z)}
    schema = pa.schema([(column.name, _arrow_type(column)) for column in table_columns], metadata=described)
    mixed = [column.name for column in table_columns if column.feature and column.type is Type.TEXT]
    sink, waiting = _Sink(), []
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for rows in batches(snapshot):
            waiting.append(_table(rows, mixed, schema))
            if sum(part.num_rows for part in waiting) >= _GROUP:
                writer.write_table(pa.concat_tables(waiting), row_group_size=_GROUP)
                waiting = []
                yield sink.take()
        if waiting:
            writer.write_table(pa.concat_tables(waiting), row_group_size=_GROUP)
    yield sink.take()


def _arrow_type(column: Column) -> "pyarrow.DataType":
    import pyarrow as pa

    return {
        Type.TEXT: pa.string(),
        Type.INTEGER: pa.int64(),
        Type.NUMBER: pa.float64(),
        Type.BOOLEAN: pa.bool_(),
        Type.TIME: pa.timestamp("us", tz="UTC"),
        Type.TEXTS: pa.list_(pa.string()),
    }[column.type]


def _table(rows: Sequence[dict[str, Any]], mixed: Sequence[str], schema: "pyarrow.Schema") -> "pyarrow.Table":
    """A batch as typed columns. By way of JSON, which pyarrow reads natively: building arrays from Python lists would load pandas.

    :param mixed: text columns whose values, of several schemas, may be of other kinds.
    """
    import pyarrow.json

    for name in mixed:
        for row in rows:
            if not isinstance(row.get(name), str | None):
                row[name] = orjson.dumps(row[name]).decode()
    lines = b"\n".join(map(orjson.dumps, rows))
    parse = pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    return pyarrow.json.read_json(
        io.BytesIO(lines),
        parse_options=parse,
        read_options=pyarrow.json.ReadOptions(use_threads=False, block_size=len(lines) + 1),
    )
