"""The data folder: everything that a standalone Countersign keeps. One stack at a time may use it."""

import base64
import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from reviewapp.standalone import postgres
from reviewapp.standalone.datafiles import LOCK, write_private
from reviewapp.standalone.errors import CannotStart, from_os_error, full_disk

_FOUND_BEFORE_US = {
    "artifacts",
    "demo-data",
    "demo-data.lock",
    "static",
    "access.json",
}  # what a plain manage.py command may have made in a new folder
_FIRST_START_BYTES = 300_000_000
_LATER_START_BYTES = 50_000_000


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


_SECRETS: Mapping[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(50),
    "COUNTERSIGN_MASTER_KEYS": lambda: f"1:{_key()}",
    "COUNTERSIGN_SEAL_KEY": _key,
    "COUNTERSIGN_AUDIT_KEY": _key,
}


class DataFolder:
    """Held from `open` until the process ends; a second holder is refused."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.is_new = False
        self._lock: int | None = None

    @property
    def logs(self) -> Path:
        return self.path / "log"

    def open(self, *, reset: bool = False) -> None:
        """Make the folder if need be, lock it, and empty it first on `reset`.

        :raises CannotStart: if it is in use, is not ours, cannot be written, or its disk is full.
        """
        try:
            self._make()
            self._hold()
            if reset:
                self._empty()
            self._require_space()
        except OSError as error:
            raise from_os_error(error, self.path) from error

    def secrets(self) -> dict[str, str]:
        """The generated keys by the name of their environment variable, made once and kept in secrets.json (mode 0600).

        :raises CannotStart: if the file cannot be read. Making new keys then would lock everyone out of what the old ones encrypt.
        """
        path = self.path / "secrets.json"
        self.is_new = not path.exists()
        kept = {} if self.is_new else self._read(path)
        missing = {name: make() for name, make in _SECRETS.items() if name not in kept}
        if missing:
            kept |= missing
            write_private(path, json.dumps(kept, indent=2))
        return kept

    def _read(self, path: Path) -> dict[str, str]:
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            kept = None
        if not isinstance(kept, dict) or not all(isinstance(value, str) for value in kept.values()):
            raise CannotStart(
                f"{path} is damaged. Restore it from a backup: the data in {self.path} cannot be decrypted without it."
            )
        return kept

    def _make(self) -> None:
        # As root PostgreSQL runs as another user, which must be able to pass through to its own folder.
        self.path.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        if not (self.path / LOCK).exists() and {entry.name for entry in self.path.iterdir()} - _FOUND_BEFORE_US:
            raise CannotStart(
                f"{self.path} holds files that are not Countersign's. Choose an empty folder with DATA_DIR."
            )

    def _hold(self) -> None:
        self._lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._lock, 20).decode().strip() or "another one"
            raise CannotStart(
                f"Countersign is already running with {self.path} (process {holder}). Stop that one, or choose another folder with DATA_DIR."
            ) from None
        os.truncate(self._lock, 0)
        os.write(self._lock, f"{os.getpid()}\n".encode())

    def _empty(self) -> None:
        postgres.delete(self.path)
        for entry in self.path.iterdir():
            if entry.name == LOCK:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def _require_space(self) -> None:
        needed = _LATER_START_BYTES if (self.path / "secrets.json").exists() else _FIRST_START_BYTES
        if shutil.disk_usage(self.path).free < needed:
            raise full_disk(self.path)
