"""DATA_DIR/access.json: who may sign in with what, for whoever started the demo. Readable by its owner alone."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reviewapp.demo.errors import NotSeeded

NAME = "access.json"


def read(folder: Path) -> dict[str, Any]:
    """What was written last; empty when there is nothing that can be read."""
    try:
        found = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def key(folder: Path, name: str) -> tuple[str, str]:
    """(base URL, API key). :raises NotSeeded: if the file does not hold them."""
    found = read(folder)
    try:
        return str(found["base_url"]), str(found["api_keys"][name])
    except (KeyError, TypeError) as error:
        raise NotSeeded(
            f"{folder / NAME} does not hold the key “{name}”. Run seed_demo with this data folder first."
        ) from error


def write(folder: Path, content: Mapping[str, Any]) -> None:
    """Replace the file in one step, mode 0600."""
    fresh = folder / f"{NAME}.new"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
        file.flush()
        os.fsync(descriptor)
    fresh.replace(folder / NAME)
