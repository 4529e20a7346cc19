"""What the operating system counts: CPU time and memory of the processes under measure."""

import os
from collections.abc import Iterable
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    """The process and all its descendants that live now."""
    found, parents = [pid], _parents()
    for parent in found:
        found += [child for child, its_parent in parents.items() if its_parent == parent]
    return found


def _parents() -> dict[int, int]:
    pairs = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            pairs[int(entry.name)] = int(fields[1])
    return pairs


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time of these processes, with that of their children that have ended."""
    fields = [_stat(pid) for pid in pids]
    return sum(sum(map(int, field[11:15])) for field in fields if field) / _TICKS


def pss_mib(pids: Iterable[int]) -> float:
    """Proportional set size: shared pages count once."""
    return sum(_pss(pid) for pid in pids) / 1024


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
