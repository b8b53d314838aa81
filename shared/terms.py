"""By what threads are found: terms of a few bytes, made of status and metadata. Pure."""

import hashlib
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final, cast

from tailrace.shared.events import encode
from tailrace.shared.threads import ThreadStatus

MOST: Final = 16
"""Values of a thread's metadata that the index takes."""
MOST_BYTES: Final = 128
"""How long such a value may be, in JSON."""
TERM_BYTES: Final = 10

EVERY: Final = b"*".ljust(TERM_BYTES, b".")
"""The term of all threads."""
MORE: Final = b"~".ljust(TERM_BYTES, b".")
"""The term of threads whose metadata has more values than the index takes."""

_NAME_BYTES: Final = 256


def of_status(status: ThreadStatus) -> bytes:
    """The term of the threads with this status, as `record.lua` makes it."""
    return b"#" + status.encode()[: TERM_BYTES - 1].ljust(TERM_BYTES - 1, b".")


def of_value(name: str, value: Any) -> bytes | None:
    """The term of the threads whose metadata has this; None for what the index does not take."""
    if isinstance(value, dict | list) or len(name) > _NAME_BYTES:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # JSON has one kind of number: 1.0 is found by 1.
    text = encode(value)
    if len(text) > MOST_BYTES:
        return None
    return hashlib.sha256(encode(name) + text).digest()[:TERM_BYTES]


def of_metadata(metadata: Mapping[str, Any]) -> bytes:
    """The terms of a thread's metadata, in a row."""
    found = [*islice(_values(metadata), MOST + 1)]
    return b"".join(found[:MOST]) + (MORE if len(found) > MOST else b"")


def contains(whole: Any, part: Any) -> bool:
    """Whether a value has all of another one in it, as `@>` of PostgreSQL's jsonb has it."""
    if isinstance(part, dict):
        wanted, names = cast("dict[str, Any]", part), cast("dict[str, Any]", whole)
        return isinstance(whole, dict) and all(
            name in names and contains(names[name], value) for name, value in wanted.items()
        )
    if isinstance(part, list):
        parts, wholes = cast("list[Any]", part), cast("list[Any]", whole)
        return isinstance(whole, list) and all(any(contains(w, p) for w in wholes) for p in parts)
    # In Python, True is 1.
    return isinstance(whole, bool) == isinstance(part, bool) and whole == part


def _values(metadata: Mapping[str, Any]) -> Iterator[bytes]:
    for name, value in metadata.items():
        if (term := of_value(name, value)) is not None:
            yield term
