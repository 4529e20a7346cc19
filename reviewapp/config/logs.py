"""Logs: one JSON object a line, only with fields of an allow-list. Exceptions appear as class and place, never with their message or values."""

import logging
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

ALLOWED = frozenset(
    {
        "event",
        "level",
        "logger",
        "timestamp",
        "exception",
        "task",
        "queue",
        "count",
        "seconds",
        "status_code",
        "request_id",
        "code",
    }
)


def only_allowed(_: object, __: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    """Drop every field that is not known to be harmless."""
    return {name: value for name, value in event.items() if name in ALLOWED}


def _extra(_: object, __: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    record = event.get("_record")
    if record is not None:
        event.update({name: value for name, value in vars(record).items() if name in ALLOWED and name not in event})
        event["exception"] = _place(record)
        # A message with arguments may carry input (paths, header values): the template alone is logged for other people's loggers.
        event["event"] = record.getMessage() if record.name.startswith("reviewapp") else str(record.msg)
    return {name: value for name, value in event.items() if value is not None}


def _place(record: logging.LogRecord) -> str | None:
    if not record.exc_info or record.exc_info[0] is None:
        return None
    kind, _, trace = record.exc_info
    frames = [
        "/".join(frame.filename.split("/")[-2:]) + f":{frame.lineno}" for frame in traceback.extract_tb(trace)[-6:]
    ]
    return f"{kind.__name__} at {' < '.join(reversed(frames))}"


class Formatter(structlog.stdlib.ProcessorFormatter):
    """What every handler uses."""

    def __init__(self) -> None:
        stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
        super().__init__(
            foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name, stamp],
            processors=[_extra, only_allowed, structlog.processors.JSONRenderer(sort_keys=True)],
        )

    def format(self, record: logging.LogRecord) -> str:
        """Format a copy without its traceback text, which `_place` replaces."""
        copy = logging.makeLogRecord(vars(record))
        copy.exc_text = copy.stack_info = None
        return super().format(copy)
