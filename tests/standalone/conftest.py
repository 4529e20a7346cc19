"""Stacks as a person starts them: a program in a terminal, seen from outside."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reviewapp.standalone.ports import free_port
from reviewapp.standalone.reaper import is_alive

HOME = Path(__file__).resolve().parent.parent.parent
_OURS = {
    "SECRET_KEY",
    "COUNTERSIGN_MASTER_KEYS",
    "COUNTERSIGN_AUDIT_KEY",
    "COUNTERSIGN_SEAL_KEY",
    "DATABASE_URL",
    "REDIS_URL",
    "MAKELEVEL",
}
STOP_SECONDS = 60
# Servers of someone else's, that nobody of the toys ever asks: a stack that starts none of its own is up within half a second.
ELSEWHERE = {"DATABASE_URL": "postgresql://elsewhere/countersign", "REDIS_URL": "redis://127.0.0.1:1/0"}


@dataclass
class Stack:
    """One start of the stack. `output` is what the person sees."""

    process: "subprocess.Popen[str]"
    folder: Path
    port: int
    lines: list[str]

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def wait_ready(self) -> "Stack":
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if "is ready at" in line:
                return self
        pytest.fail(f"never ready: {self.output}")

    def wait_end(self) -> int:
        assert self.process.stdout is not None
        self.lines.append(self.process.stdout.read())
        return self.process.wait(STOP_SECONDS)

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.wait_end()

    def get(self, path: str = "/readyz") -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as response:
            return response.read().decode()

    def left_running(self) -> list[str]:
        """Command lines of processes that know this data folder, once they have had time to end."""
        deadline = time.monotonic() + STOP_SECONDS
        while (found := processes_of(self.folder)) and time.monotonic() < deadline:
            time.sleep(0.05)
        return found


def processes_of(folder: Path) -> list[str]:
    """Command lines of the living processes that have `folder` in their environment, among their arguments, or around them."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command, environment = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
        except OSError:
            continue
        if (
            os.fsencode(folder) in command + environment
            and is_alive(int(entry.name))
            and int(entry.name) != os.getpid()
        ):
            found.append(command.replace(b"\0", b" ").decode(errors="replace"))
    return found


def eventually(condition: Callable[[], bool], *, seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if condition():
                return True
        except OSError:
            pass
        time.sleep(0.05)
    return False


@dataclass(frozen=True)
class Person:
    """Who starts a stack: the Python they can run, and what Popen needs to be them."""

    python: str = sys.executable
    account: pwd.struct_passwd | None = None

    @property
    def popen(self) -> dict[str, Any]:
        if self.account is None:
            return {}
        return {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}


def environment(**more: str) -> dict[str, str]:
    """Ours, less what the tests' own services put there."""
    path = os.pathsep.join([str(HOME), *(folder for folder in sys.path if folder.endswith("site-packages"))])
    return {name: value for name, value in os.environ.items() if name not in _OURS} | {"PYTHONPATH": path} | more


def ordinary_person() -> Person | None:
    """`nobody`, with the first Python that they may run; None where we are not root, or they can reach neither a Python nor this checkout."""
    if os.geteuid() != 0:
        return None
    for python in (sys.executable, "/usr/bin/python3"):
        person = Person(python, pwd.getpwnam("nobody"))
        trial = [python, "-c", "import psycopg_binary, tests.standalone.toy_stack"]
        with contextlib.suppress(OSError):
            if not subprocess.run(
                trial, cwd="/", env=environment(), capture_output=True, check=False, **person.popen
            ).returncode:
                return person
    return None


# PostgreSQL refuses root, so the ways of root and of anyone else differ.
PEOPLE = {"as we are": Person(), "as nobody": ordinary_person()}


@pytest.fixture(params=[name for name, person in PEOPLE.items() if person])
def person(request: pytest.FixtureRequest) -> Person:
    found = PEOPLE[request.param]
    assert found
    return found


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder that is not there yet, where everybody can reach it."""
    home = Path(tempfile.mkdtemp(prefix="countersign-test-", dir="/var/tmp"))
    home.chmod(0o755)
    yield home / "data"
    shutil.rmtree(home)


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., Stack]]:
    """Starts a stack with toy programs, or `command`; whatever is left of it when the test ends is stopped."""
    started: list[Stack] = []

    def start(
        *,
        command: Sequence[str] = (),
        data: Path = folder,
        port: int | None = None,
        person: Person = Person(),
        **variables: str,
    ) -> Stack:
        port = port or free_port()
        words = command or (person.python, "-m", "tests.standalone.toy_stack", "standalone")
        settings = environment(DATA_DIR=str(data), PORT=str(port), SOCKET_PORT=str(free_port()), **variables)
        process = subprocess.Popen(
            words, cwd=HOME, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **person.popen
        )
        started.append(Stack(process, data, port, []))
        return started[-1]

    yield start
    for stack in started:
        if stack.process.poll() is None:
            stack.process.terminate()
            stack.process.communicate(timeout=STOP_SECONDS)
