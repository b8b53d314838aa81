"""Lists stored by their elements, each once: as trees of references, so a change costs little.

An element is named by the digest of its bytes, a node by that of its own. Where a node ends depends
on the digests of its entries, not on their places: so a new element in front of a thousand others
changes as few nodes as one after them. How a node is written is told in `checkpoints.lua`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Literal

from tailrace.shared.errors import StoreUnavailable
from tailrace.shared.redis.commands import hmget
from tailrace.shared.redis.connection import Client

Kind = Literal[b"part:", b"json:"]
"""Which of an element's two forms: as the worker reads it, or as JSON."""

PART: Final = b"part:"
JSON: Final = b"json:"

_DIGEST: Final = 16
_HIGHEST_LEVEL: Final = 15
_REFERENCE: Final = 255
_SHORT: Final = 32
"""Bytes of an element that is part of the node itself: a reference would not be shorter."""
_SHORT_JSON: Final = 64
_MOST: Final = 32
_LEAST: Final = 4
_ENDS: Final = 15
"""Which bits of a digest are zero where a node ends: of one entry in sixteen."""
_AT_ONCE: Final = 500
"""Fields in one command."""


@dataclass(frozen=True, slots=True)
class Element:
    """An element of a list."""

    packed: bytes
    shown: Callable[[], bytes]
    """Its JSON; called only if it is needed."""


def tree(
    elements: Iterable[Element], has: Callable[[bytes], bool]
) -> tuple[bytes, dict[bytes, bytes]]:
    """The root of a list, and the fields that the store lacks of it.

    Args:
        elements: of the list.
        has: whether the store has a field.
    """
    lacking: dict[bytes, bytes] = {}
    entries = [_entry(element, has, lacking) for element in elements]
    level = 1
    while len(nodes := list(_nodes(entries))) > 1:
        entries = []
        for node in nodes:
            written = bytes((level,)) + node
            digest = _digest(written)
            if not has(PART + digest):
                lacking[PART + digest] = written
            entries.append((digest, digest))
        level += 1
    return bytes((level,)) + b"".join(nodes), lacking


def is_tree(value: bytes) -> bool:
    """Whether a stored value is the root of a list."""
    return bool(value) and 1 <= value[0] <= _HIGHEST_LEVEL


def is_element(field: bytes, value: bytes) -> bool:
    """Whether a field is an element, or its JSON, and no node."""
    return field.startswith(JSON) or (field.startswith(PART) and not is_tree(value))


@dataclass(frozen=True, slots=True)
class Parts:
    """Parts that were read, by digest: the elements in one of their forms, and all nodes."""

    kind: Kind
    found: Mapping[bytes, bytes]
    nodes: Mapping[bytes, bytes]

    def elements(self, root: bytes) -> Iterator[bytes]:
        """The elements of a list, in order."""
        level = root[0]
        for entry in _entries(root):
            if isinstance(entry, tuple):
                yield entry[self.kind == JSON]
            elif level == 1:
                yield self.found[entry]
            else:
                yield from self.elements(self.nodes[entry])

    def fields(self) -> Iterator[bytes]:
        """The fields that the store has of these lists."""
        for digest in self.nodes:
            yield PART + digest
        for digest in self.found:
            yield PART + digest
            yield JSON + digest


async def read_parts(client: Client, key: str, roots: Iterable[bytes], kind: Kind) -> Parts | None:
    """Read the lists with these roots; None if some of it is gone.

    Raises:
        StoreUnavailable: the store did not reply.
    """
    nodes: dict[bytes, bytes] = {}
    wanted, elements = list(roots), dict[bytes, None]()
    while wanted:
        below: dict[bytes, None] = {}
        for node in wanted:
            digests = (entry for entry in _entries(node) if isinstance(entry, bytes))
            (elements if node[0] == 1 else below).update(dict.fromkeys(digests))
        lacking = [digest for digest in below if digest not in nodes]
        found = await read_fields(client, key, [PART + digest for digest in lacking])
        wanted = [value for value in found if value is not None]
        if len(wanted) < len(lacking):
            return None
        nodes |= zip(lacking, wanted, strict=True)
    values = await read_fields(client, key, [kind + digest for digest in elements])
    read = {d: v for d, v in zip(elements, values, strict=True) if v is not None}
    return Parts(kind, read, nodes) if len(read) == len(elements) else None


async def read_fields(client: Client, key: str, fields: Sequence[bytes]) -> list[bytes | None]:
    """Read fields of a thread's hash, also those that are stored in pieces.

    Raises:
        StoreUnavailable: the store did not reply, or lacks a piece.
    """
    found: list[bytes | None] = []
    for start in range(0, len(fields), _AT_ONCE):
        found += await hmget(client, key, fields[start : start + _AT_ONCE])
    for n, value in enumerate(found):
        if value is not None and value.startswith(b"\0"):
            names = [b"piece:%b\1%d" % (fields[n], i + 1) for i in range(int(value[1:]))]
            pieces = [piece for piece in await hmget(client, key, names) if piece is not None]
            if len(pieces) < len(names):
                raise StoreUnavailable(f"{key} lacks a piece of a value")
            found[n] = b"".join(pieces)
    return found


def _entry(
    element: Element, has: Callable[[bytes], bool], lacking: dict[bytes, bytes]
) -> tuple[bytes, bytes]:
    """An element's digest, and how a node has it; what the store lacks of it is added."""
    packed, digest = element.packed, _digest(element.packed)
    if len(packed) <= _SHORT and len(shown := element.shown()) <= _SHORT_JSON:
        return digest, b"%c%b%c%b" % (len(packed), packed, len(shown), shown)
    if not (has(PART + digest) and has(JSON + digest)) and PART + digest not in lacking:
        lacking[PART + digest] = packed
        lacking[JSON + digest] = element.shown()
    return digest, b"%c%b" % (_REFERENCE, digest)


def _nodes(entries: Iterable[tuple[bytes, bytes]]) -> Iterator[bytes]:
    """The entries in nodes, whose ends depend on digests alone."""
    node: list[bytes] = []
    for digest, entry in entries:
        node.append(entry)
        if len(node) == _MOST or (len(node) >= _LEAST and not digest[-1] & _ENDS):
            yield b"".join(node)
            node = []
    if node:
        yield b"".join(node)


def _entries(node: bytes) -> Iterator[bytes | tuple[bytes, bytes]]:
    """The digests in a node, and elements that are part of it: packed, and as JSON."""
    at = 1
    while at < len(node):
        if node[0] > 1 or node[at] == _REFERENCE:
            at += node[0] == 1
            yield node[at : at + _DIGEST]
            at += _DIGEST
        else:
            middle = at + 1 + node[at]
            end = middle + 1 + node[middle]
            yield node[at + 1 : middle], node[middle + 1 : end]
            at = end


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=_DIGEST).digest()
