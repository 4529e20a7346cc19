"""Opens what somebody sent as a document and says what it is. A program of its own, since a file may be made to burst whoever opens it: it is
run by `inspecting` with little memory and time, reads the bytes from its input, and writes one line of JSON and the bytes to keep.

The line is {"kind", "pages", "width", "height"} or {"fault"}. A PDF is kept as it was sent. A picture is drawn anew from its pixels: what else
was in the file, such as the place where it was taken or another file behind it, is not kept.
"""

import io
import json
import re
import resource
import sys
from collections.abc import Iterator
from typing import Any

MEMORY, SECONDS = 1_200 * 1_048_576, 20
MOST_PAGES, MOST_PIXELS, MOST_OBJECTS = 200, 40_000_000, 200_000
MAGIC = {b"%PDF-": "pdf", b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg"}
# Actions and parts that do something or carry something by themselves
ACTIVE_KEYS = {"/JavaScript", "/JS", "/EmbeddedFiles", "/EF", "/RichMediaContent", "/XFA"}
ACTIVE_ACTIONS = {
    "/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToE", "/GoToR", "/Movie", "/Sound", "/Rendition", "/RichMediaExecute",
}  # fmt: skip
# Also where no table of the file leads to it, so that no viewer finds it that repairs what it reads
ACTIVE_BYTES = re.compile(rb"/(JavaScript|Launch|EmbeddedFiles?|RichMedia\w*|SubmitForm|ImportData)\b")
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")


class Fault(Exception):
    """Why it is not kept, as a code."""


def look(data: bytes) -> tuple[dict[str, Any], bytes]:
    """:raises Fault: and whatever a library raises on a file that it cannot read."""
    kind = next((name for magic, name in MAGIC.items() if data.startswith(magic)), None)
    if kind is None:
        raise Fault("unknown_type")
    return _pdf(data) if kind == "pdf" else _picture(data, kind)


def _picture(data: bytes, kind: str) -> tuple[dict[str, Any], bytes]:
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # measured here, before a pixel is read
    with Image.open(io.BytesIO(data), formats=[kind.upper()]) as opened:
        if opened.width * opened.height > MOST_PIXELS:
            raise Fault("too_many_pixels")
        opened.load()  # fails on one that is cut off
        upright = ImageOps.exif_transpose(opened)
        if kind == "jpeg" or upright.mode not in {"1", "L", "LA", "P", "RGB", "RGBA"}:
            upright = upright.convert("L" if upright.mode == "L" else "RGB")
    upright.info = {name: value for name, value in upright.info.items() if name == "transparency"}
    kept = io.BytesIO()
    upright.save(kept, format=kind.upper(), **({"quality": 90} if kind == "jpeg" else {}))
    return {"kind": kind, "pages": None, "width": upright.width, "height": upright.height}, kept.getvalue()


def _pdf(data: bytes) -> tuple[dict[str, Any], bytes]:
    from pypdf import PdfReader

    if not data.rstrip(b"\0\r\n\t ").endswith(b"%%EOF"):
        raise Fault("unreadable")  # cut off, or another file follows
    if ACTIVE_BYTES.search(_ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), data)):
        raise Fault("active_content")
    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted:
        raise Fault("locked")
    _refuse_active(reader)
    pages = len(reader.pages)
    if not 0 < pages <= MOST_PAGES:
        raise Fault("too_many_pages" if pages else "unreadable")
    for page in reader.pages:
        _ = page.mediabox
    return {"kind": "pdf", "pages": pages, "width": None, "height": None}, data


def _refuse_active(reader: Any) -> None:
    """Every object that a table of the file names is looked at, whether a page leads there or not."""
    from pypdf.generic import IndirectObject

    numbers = {(number, generation) for generation, table in reader.xref.items() for number in table}
    numbers |= {(number, 0) for number in reader.xref_objStm}
    if len(numbers) > MOST_OBJECTS:
        raise Fault("unreadable")
    _refuse_in(reader.trailer)
    for number, generation in numbers:
        _refuse_in(reader.get_object(IndirectObject(number, generation, reader)))


def _refuse_in(thing: Any) -> None:
    """In this object and those inside of it; those that it refers to are looked at by their numbers."""
    for part in _parts(thing):
        if not ACTIVE_KEYS.isdisjoint(part):
            raise Fault("active_content")
        action, kind = part.get("/S"), part.get("/Type")
        if (
            action in ACTIVE_ACTIONS
            or kind == "/EmbeddedFile"
            or part.get("/Subtype") in {"/RichMedia", "/FileAttachment"}
        ):
            raise Fault("active_content")


def _parts(thing: Any) -> Iterator[Any]:
    waiting = [thing]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            yield (
                {str(name): value for name, value in found.raw_items()} if hasattr(found, "raw_items") else dict(found)
            )
            waiting += [value for value in found.values() if isinstance(value, (dict, list))]
        elif isinstance(found, list):
            waiting += [value for value in found if isinstance(value, (dict, list))]


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    data, kept = sys.stdin.buffer.read(), b""
    try:
        found, kept = look(data)
    except Fault as fault:
        found = {"fault": str(fault)}
    except Exception:  # noqa: BLE001 -- whatever is wrong with the file, it is not kept
        found = {"fault": "unreadable"}
    sys.stdout.buffer.write(json.dumps(found).encode() + b"\n" + kept)


if __name__ == "__main__":
    main()
