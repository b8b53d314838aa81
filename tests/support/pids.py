"""Processes as the kernel sees them, by number. Linux only: it reads /proc."""

from pathlib import Path

PROC = Path("/proc")
DEAD = {"Z", "X"}


def is_running(pid: int) -> bool:
    """Whether the process lives; one that only waits to be reaped does not."""
    state = _state_and_parent(PROC / str(pid))
    return state is not None and state[0] not in DEAD


def descendants(pid: int) -> set[int]:
    """All living processes that the process has started, and those that they have started."""
    parents = {
        int(entry.name): found[1]
        for entry in PROC.iterdir()
        if entry.name.isdigit() and (found := _state_and_parent(entry)) and found[0] not in DEAD
    }
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return family - {pid}


def command(pid: int) -> list[str]:
    """The process's command line."""
    return (PROC / str(pid) / "cmdline").read_bytes().decode().split("\0")


def _state_and_parent(entry: Path) -> tuple[str, int] | None:
    """None when the process has gone meanwhile."""
    try:
        stat = (entry / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name stands in parentheses and may hold anything, parentheses too.
    state, parent = stat.rpartition(")")[2].split()[:2]
    return state, int(parent)
