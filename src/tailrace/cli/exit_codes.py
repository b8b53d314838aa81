"""Exit codes: what a script learns from `tailrace`."""

from collections.abc import Mapping
from typing import Final

from tailrace import ProtocolBroken

SUCCEEDED: Final = 0
FAILED: Final = 1
USAGE: Final = 2
CANCELLED: Final = 3
REFUSED: Final = 4

EXPLAINED: Final = (
    "Exit codes: 0 the job succeeded, 1 it failed, 2 wrong usage, 3 the job was cancelled, "
    "4 the service is unreachable or rejects the request, 130 Ctrl-C (the job keeps running)."
)

_BY_STATUS: Final[Mapping[str, int]] = {
    "succeeded": SUCCEEDED,
    "failed": FAILED,
    "cancelled": CANCELLED,
}


def exit_code(status: str) -> int:
    """The code for a job that has ended.

    Raises:
        ProtocolBroken: a job can't end like that.
    """
    if status not in _BY_STATUS:
        raise ProtocolBroken(f"a job can't end as {status!r}")
    return _BY_STATUS[status]
