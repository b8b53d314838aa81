"""Going before whatever else the machine does, so that it is the relays that are measured.

Linux weighs sessions against each other first (sched(7), autogroups), so `nice` alone does little.
"""

from collections.abc import Generator, Iterable
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from bench.relay.programs import Unprepared

_FIRST: Final = "-15"


@contextmanager
def before_others(pids: Iterable[int]) -> Generator[None]:
    """Raise the sessions of these processes; put back as they were on the way out.

    Raises:
        Unprepared: this user may not, or this kernel knows no autogroups.
    """
    with ExitStack() as stack:
        for pid in pids:
            group = Path(f"/proc/{pid}/autogroup")
            before = _set(group, _FIRST)
            stack.callback(_set_if_there, group, before)
        yield


def _set(group: Path, nice: str) -> str:
    try:
        before = group.read_text().split()[-1]
        group.write_text(nice)
    except OSError as error:
        raise Unprepared(f"--before-others needs root and autogroups: {error}") from error
    return before


def _set_if_there(group: Path, nice: str) -> None:
    if group.exists():
        group.write_text(nice)
