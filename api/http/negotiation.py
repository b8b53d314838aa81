"""What a client asks for in `Accept` (RFC 9110, section 12.5.1) and `Prefer` (RFC 7240)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from starlette.requests import Request

from tailrace.api.errors import NotAcceptable

_QUOTED: Final = r'"(?:[^"\\]|\\.)*"'
_WORD: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PREFERENCE: Final = re.compile(
    rf"(?:^|,)\s*(?P<name>{_WORD})\s*(?:=\s*(?P<value>{_QUOTED}|{_WORD}))?(?:[^\",]|{_QUOTED})*"
)
_SECONDS: Final = re.compile(r'"?([0-9]{1,9})"?')


@dataclass(frozen=True, slots=True, order=True)
class _Preference:
    """How much a client wants a media type. The order of the fields is the order of importance."""

    weight: float
    precision: int
    """2 if the type is named, 1 for a range such as `text/*`, 0 for `*/*`."""
    earliness: int
    """Minus its place in the header: of two equal preferences the first one wins."""


def choose(request: Request, *media_types: str) -> str:
    """The media type that the client wants most; if it wants several equally, our first.

    Raises:
        NotAcceptable: `Accept` excludes all of them.
    """
    return _choice(",".join(request.headers.getlist("accept")) or "*/*", media_types)


def preferred_wait_s(request: Request) -> int | None:
    """The seconds of `Prefer: wait=N`; None without it.

    The first `wait` counts, and a value that is not an integer is ignored, as the RFC requires.
    """
    header = ",".join(request.headers.getlist("prefer"))
    for preference in _PREFERENCE.finditer(header):
        if preference["name"].lower() == "wait":
            seconds = _SECONDS.fullmatch(preference["value"] or "")
            return int(seconds[1]) if seconds else None
    return None


@lru_cache(maxsize=128)
def _choice(accept: str, media_types: tuple[str, ...]) -> str:
    closest = {
        media_type: max(_preferences(accept, media_type), key=_precision, default=None)
        for media_type in media_types
    }
    wanted = {media_type: found for media_type, found in closest.items() if found and found.weight}
    if not wanted:
        raise NotAcceptable(f"This is available only as {' or '.join(media_types)}.")
    return max(wanted, key=wanted.__getitem__)


def _preferences(accept: str, media_type: str) -> Iterator[_Preference]:
    precisions = {"*/*": 0, media_type.partition("/")[0] + "/*": 1, media_type: 2}
    for place, part in enumerate(accept.split(",")):
        name, *parameters = (field.strip().lower() for field in part.split(";"))
        if name in precisions:
            yield _Preference(_weight(parameters), precisions[name], -place)


def _precision(preference: _Preference) -> int:
    return preference.precision


def _weight(parameters: list[str]) -> float:
    """The `q` of a media range; a `q` that is not a number is ignored."""
    given = next((p.removeprefix("q=") for p in parameters if p.startswith("q=")), "1")
    return float(given) if given.replace(".", "", 1).isdecimal() and given.isascii() else 1.0
