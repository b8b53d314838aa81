"""Which form of an answer a caller takes (RFC 9110, section 12.5.1)."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from starlette.requests import Request

from tailrace.api.errors import NotAcceptable


@dataclass(frozen=True, slots=True, order=True)
class _Wish:
    """How much a caller wants a form, in the order in which that counts."""

    weight: float
    precision: int
    """2 where the form is named, 1 for its type, 0 for anything."""
    earliness: int
    """Minus its place in the header: of two wishes alike, the first one counts."""


def choose(request: Request, *forms: str) -> str:
    """The form that the caller wants most; where it wants several alike, the first of ours.

    Raises:
        NotAcceptable: its `Accept` leaves all of them out.
    """
    return _choice(",".join(request.headers.getlist("accept")) or "*/*", forms)


@lru_cache(maxsize=128)
def _choice(accept: str, forms: tuple[str, ...]) -> str:
    wishes = {form: max(_wishes(accept, form), key=_precision, default=None) for form in forms}
    wanted = {form: wish for form, wish in wishes.items() if wish and wish.weight > 0}
    if not wanted:
        raise NotAcceptable(f"This is served as {' or '.join(forms)} only.")
    return max(wanted, key=wanted.__getitem__)


def _wishes(accept: str, form: str) -> Iterator[_Wish]:
    ranks = {"*/*": 0, form.partition("/")[0] + "/*": 1, form: 2}
    for place, part in enumerate(accept.split(",")):
        name, *parameters = (field.strip().lower() for field in part.split(";"))
        if name in ranks:
            yield _Wish(_weight(parameters), ranks[name], -place)


def _precision(wish: _Wish) -> int:
    return wish.precision


def _weight(parameters: list[str]) -> float:
    """The `q` among a range's parameters; one that is no number is taken for none."""
    given = next((p.removeprefix("q=") for p in parameters if p.startswith("q=")), "1")
    return float(given) if given.replace(".", "", 1).isdecimal() and given.isascii() else 1.0
