"""Who may export what, which split a label is in, the digest of a data set, filters, cells safe for spreadsheets. Plain Python."""

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from reviewapp.access.rules import Role

# People who train models, people who answer for a queue, and machines, whose right is an explicit grant and a key's scope.
EXPORTERS = frozenset({Role.ML, Role.LEAD, Role.SERVICE})
MOST_ROWS_FOR_OTHERS = 10_000


class State(StrEnum):
    PENDING = "pending"
    FROZEN = "frozen"
    FAILED = "failed"


class Split(StrEnum):
    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


def may_freeze(roles: frozenset[str]) -> bool:
    return not EXPORTERS.isdisjoint(roles)


def may_download(roles: frozenset[str], *, rows: int) -> bool:
    """Whether somebody who may read the labels may also carry `rows` of them away."""
    return rows <= MOST_ROWS_FOR_OTHERS or may_freeze(roles)


_SPLIT = b"countersign split 1\0"
_TRAIN, _VALIDATION = 8 * 2**64 // 10, 9 * 2**64 // 10


def split_of(key: bytes) -> Split:
    """80 in 100 keys are train, 10 validation, 10 test, by their SHA-256 alone: the same key is in the same split of every data set.

    :param key: what must not be on two sides of the fence: the subject's id, or the input snapshot's digest where no subject is known.
    """
    place = int.from_bytes(hashlib.sha256(_SPLIT + key).digest()[:8], "big")
    if place < _TRAIN:
        return Split.TRAIN
    return Split.VALIDATION if place < _VALIDATION else Split.TEST


EMPTY = hashlib.sha256(b"countersign dataset 1").digest()
DIGEST_METHOD = (
    "d = SHA-256 of the text 'countersign dataset 1'; for each line of the JSONL file, without its line feed: d = SHA-256(d + line). "
    "Lines are RFC 8785 canonical JSON in order of position."
)


def chain(previous: bytes, row: bytes) -> bytes:
    """The digest after one more row. It continues from any row, so that freezing can stop and go on."""
    return hashlib.sha256(previous + row).digest()


_FORMULA = frozenset("=+-@\t\r\n\0＝＋－＠﹦﹢﹣﹫")
_SKIPPED = " \"'\u00a0\u200b\ufeff"


def safe_cell(text: str) -> str:
    """`text` so that no spreadsheet takes it for a formula: a leading apostrophe where one could.

    What stands in front of the sign and may be dropped by a reader (quotes, blanks) does not hide it. An apostrophe counts among them,
    which makes this reversible: `raw_cell(safe_cell(text)) == text`.
    """
    if text[:1].isalnum():  # nearly every cell
        return text
    return f"'{text}" if _is_formula(text) else text


def raw_cell(cell: str) -> str:
    """What `safe_cell` was given."""
    return cell[1:] if cell.startswith("'") and _is_formula(cell[1:]) else cell


def _is_formula(text: str) -> bool:
    return text.lstrip(_SKIPPED)[:1] in _FORMULA


_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\"*/:<>?\\|]+")


def file_name(name: str, *, digest: str, extension: str) -> str:
    """A name every file system takes, that says which data set exactly."""
    return f"{_UNFIT.sub('-', name).strip(' .-') or 'labels'}-{digest[:12]}.{extension}"


def content_disposition(name: str) -> str:
    """RFC 6266: a plain name for old readers, the exact one for the others."""
    plain = re.sub(r"[^\w.() -]", "_", name, flags=re.ASCII)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a request; `field` is its name."""

    field: str
    code: str
    detail: str


AGREES, OVERRIDES = "agrees", "overrides"
DIRECTIONS = ("high-side", "low-side", "sideways", "up-triage", "down-triage")


@dataclass(frozen=True, slots=True)
class Filters:
    """Which labels; an empty value does not narrow. Dates are whole days in UTC, both ends included.

    `model_version` is written `name/version`, `reviewer` is a pseudonym.
    """

    outcome: str = ""
    agreement: str = ""
    direction: str = ""
    model_version: str = ""
    reviewer: str = ""
    selection_reason: str = ""
    decided_from: str = ""
    decided_to: str = ""

    def as_json(self) -> dict[str, str]:
        """What was set."""
        return {name: value for name in FILTERS if (value := getattr(self, name))}

    def lookups(self) -> dict[str, Any]:
        """The same as conditions on the columns of a label."""
        name, _, version = self.model_version.partition("/")
        found = {
            "outcome": self.outcome,
            "direction": self.direction,
            "model_name": name,
            "model_version_name": version,
            "reviewer": self.reviewer,
            "selection_reason": self.selection_reason,
            "decided_at__gte": _midnight(self.decided_from) if self.decided_from else "",
            "decided_at__lt": _midnight(self.decided_to) + timedelta(days=1) if self.decided_to else "",
        }
        lookups = {lookup: value for lookup, value in found.items() if value}
        return lookups | ({"agrees": self.agreement == AGREES} if self.agreement else {})


FILTERS = tuple(field.name for field in fields(Filters))


def read_filters(values: Mapping[str, Any], *, outcomes: Collection[str]) -> tuple[Filters, list[Fault]]:
    """Filters as sent, and what is wrong with them."""
    faults = [
        Fault(name, "unknown_field", "There is no filter of this name.")
        for name in sorted(set(values) - set(FILTERS))[:20]
    ]
    known = {name: values[name] for name in FILTERS if name in values}
    faults += [fault for name, value in known.items() if (fault := _filter_fault(name, value, outcomes))]
    return (Filters() if faults else Filters(**known)), faults


def _filter_fault(name: str, value: Any, outcomes: Collection[str]) -> Fault | None:
    if not isinstance(value, str):
        return Fault(name, "wrong_type", "Must be text.")
    if not value:
        return None
    if len(value) > 120 or not value.isprintable():
        return Fault(name, "bad_value", "Must be at most 120 printable characters.")
    allowed = {"outcome": outcomes, "agreement": (AGREES, OVERRIDES), "direction": DIRECTIONS}.get(name)
    if allowed is not None and value not in allowed:
        return Fault(name, "unknown_value", "Must be one of the listed values.")
    if name in {"decided_from", "decided_to"} and not _is_day(value):
        return Fault(name, "bad_date", "Must be a day such as 2026-02-28.")
    return None


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text and 1900 <= int(text[:4]) <= 9998
    except ValueError:
        return False


def _midnight(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(), UTC)


NAME_LENGTH = 80


def name_fault(name: Any) -> Fault | None:
    """What is wrong with the name of a data set."""
    if not isinstance(name, str):
        return Fault("name", "wrong_type", "Must be text.")
    if not name.strip():
        return Fault("name", "required", "Give the data set a name.")
    if len(name) > NAME_LENGTH or not name.isprintable():
        return Fault("name", "bad_value", f"Must be at most {NAME_LENGTH} printable characters.")
    return None
