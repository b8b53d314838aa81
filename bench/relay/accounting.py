"""What the operating system says a process has used; Linux only, as the benchmark is."""

import os
import time
from pathlib import Path
from typing import Final

_TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")
_CPU_CLOCK: Final = 2
"""A process's clock id is its complement, shifted by three, and this (clock_getcpuclockid(3))."""


def cpu_s(pid: int) -> float:
    """CPU seconds of all threads so far, user and system, to the nanosecond.

    Raises:
        OSError: there is no such process.
    """
    return time.clock_gettime((~pid << 3) | _CPU_CLOCK)


def busy_s(core: int) -> float:
    """Seconds in which the core has done anything for anybody."""
    for line in Path("/proc/stat").read_text().splitlines():
        name, *fields = line.split()
        if name == f"cpu{core}":
            user, nice, system, _idle, _iowait, *others = map(int, fields)
            return (user + nice + system + sum(others[:3])) / _TICKS_A_SECOND
    raise ValueError(f"there is no core {core}")


def rss_kib(pid: int) -> int:
    """Memory that the process holds in RAM."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise ProcessLookupError(f"process {pid} has no memory: it has ended")


def children(pid: int) -> list[int]:
    """Processes that this one has started and that live."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
