"""Starts, watches, restarts and stops processes; knows nothing of what they do."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NamedTuple, cast

from reviewapp.standalone import reaper
from reviewapp.standalone.errors import CannotStart

SERVERS, PROGRAMS = 1, 2  # stages: programs are stopped before the servers they talk to
_LOG_BYTES = 10_000_000
_RESTARTS, _RESTART_SECONDS = 5, 60
_POLL_SECONDS = 0.03


class Account(NamedTuple):
    """The system user a process runs as, where that is not our own."""

    uid: int
    gid: int


class Interrupted(Exception):
    """Someone asked the whole stack to stop while it was waiting for a process."""


@dataclass(frozen=True)
class Service:
    """How one process is started and stopped. `stdin` is written to it once: a place for secrets that `ps` does not show."""

    name: str
    command: Sequence[str]
    stage: int = PROGRAMS
    stop_signal: int = signal.SIGTERM
    stdin: bytes | None = None
    account: Account | None = None
    may_finish: bool = False  # ending with status 0 is its purpose, not a failure
    environment: Mapping[str, str] = field(default_factory=dict)  # beside what this process has


@dataclass
class _Running:
    service: Service
    process: "subprocess.Popen[bytes]"
    started: float
    restarts: list[float] = field(default_factory=list)


class Supervisor:
    """Every process gets a session of its own, so Ctrl-C reaches only this one; a reaper stops them all when this one is gone.

    Setting `interrupted` makes every wait raise `Interrupted`, and so does the end of our parent, where it is `parent` that waits for us.
    A signal handler may set it and do nothing more: an exception thrown anywhere could leave a process started but not yet registered.
    """

    def __init__(self, log_folder: Path, *, parent: int | None = None) -> None:
        self.interrupted = threading.Event()
        self._parent = parent
        self._log_folder = log_folder
        log_folder.mkdir(parents=True, exist_ok=True)
        self._running: dict[str, _Running] = {}
        self._reaper = _start_reaper()

    def log_of(self, name: str) -> Path:
        return self._log_folder / f"{name}.log"

    def start(self, service: Service) -> Path:
        """Start it, in place of an earlier one of its name, and answer where its output goes."""
        if service.name in self._running:
            self._kill(service.name)
        self._running[service.name] = _Running(service, self._spawn(service), time.monotonic())
        return self.log_of(service.name)

    def finish(self, name: str) -> int:
        """Wait for its end and answer its exit status."""
        process = self._running[name].process
        while process.poll() is None:
            self.pause()
        self._kill(name)
        del self._running[name]
        return process.returncode

    def wait_ready(self, name: str, probe: Callable[[], bool], *, seconds: float, every: float = _POLL_SECONDS) -> None:
        """Ask `probe` again and again; one that raises OSError is not ready yet.

        :raises CannotStart: if any process ends, or the answer is not yes in time.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for ended in self.ended():
                raise CannotStart(f"{ended} ended while starting. {self.log_of(ended)} says why.")
            with contextlib.suppress(OSError):
                if probe():
                    return
            self.pause(every)
        raise CannotStart(f"{name} was not ready after {seconds:.0f} seconds. {self.log_of(name)} may say why.")

    def ended(self) -> list[str]:
        """Names of the processes that have ended by themselves and are due to be started again: at once, then ever later."""
        for name, running in list(self._running.items()):
            if running.process.poll() == 0 and running.service.may_finish:
                self.finish(name)
        now = time.monotonic()
        return [
            name
            for name, running in self._running.items()
            if running.process.poll() is not None and _is_due(running, now)
        ]

    def age(self, name: str) -> float:
        """Seconds since the process was last started."""
        return time.monotonic() - self._running[name].started

    def restart(self, name: str) -> None:
        """Start it again, ending first whatever is left of it.

        :raises CannotStart: if it has been restarted too often in the last minute.
        """
        old = self._running[name]
        now = time.monotonic()
        restarts = [moment for moment in old.restarts if now - moment < _RESTART_SECONDS]
        if len(restarts) >= _RESTARTS:
            raise CannotStart(
                f"{name} ended {len(restarts) + 1} times within a minute. {self.log_of(name)} says why; start again once it is mended."
            )
        self._kill(name)
        self._running[name] = _Running(old.service, self._spawn(old.service), now, [*restarts, now])

    def stop(self) -> None:
        """Stop everything, the highest stage first. It is the reaper that stops it, as after kill -9: one way to trust."""
        self.keep_reaper()
        self._pipe.close()
        while self._reaper.poll() is None:
            # Collects those that have ended, for systems where the reaper cannot tell a zombie from a living process.
            for running in self._running.values():
                running.process.poll()
            time.sleep(_POLL_SECONDS)
        self._running.clear()

    def keep_reaper(self) -> None:
        """Replace the reaper, should someone have killed it."""
        if self._reaper.poll() is None:
            return
        self._reaper = _start_reaper()
        for running in self._running.values():
            self._tell(f"+ {running.process.pid} {int(running.service.stop_signal)} {running.service.stage}")

    def pause(self, seconds: float = _POLL_SECONDS) -> None:
        """:raises Interrupted: as soon as someone asks everything to stop."""
        if self.interrupted.wait(seconds) or self._parent not in {None, os.getppid()}:
            raise Interrupted

    @property
    def _pipe(self) -> IO[str]:
        return cast("IO[str]", self._reaper.stdin)

    def _spawn(self, service: Service) -> "subprocess.Popen[bytes]":
        path = self.log_of(service.name)
        _rotate(path)
        account = service.account
        with path.open("ab") as log:
            process = subprocess.Popen(
                list(service.command),
                stdin=subprocess.DEVNULL if service.stdin is None else subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, **service.environment},
                cwd="/" if account else None,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )
        self._tell(f"+ {process.pid} {int(service.stop_signal)} {service.stage}")
        if process.stdin is not None:
            process.stdin.write(service.stdin or b"")
            process.stdin.close()
        return process

    def _kill(self, name: str) -> None:
        process = self._running[name].process
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self._tell(f"- {process.pid}")

    def _tell(self, line: str) -> None:
        try:
            self._pipe.write(line + "\n")
            self._pipe.flush()
        except BrokenPipeError:
            self.keep_reaper()
            self._tell(line)


def _start_reaper() -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-I", "-S", reaper.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def _is_due(running: _Running, now: float) -> bool:
    recent = sum(now - moment < _RESTART_SECONDS for moment in running.restarts)
    return not running.restarts or now - running.restarts[-1] > 0.1 * 2**recent


def _rotate(path: Path) -> None:
    if path.exists() and path.stat().st_size > _LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
