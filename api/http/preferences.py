"""What a caller would like, and may not get: `Prefer` (RFC 7240)."""

import re
from typing import Final

from starlette.requests import Request

_QUOTED: Final = r'"(?:[^"\\]|\\.)*"'
_WORD: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PREFERENCE: Final = re.compile(
    rf"(?:^|,)\s*(?P<name>{_WORD})\s*(?:=\s*(?P<value>{_QUOTED}|{_WORD}))?(?:[^\",]|{_QUOTED})*"
)
_SECONDS: Final = re.compile(r'"?([0-9]{1,9})"?')


def wait_s(request: Request) -> int | None:
    """The seconds in `Prefer: wait=N`; None where that is not asked for, or is no whole number.

    What can't be understood is ignored, and of two waits the first one counts, as the RFC says.
    """
    header = ",".join(request.headers.getlist("prefer"))
    for preference in _PREFERENCE.finditer(header):
        if preference["name"].lower() == "wait":
            seconds = _SECONDS.fullmatch(preference["value"] or "")
            return int(seconds[1]) if seconds else None
    return None
