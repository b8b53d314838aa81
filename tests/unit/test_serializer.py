import sys
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePosixPath
from typing import Any, NamedTuple
from uuid import UUID

import ormsgpack
import pytest
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, ToolMessage
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.types import Interrupt, Send
from pydantic import BaseModel, SecretStr
from pydantic_settings import BaseSettings

from tailrace.shared.errors import Unserializable
from tailrace.shared.events import encode_value
from tailrace.worker.checkpoints.serializer import StateSerializer
from tests.support.values import KEPT


class Colour(Enum):
    RED = "red"


class Pair(NamedTuple):
    left: int
    right: int


@dataclass(frozen=True)
class Point:
    x: int
    colour: Colour


class Model(BaseModel):
    name: str
    points: list[Point]


class Files(BaseSettings):
    where: str = "here"


POINT = Point(1, Colour.RED)


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"bytes",
        bytearray(b"bytes"),
        "text",
        2**63,
        [1.5, True, {"a": {1: "b"}}],
        Colour.RED,
        Pair(1, 2),
        POINT,
        Model(name="a", points=[POINT]),
        SecretStr("hidden"),
        datetime(2026, 1, 1, tzinfo=UTC),
        timedelta(days=1),
        Decimal("1.10"),
        UUID(int=1),
        {"a", "b"},
        deque([1, 2]),
        AIMessage("hi", id="1", tool_calls=[{"name": "f", "args": {}, "id": "t"}]),
        ToolMessage("done", tool_call_id="t"),
        Document("text", metadata={"page": 1}),
        Send("node", {"a": POINT}),
        Interrupt(value=POINT, id="i"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_comes_back_as_what_it_was(value: Any) -> None:
    serializer = StateSerializer()
    again = serializer.unpack(serializer.pack(value))
    assert again == value
    assert type(again) is type(value)


def forged(code: int, *parts: Any) -> bytes:
    return b"msgpack:" + ormsgpack.packb(ormsgpack.Ext(code, ormsgpack.packb(parts)))


@pytest.mark.parametrize(
    ("code", "parts"),
    [
        (0, ("os", "system", "exit 3")),
        (0, ("builtins", "eval", "1/0")),
        (1, ("subprocess", "Popen", ["false"])),
        (2, ("subprocess", "run", {"args": "false"})),
        (3, ("os", "environ", "PATH", "pop")),
        (5, ("langchain_openai", "ChatOpenAI", {"api_key": "k"}, "model_validate_json")),
        (5, (__name__, "Files", {"_env_file": "secrets"}, "model_validate_json")),
        (0, (__name__, "no_such_name", "x")),
        (0, ("no.such.module", "Name", "x")),
    ],
)
def test_what_is_no_data_is_neither_called_nor_made(code: int, parts: tuple[Any, ...]) -> None:
    assert StateSerializer().unpack(forged(code, *parts)) == parts[2]


def test_nothing_is_imported_for_a_value() -> None:
    module = "wsgiref.types"
    assert module not in sys.modules

    StateSerializer().unpack(forged(2, module, "FileWrapper", {}))

    assert module not in sys.modules


@pytest.mark.parametrize("kind", [b"pickle", b"json", b"", b"other"])
def test_bytes_of_another_kind_are_not_read(kind: bytes) -> None:
    with pytest.raises(NotImplementedError):
        StateSerializer().unpack(kind + b":{}")


@pytest.mark.parametrize("value", [v for v, _ in KEPT.values()], ids=KEPT)
def test_what_langgraph_keeps_comes_back_as_it_does_there(value: Any) -> None:
    ours, theirs = StateSerializer(), JsonPlusSerializer()
    packed = theirs.dumps_typed(value)

    assert ours.dumps_typed(value) == packed
    assert shown(ours.loads_typed(packed)) == shown(theirs.loads_typed(packed))


def shown(value: Any) -> Any:
    """All that can be told of a value: some of them compare in ways of their own."""
    return type(value), repr(value), encode_value(value)


class Holding(BaseModel):
    held: Any


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (object(), "Type is not msgpack serializable: object"),
        (2**70, "Integer exceeds 64-bit range"),
        (PurePosixPath, "Type"),
        ([0, {"a": (1, object())}], "[1].a[1]: "),
        (Point(1, object()), "colour: "),  # pyright: ignore[reportArgumentType] - on purpose
        (ToolMessage("x", tool_call_id="t", artifact={"raw": object()}), "artifact.raw: "),
        (Send("node", {"a": object()}), "arg.a: "),
        ({"a": {PurePosixPath("a"): 1}}, "a: Dict key"),
        ({(1, 2): object()}, "tuple: "),
        (Holding(held=Holding(held=iter(()))), "held.held: "),
    ],
)
def test_what_is_no_data_is_not_written_either_and_its_place_is_named(
    value: object, place: str
) -> None:
    with pytest.raises(Unserializable) as caught:
        StateSerializer().pack(value)

    assert place in str(caught.value)


def test_a_value_that_contains_itself_is_not_written_and_the_search_for_it_ends() -> None:
    ring: list[Any] = []
    ring.append(ring)

    with pytest.raises(Unserializable, match="Recursion limit reached"):
        StateSerializer().pack(ring, "channel")
