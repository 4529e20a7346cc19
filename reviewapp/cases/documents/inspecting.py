"""Whether bytes are a document that may be kept, found by opening them in a program of its own; and names that are safe to show and to send."""

import json
import subprocess
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from reviewapp.lib.errors import Invalid, Problem, TooMany

MOST_BYTES = 10 * 1_048_576
NAME_LENGTH = 100
TYPES = {"pdf": "application/pdf", "png": "image/png", "jpeg": "image/jpeg"}
_ENDINGS = {"pdf": (".pdf",), "png": (".png",), "jpeg": (".jpg", ".jpeg")}
_PROGRAM = Path(__file__).with_name("opening.py")
_PATIENCE = 30  # seconds
_AT_ONCE = BoundedSemaphore(2)  # files that one web process has opened: each may take the memory that `opening` allows
_SENTENCES = {
    "empty": "The file is empty. Choose another one.",
    "too_large": "A document has at most 10 MB. Send a smaller one.",
    "unknown_type": "Send a PDF, a PNG or a JPEG. This is something else, whatever its name says.",
    "unreadable": "The file cannot be opened: it is damaged, cut off, or made of more than one file. Send it again, or another one.",
    "too_many_pixels": "A picture has at most 40 megapixels. Send a smaller one.",
    "too_many_pages": "A PDF has at most 200 pages. Send the part that matters.",
    "locked": "The PDF is locked with a password. Send it without one.",
    "active_content": "The PDF holds scripts, actions or other files inside it. Print it to a new PDF and send that.",
}


@dataclass(frozen=True, slots=True)
class Found:
    """A document that may be kept: `data` as it is to be stored, with its size on paper or screen."""

    kind: str
    data: bytes
    pages: int | None
    width: int | None
    height: int | None


def inspect(data: bytes) -> Found:
    """Open `data`; takes up to seconds, so call it in no transaction.

    :raises Invalid: with a sentence for whoever sent it. :raises TooMany: while others are being opened.
    """
    if not data:
        raise refusal("empty")
    if len(data) > MOST_BYTES:
        raise refusal("too_large")
    said, kept = _opened(data)
    if "fault" in said:
        raise refusal(said["fault"])
    if len(kept) > 2 * MOST_BYTES:  # a picture may grow as it is drawn anew
        raise refusal("too_large")
    return Found(said["kind"], kept, said["pages"], said["width"], said["height"])


def _opened(data: bytes) -> tuple[dict[str, Any], bytes]:
    if not _AT_ONCE.acquire(timeout=_PATIENCE):
        raise TooMany("Other documents are being looked at. Send it again in a moment.", retry_after=10, code="busy")
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(_PROGRAM)], input=data, capture_output=True, timeout=_PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return {"fault": "unreadable"}, b""
    finally:
        _AT_ONCE.release()
    line, _, kept = done.stdout.partition(b"\n")
    if done.returncode or not line:  # its memory or time ran out
        return {"fault": "unreadable"}, b""
    return json.loads(line), kept


def refusal(code: str) -> Invalid:
    return Invalid(_SENTENCES[code], errors=[Problem("/file", code, _SENTENCES[code])])


def safe_name(name: str, kind: str) -> str:
    """The last part of `name` without anything that steers a terminal, a path or the direction of writing, with the ending of what it is."""
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(
        sign for sign in unicodedata.normalize("NFC", last) if not unicodedata.category(sign).startswith("C")
    )
    shown = " ".join(shown.split()).strip(". ")
    ending = next((one for one in _ENDINGS[kind] if shown.lower().endswith(one)), "")
    stem = (shown[: -len(ending)] if ending else shown).strip(". ")[: NAME_LENGTH - 5] or "document"
    return stem + (ending or _ENDINGS[kind][0])
