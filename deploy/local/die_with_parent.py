"""Ties one command to its parent: it ends when the process that started it ends, in whatever way.

Run as a script, `python -I -S die_with_parent.py [--watch] PARENT COMMAND...`, where
PARENT is the process id of the starter. It imports nothing of the project, so that it costs a few
milliseconds.

On Linux the kernel is asked for a SIGKILL at the parent's death, and the command takes this
process's place: the request survives exec. The kernel watches the *thread* that started us, so
commands are started from the main thread. Elsewhere (`--watch`) this process stays: it passes
signals on, looks for its parent ten times a second, and ends as its command ended.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

WATCH_S = 0.1
NOT_STARTED = 127
PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def tied_to_parent(command: tuple[str, ...]) -> tuple[str, ...]:
    """The command, such that it ends when this process ends."""
    mode = () if sys.platform == "linux" else ("--watch",)
    script = str(Path(__file__).absolute())
    return (sys.executable, "-I", "-S", script, *mode, str(os.getpid()), *command)


def main(arguments: list[str]) -> NoReturn:
    """Become the command, or watch over it; never returns."""
    watching = arguments[0] == "--watch"
    parent, *command = arguments[1:] if watching else arguments
    try:
        if watching:
            _watch(int(parent), command)
        _become(int(parent), command)
    except OSError as error:
        sys.stderr.write(f"cannot start {command[0]}: {error.strerror}\n")
    sys.exit(NOT_STARTED)


def _become(parent: int, command: list[str]) -> None:
    _die_with_parent()
    if os.getppid() != parent:
        sys.exit(NOT_STARTED)
    # Python ignores this one, and an ignored signal stays ignored across exec.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.execv(command[0], command)  # noqa: S606 - no shell wanted


def _die_with_parent() -> None:
    import ctypes  # noqa: PLC0415 - only where the kernel can do it

    pr_set_pdeathsig = 1
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(pr_set_pdeathsig, int(signal.SIGKILL), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _watch(parent: int, command: list[str]) -> NoReturn:
    asked = _asked()
    # close_fds stays off: the command inherits what this process was given, such as the lock.
    child = subprocess.Popen(command, close_fds=False)  # noqa: S603 - our own command line
    while os.getppid() == parent:
        while asked:
            child.send_signal(asked.pop(0))
        try:
            _end_like(child.wait(WATCH_S))
        except subprocess.TimeoutExpired:
            continue
    child.kill()
    _end_like(child.wait())


def _asked() -> list[int]:
    """The signals that have come since; a list, so that one before the start is not lost."""
    asked: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    for number in PASSED_ON:
        signal.signal(number, note)
    return asked


def _end_like(code: int) -> NoReturn:
    """End with the child's exit code, or by the signal that ended it."""
    if code < 0:
        if signal.getsignal(-code) is not signal.SIG_DFL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
