"""Lets a command of manage.py run beside the stack, `manage.py create_admin alice` for one: it takes over the environment that the stack made.

While a stack runs, that environment stands in its data folder, readable by its owner alone. It is left behind by kill -9, so it counts only
as long as somebody holds the folder's lock.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from reviewapp.standalone.datafiles import LOCK, data_dir, write_private

_FILE = "environment.json"


@contextmanager
def published(folder: Path, names: Iterable[str]) -> Iterator[None]:
    """Keep the variables `names` of our environment in the data folder for as long as the block runs."""
    path = folder / _FILE
    write_private(path, json.dumps({name: os.environ[name] for name in names if name in os.environ}, indent=2))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def join_running() -> None:
    """Take over the environment of the stack that runs with our DATA_DIR, unless ours already names keys and servers of its own."""
    if os.environ.get("SECRET_KEY") or os.environ.get("DATABASE_URL"):
        return
    folder = data_dir()
    try:
        made = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    if _is_held(folder):
        os.environ |= made


def _is_held(folder: Path) -> bool:
    lock = os.open(folder / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False
