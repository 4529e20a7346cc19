"""Names and ways of the data folder that more than one module needs; light enough for every command of manage.py."""

import os
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent.parent
LOCK = "countersign.lock"  # also the mark of a folder that is ours


def data_dir() -> Path:
    return Path(os.environ.get("DATA_DIR") or HOME / ".countersign").absolute()


def write_private(path: Path, text: str) -> None:
    """Replace `path` in one step by a file that only its owner can read."""
    fresh = path.with_name(path.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    fresh.replace(path)
