"""Stops the stack's processes once its supervisor is gone, however it went: by itself, by Ctrl-C, or by kill -9.

Runs as a program of its own, `python -I -S reaper.py`, in a session of its own, and imports nothing but the standard library. Standard input
is a pipe whose other end only the supervisor holds; end of file means that it is gone. Until then each line is one of

    + PID SIGNAL STAGE    this process leads a process group; stop it with SIGNAL, together with the others of its STAGE
    - PID                 this process has ended

Stages are stopped from the highest to the lowest, so that web and workers end before the servers they talk to.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

GRACE_SECONDS = 10


class Child(NamedTuple):
    pid: int
    signal: int
    stage: int


def read_children(lines: Iterable[str]) -> list[Child]:
    """What is still registered when `lines` end."""
    children: dict[int, Child] = {}
    for line in lines:
        mark, *numbers = line.split()
        child = Child(*map(int, numbers)) if mark == "+" else None
        if child:
            children[child.pid] = child
        else:
            children.pop(int(numbers[0]), None)
    return list(children.values())


def is_alive(pid: int) -> bool:
    """Whether the process still runs. A zombie does not: in a container nobody may ever collect it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return not Path("/proc/self").exists()
    return stat.rpartition(")")[2].split()[0] != "Z"


def stop(children: list[Child]) -> None:
    """Ask every leader to end, wait, then kill what is left of each group."""
    for child in children:
        _send(os.kill, child.pid, child.signal)  # the leader alone: Celery's pool must not see the signal
    deadline = time.monotonic() + GRACE_SECONDS
    while any(is_alive(child.pid) for child in children) and time.monotonic() < deadline:
        time.sleep(0.03)
    for child in children:
        _send(os.killpg, child.pid, signal.SIGKILL)


def _send(send: Callable[[int, int], None], pid: int, number: int) -> None:
    with contextlib.suppress(OSError):  # it ended by itself meanwhile
        send(pid, number)


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    children = read_children(sys.stdin)
    for stage in sorted({child.stage for child in children}, reverse=True):
        stop([child for child in children if child.stage == stage])


if __name__ == "__main__":
    main()
