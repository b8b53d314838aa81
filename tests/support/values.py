"""What a graph may give and LangGraph's checkpoints keep, each with the JSON that stands for it."""

import re
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, Flag, IntEnum, StrEnum
from ipaddress import ip_address, ip_interface, ip_network
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy
import pydantic.v1
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, RemoveMessage, ToolMessage
from langgraph.store.base import Item
from langgraph.types import Command, Interrupt, Overwrite, Send
from pydantic import BaseModel, SecretBytes, SecretStr
from pydantic.dataclasses import dataclass as pydantic_dataclass

SECRET: Final = "sk-secret"
MASK: Final = "*" * 10
PARIS: Final = ZoneInfo("Europe/Paris")


class Colour(Enum):
    RED = "red"
    PAIR = (1, 2)


class Size(IntEnum):
    SMALL = 1


class Word(StrEnum):
    YES = "yes"


class Table(numpy.ndarray[Any, Any]):
    """An array of a type of its own."""


class Right(Flag):
    READ = 1
    WRITE = 2


class Pair(NamedTuple):
    left: int
    right: bytes


@dataclass
class Data:
    size: int
    _hidden: bytes = b"\xff"
    parts: list[Any] = field(default_factory=list[Any])


@dataclass(frozen=True, slots=True)
class Slotted:
    wait: timedelta


@pydantic_dataclass
class Checked:
    key: SecretStr
    zone: Any


class Model(BaseModel):
    key: SecretStr
    code: SecretBytes
    wait: timedelta
    pair: tuple[int, int]
    nested: Any = None


class OldModel(pydantic.v1.BaseModel):
    key: pydantic.v1.SecretStr
    wait: timedelta


def _message(message: dict[str, Any], **fields: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {
        "additional_kwargs": {},
        "response_metadata": {},
        "name": None,
        "id": None,
    }
    return empty | message | fields


MOMENT: Final = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
BYTES: Final = {"$bytes": "UE5H/w=="}
GRID: Final = numpy.arange(6).reshape(2, 3)

KEPT: Final[dict[str, tuple[Any, Any]]] = {
    "none": (None, None),
    "a time span": (timedelta(1, 2, 3), "P1DT2.000003S"),
    "a negative time span": (-timedelta(hours=1), "-PT3600S"),
    "no time": (timedelta(), "PT0S"),
    "whole days": (timedelta(2), "P2D"),
    "a time zone": (PARIS, "Europe/Paris"),
    "an offset": (timezone(timedelta(hours=2)), "UTC+02:00"),
    "bytes": (b"PNG\xff", BYTES),
    "a bytearray": (bytearray(b"PNG\xff"), BYTES),
    "a memoryview": ([memoryview(b"PNG\xff")], [BYTES]),
    "an address": (ip_address("10.0.0.1"), "10.0.0.1"),
    "an address of six": (ip_address("::1"), "::1"),
    "a network": (ip_network("10.0.0.0/8"), "10.0.0.0/8"),
    "an interface": (ip_interface("10.0.0.1/8"), "10.0.0.1/8"),
    "a pattern": (re.compile("a+", re.IGNORECASE), "a+"),
    "a pattern of bytes": (re.compile(rb"PNG\xff"[:3] + b"\xff"), BYTES),
    "an array": (GRID, [[0, 1, 2], [3, 4, 5]]),
    "a transposed array": (GRID.T, [[0, 3], [1, 4], [2, 5]]),
    "every other column": (GRID[:, ::2], [[0, 2], [3, 5]]),
    "an array backwards": (numpy.arange(3)[::-1], [2, 1, 0]),
    "an array of strings": (numpy.array([["a", "bc"], ["d", "e"]]), [["a", "bc"], ["d", "e"]]),
    "transposed strings": (numpy.array([["a", "bc"], ["d", "e"]]).T, [["a", "d"], ["bc", "e"]]),
    "an array of bytes": (numpy.array([b"PNG\xff"]), [BYTES]),
    "complex numbers": (numpy.array([1 + 2j]), [[1.0, 2.0]]),
    "single numbers": (numpy.array([[0.1], [0.2]], dtype="f4").T, [[0.1, 0.2]]),
    "numbers of the other order": (numpy.array([1.5, 2.5], dtype=">f8"), [1.5, 2.5]),
    "half numbers": (numpy.array([1.5], dtype="f2"), [1.5]),
    "long numbers": (numpy.array([1.5], dtype=numpy.longdouble), [1.5]),
    "an array without numbers": (numpy.array([numpy.nan, numpy.inf]), [None, None]),
    "an empty array": (numpy.zeros((0, 3)), []),
    "an array of one number": (numpy.array(5), 5),
    "records": (numpy.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")]), [[1, 2.5]]),
    "a masked array": (numpy.ma.array([1, 2], mask=[False, True]), [1, None]),
    "an array of a type of its own": (GRID.view(Table), [[0, 1, 2], [3, 4, 5]]),
    "tuples as keys": ({(1, "a"): 1, ((1, 2), 3): 2}, {'[1,"a"]': 1, "[[1,2],3]": 2}),
    "plain keys": ({None: 1, True: 2, 1.5: 3}, {"null": 1, "true": 2, "1.5": 3}),
    "enums as keys": ({Colour.RED: 1, Word.YES: 2, Size.SMALL: 3}, {"red": 1, "yes": 2, "1": 3}),
    "bytes as keys": ({b"a": 1}, {'{"$bytes":"YQ=="}': 1}),
    "dates as keys": (
        {date(2026, 3, 2): 1, UUID(int=1): 2},
        {"2026-03-02": 1, str(UUID(int=1)): 2},
    ),
    "a name twice": ({1: "a", "1": "b"}, {"1": "a", "1 (2)": "b"}),
    "a name of ours": ({"$bytes": "x", "$$blob": "y"}, {"$$bytes": "x", "$$$blob": "y"}),
    "other names with a dollar": ({"$ref": "x", "$": 1}, {"$ref": "x", "$": 1}),
    "half a surrogate pair": ("a\ud83d", "a\ufffd"),
    "a decimal": (Decimal("1.10"), "1.10"),
    "an id": (UUID(int=1), str(UUID(int=1))),
    "a path": (Path("a/b"), "a/b"),
    "a date": (date(2026, 3, 2), "2026-03-02"),
    "a time": (time(9, 30), "09:30:00"),
    "a time with a zone": (time(9, 30, tzinfo=UTC), "09:30:00+00:00"),
    "a moment": (MOMENT, "2026-03-02T09:30:00+00:00"),
    "a moment in a zone": (MOMENT.astimezone(PARIS), "2026-03-02T10:30:00+01:00"),
    "a moment without a zone": (MOMENT.replace(tzinfo=None), "2026-03-02T09:30:00"),
    "an enum": (Colour.RED, "red"),
    "an enum of a tuple": (Colour.PAIR, [1, 2]),
    "an enum of numbers": (Size.SMALL, 1),
    "an enum of texts": (Word.YES, "yes"),
    "flags": (Right.READ | Right.WRITE, 3),
    "a set": ({3, 1, 2}, [1, 2, 3]),
    "a frozen set": (frozenset({"b", "a"}), ["a", "b"]),
    "a deque": (deque([1, b"PNG\xff"], maxlen=3), [1, BYTES]),
    "a tuple": ((1, (2,)), [1, [2]]),
    "an ordered dict": (OrderedDict(a=1), {"a": 1}),
    "a default dict": (defaultdict(list, a=[1]), {"a": [1]}),
    "a counter": (Counter("aab"), {"a": 2, "b": 1}),
    "a named tuple": (Pair(1, b"PNG\xff"), [1, BYTES]),
    "a dataclass": (
        Data(1, b"PNG\xff", [PARIS]),
        {"size": 1, "_hidden": BYTES, "parts": ["Europe/Paris"]},
    ),
    "a dataclass with slots": (Slotted(timedelta(1)), {"wait": "P1D"}),
    "a dataclass of pydantic": (
        Checked(SecretStr(SECRET), PARIS),
        {"key": MASK, "zone": "Europe/Paris"},
    ),
    "a model": (
        Model(
            key=SecretStr(SECRET),
            code=SecretBytes(SECRET.encode()),
            wait=timedelta(1),
            pair=(1, 2),
            nested=[Slotted(timedelta(1))],
        ),
        {"key": MASK, "code": MASK, "wait": "P1D", "pair": [1, 2], "nested": [{"wait": "P1D"}]},
    ),
    "a model of pydantic 1": (
        OldModel(key=pydantic.v1.SecretStr(SECRET), wait=timedelta(1)),
        {"key": MASK, "wait": "P1D"},
    ),
    "a secret": (SecretStr(SECRET), MASK),
    "an empty secret": (SecretStr(""), MASK),
    "secret bytes": (SecretBytes(SECRET.encode()), MASK),
    "a secret of pydantic 1": (pydantic.v1.SecretStr(SECRET), MASK),
    "an artifact": (
        ToolMessage("done", tool_call_id="1", artifact=b"PNG\xff", id="m"),
        _message(
            {"content": "done", "type": "tool", "tool_call_id": "1"},
            artifact=BYTES,
            status="success",
            id="m",
        ),
    ),
    "a message": (
        [AIMessage([{"type": "image", "data": b"PNG\xff"}], id="m")],
        [
            _message(
                {"content": [{"type": "image", "data": BYTES}], "type": "ai", "tool_calls": []},
                invalid_tool_calls=[],
                usage_metadata=None,
                id="m",
            )
        ],
    ),
    "a removal": (RemoveMessage("1"), _message({"content": "", "type": "remove"}, id="1")),
    "a document": (
        Document("text", metadata={"at": (1, PARIS)}),
        {
            "id": None,
            "metadata": {"at": [1, "Europe/Paris"]},
            "page_content": "text",
            "type": "Document",
        },
    ),
    "an item of a store": (
        Item(value={"a": 1}, key="k", namespace=("n",), created_at=MOMENT, updated_at=MOMENT),
        {
            "namespace": ["n"],
            "key": "k",
            "value": {"a": 1},
            "created_at": "2026-03-02T09:30:00+00:00",
            "updated_at": "2026-03-02T09:30:00+00:00",
        },
    ),
    "a send": (Send("node", {"a": b"PNG\xff"}), {"node": "node", "arg": {"a": BYTES}}),
    "a command": (
        Command(update={"a": (1,)}, goto=[Send("node", 1)]),
        {
            "graph": None,
            "update": {"a": [1]},
            "resume": None,
            "goto": [{"node": "node", "arg": 1}],
        },
    ),
    "a question": (
        Interrupt(value=b"PNG\xff", id="1"),
        {"value": BYTES, "id": "1", "response_schema": None},
    ),
    "an overwrite": (Overwrite([1]), {"value": [1], "type": "__overwrite__"}),
    "an exception": (ValueError(SECRET), "ValueError"),
    "a number of 64 bits": ([2**64 - 1, -(2**63)], [2**64 - 1, -(2**63)]),
    "no number": ([float("nan"), float("-inf")], [None, None]),
}
