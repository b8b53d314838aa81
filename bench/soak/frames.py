"""What the logs of a soak hold: every byte follows from the job and the number."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from tailrace.shared.events import Event

_LARGEST_PAD: Final = 1500
_FAT: Final = 60
"""Times more in one log of sixteen: enough to fill the kernel's buffers where nothing is read."""
_STEP: Final = 7919
"""A prime, so that sizes vary."""

FAULTS: Final = ("lost", "repeated", "wrong", "unended", "forgotten", "refused")
"""Counts that have to be 0. Out of order is lost and then repeated."""


def event(job_id: str, seq: int) -> Event:
    """The event of this number."""
    largest = _LARGEST_PAD * (_FAT if job_id.endswith("0") else 1)
    pad = b"~" * (seq * _STEP % largest)
    return Event("custom", b'{"ns":[],"data":["%b",%d,"%b"]}' % (job_id.encode(), seq, pad))


@dataclass(slots=True)
class Reading:
    """What one listener has of one log, over all of its connections."""

    job_id: str
    counts: Counter[str]
    seq: int = 0
    ended: bool = False
    _rest: bytes = field(default=b"", init=False)

    def connect(self) -> None:
        """Forget what the last connection left unfinished."""
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Check the next bytes of a body."""
        *frames, self._rest = (self._rest + data).split(b"\n\n")
        for frame in frames:
            self._check(frame)

    def _check(self, frame: bytes) -> None:
        while frame.startswith((b":", b"retry:")):
            frame = frame.partition(b"\n")[2]
        head, _, number = frame.rpartition(b"\nid: ")
        seq = int(number)
        self.counts["events"] += 1
        if seq <= self.seq:
            self.counts["repeated"] += 1
            return
        self.counts["lost"] += seq - self.seq - 1
        self.seq = seq
        self.ended = head.startswith(b"event: end\n")
        if head.startswith(b"event: custom\n"):
            self.counts["wrong"] += head != b"event: custom\ndata: " + event(self.job_id, seq).data
        elif not self.ended:
            self.counts["wrong"] += not head.startswith(b"event: status\n")
