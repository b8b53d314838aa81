"""Writes any value as JSON, piece by piece: slower than orjson, but never silently wrong.

No name appears twice in an object, surrogate pairs are whole, and only `MAX_DEPTH` limits nesting.
If a value can't be written, the error has its path and type. Recursion uses a stack of its own.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, cast

import orjson

from tailrace.shared.encoding.json_forms import NoForm, form, type_name
from tailrace.shared.errors import Unserializable

MAX_DEPTH: Final = 512
"""Levels of lists and objects; readers often stop at a thousand."""

NATIVE: Final = orjson.OPT_PASSTHROUGH_DATACLASS
"""What orjson may write by itself: only text keys, or a name could appear twice; nothing of numpy,
or NaT would become 1970; no dataclasses, or they would have other fields."""

RESERVED: Final = re.compile(r"\$+(?:bytes|blob)")
"""Names that describe their value; a graph's own name of this form gets one `$` more."""

_PLAIN: Final = frozenset({str, int, float, bool, type(None)})
_MAX_FORMS: Final = 32
"""A value that is not JSON after so many forms never will be."""

_Item = tuple[bytes, "str | int", Any]
"""The text before a value in its list or object, its index or name, and the value."""


def write_value(value: object) -> bytes:
    """A graph's value as JSON; U+2028 and its like are not escaped.

    Raises:
        Unserializable: it can't be written; says where it is and its type, never its content.
    """
    return _Writer(escapes=True).write(value)


def write_plain(value: object) -> bytes:
    """The same for a value whose names need no escape: it was read from JSON, or is ours.

    Raises:
        Unserializable: as `write_value`.
    """
    return _Writer(escapes=False).write(value)


@dataclass(slots=True)
class _Open:
    """A list or object that is being written."""

    value: object
    items: Iterator[_Item]
    start: bytes
    end: bytes
    step: str | int | None = None
    """Index or name of the item that is being written."""


class _Writer:
    def __init__(self, *, escapes: bool) -> None:
        self._escapes = escapes
        self._out: list[bytes] = []
        self._open: list[_Open] = []
        self._inside: set[int] = set()
        """Ids of the open lists and objects: one that contains itself would never end."""

    def write(self, value: object) -> bytes:
        try:
            self._begin(value)
            while self._open:
                self._write_items(self._open[-1])
        except NoForm as error:
            raise Unserializable(str(error), self._path()) from error
        return b"".join(self._out)

    def _write_items(self, container: _Open) -> None:
        """Write items until one of them is a container, or to the end."""
        container.step = None
        for before, step, value in container.items:
            self._out.append(before)
            container.step = step
            if self._begin(value):
                return
            container.step = None
        self._out.append(container.end)
        self._inside.discard(id(container.value))
        self._open.pop()

    def _begin(self, value: Any) -> bool:
        """Write a value, or open it if it is a container; whether it is."""
        for _ in range(_MAX_FORMS):
            if type(value) not in _PLAIN and (container := self._container(value)):
                return self._enter(container)
            if (written := _leaf(value)) is not None:
                self._out.append(written)
                return False
            value = self._formed(value)
        raise NoForm(type_name(value))

    def _container(self, value: object) -> _Open | None:
        if isinstance(value, Mapping):
            named = cast("Mapping[Any, Any]", value)
            return _Open(named, self._named(named), b"{", b"}")
        if isinstance(value, (list, tuple)):
            numbered = cast("list[Any] | tuple[Any, ...]", value)
            return _Open(numbered, _numbered(numbered), b"[", b"]")
        return None

    def _enter(self, container: _Open) -> bool:
        kind = type_name(container.value)
        if id(container.value) in self._inside:
            raise NoForm(f"{kind} that contains itself")
        if len(self._open) == MAX_DEPTH:
            raise NoForm(f"{kind} below {MAX_DEPTH} levels of others")
        self._inside.add(id(container.value))
        self._open.append(container)
        self._out.append(container.start)
        return True

    def _formed(self, value: object) -> object:
        try:
            return form(value)
        except NoForm:
            raise
        except Exception as error:
            # A value's own method may raise anything; the text may contain private data.
            raise NoForm(f"{type_name(value)}, {type(error).__name__}") from error

    def _named(self, value: Mapping[Any, Any]) -> Iterator[_Item]:
        taken: set[str] = set()
        before = b""
        for key, item in value.items():
            name = self._name(key, taken)
            taken.add(name)
            yield before + orjson.dumps(name) + b":", name, item
            before = b","

    def _name(self, key: object, taken: set[str]) -> str:
        """The key as a text that no other key has: a later duplicate gets a number."""
        name = first = self._text(key)
        number = 2
        while name in taken:
            name, number = f"{first} ({number})", number + 1
        return name

    def _text(self, key: object) -> str:
        if type(key) is int:
            key = str(key)
        elif type(key) is not str or not key.isascii():
            written = _written_key(key)
            key = orjson.loads(written) if written.startswith(b'"') else written.decode()
        name = cast("str", key)
        reserved = self._escapes and name.startswith("$") and RESERVED.fullmatch(name)
        return f"${name}" if reserved else name

    def _path(self) -> list[str | int]:
        return [container.step for container in self._open if container.step is not None]


def _written_key(key: object) -> bytes:
    try:
        return write_plain(key)
    except Unserializable as error:
        raise NoForm(f"a name of type {type_name(key)}") from error


def _numbered(value: Iterable[Any]) -> Iterator[_Item]:
    before = b""
    for index, item in enumerate(value):
        yield before, index, item
        before = b","


def _leaf(value: Any) -> bytes | None:
    """A value without items as JSON; None if it needs another form first."""
    if type(value) not in _PLAIN:
        if isinstance(value, (bytes, bytearray, memoryview)):
            return b'{"$bytes":"' + b64encode(bytes(cast("bytes", value))) + b'"}'
        if isinstance(value, Enum):
            return None  # orjson would write its value in its own way
    try:
        return orjson.dumps(value, None, NATIVE)
    except TypeError:
        return None
