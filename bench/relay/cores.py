"""Which core does what: the measured server has the first to itself, all else shares the second."""

import os
from collections.abc import Generator
from contextlib import contextmanager


def server_core() -> int:
    """The core of the server that is measured."""
    return min(os.sched_getaffinity(1))


def load_core() -> int:
    """The core of everything else; the same one where there is no other."""
    return sorted(os.sched_getaffinity(1))[:2][-1]


def is_shared() -> bool:
    """Whether server and load have one core between them, so that times mean little."""
    return len(os.sched_getaffinity(1)) == 1


def pin_server(pid: int) -> None:
    """Give a process that has just begun, and has one thread yet, the server's core."""
    os.sched_setaffinity(pid, {server_core()})


def use_all(pid: int) -> None:
    """Let a process that has just begun use every core, whatever its parent is kept to."""
    os.sched_setaffinity(pid, os.sched_getaffinity(1))


@contextmanager
def load_pinned() -> Generator[None]:
    """Keep this process, and what it starts meanwhile, off the server's core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {load_core()})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
