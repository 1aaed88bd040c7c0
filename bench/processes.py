"""What Linux says that processes spend and hold."""

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


def tree(root: int) -> list[int]:
    """Return a process and all its descendants, itself first."""
    found = [root]
    for process in found:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for thread in (PROC / str(process) / "task").iterdir():
                found += map(int, (thread / "children").read_text().split())
    return found


def cpu(root: int) -> dict[int, float]:
    """Return the CPU seconds of each process in a tree, threads that have ended included."""
    spent = {}
    for process in tree(root):
        with contextlib.suppress(OSError):
            spent[process] = time.clock_gettime_ns(_clock_of(process)) / 1e9
    return spent


def spent(before: dict[int, float], after: dict[int, float]) -> float:
    """Return the CPU seconds between two readings; a process new since then began at nothing."""
    return sum(now - before.get(process, 0.0) for process, now in after.items())


def _clock_of(process: int) -> int:
    """Return the clock of a process's CPU time, in nanoseconds where /proc has ticks of 10 ms.

    This is what glibc's clock_getcpuclockid makes of a process id.
    """
    scheduler_clock = 2
    return (~process << 3) | scheduler_clock


def machine_cpu() -> float:
    """Return the CPU seconds that this machine has spent on anything, since it started."""
    fields = (PROC / "stat").read_text().split("\n", 1)[0].split()[1:9]
    user, nice, system, _idle, _waiting, hard, soft, stolen = map(int, fields)
    return (user + nice + system + hard + soft + stolen) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Memory:
    """What a process holds, in MB: all of it, and its share of what others hold too."""

    process: int
    role: str
    rss: float
    pss: float


def memory(root: int) -> list[Memory]:
    """Return what a server's processes hold. The root of more than one is their supervisor."""
    members = tree(root)
    held = []
    for process in members:
        with contextlib.suppress(OSError):
            held.append(_memory(process, _role(process, root, alone=len(members) == 1)))
    return held


def _role(process: int, root: int, *, alone: bool) -> str:
    if b"resource_tracker" in (PROC / str(process) / "cmdline").read_bytes():
        return "helper"  # of Python's multiprocessing
    return "worker" if alone or process != root else "supervisor"


def _memory(process: int, role: str) -> Memory:
    figures = {}
    for line in (PROC / str(process) / "smaps_rollup").read_text().splitlines()[1:]:
        name, figure = line.split(":")
        figures[name] = int(figure.split()[0]) * 1024 / 1e6
    return Memory(process, role, figures["Rss"], figures["Pss"])
