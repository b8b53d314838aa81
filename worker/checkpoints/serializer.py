"""From values in a graph's state to bytes and back, without running what the bytes name.

LangGraph's own serializer imports and calls whatever a stored value names, so whoever can write to
the store could run code in the worker. Here only data comes back as it was.
"""

import inspect
import sys
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import is_dataclass
from enum import Enum
from typing import Any, Final, cast

from langchain_core.runnables import Runnable
from langgraph.checkpoint.serde.jsonplus import (
    JsonPlusSerializer,
    _create_msgpack_ext_hook,  # pyright: ignore[reportPrivateUsage] - takes types by rule, not by name
)
from ormsgpack import MsgpackEncodeError
from pydantic import BaseModel, SecretBytes, SecretStr
from pydantic_settings import BaseSettings

from tailrace.shared.encoding.json_forms import form, type_name
from tailrace.shared.errors import Unserializable

_DATA: Final = (BaseModel, Enum, SecretStr, SecretBytes)
_DOERS: Final = (Runnable, BaseSettings)
"""Pydantic models that open connections, run code or read files."""

_LONGEST_PATH: Final = 300
"""LangGraph packs 254 levels; anything deeper is a cycle."""
_MOST_FORMS: Final = 8
_KINDS: Final = frozenset({"null", "bytes", "bytearray", "msgpack"})


class StateSerializer(JsonPlusSerializer):
    """Messages and LangGraph's own values, and every data type that this process has loaded.

    Data types are pydantic models, dataclasses, enums and named tuples. A value of another type,
    or of one that is not loaded, comes back as the plain value it was made of. Nothing is imported
    for it, and nothing is pickled.
    """

    def __init__(self) -> None:
        super().__init__(__unpack_ext_hook__=_create_msgpack_ext_hook(_data_types()))

    def pack(self, value: Any, *place: str) -> bytes:
        """A value as bytes.

        Args:
            value: the value.
            place: where it is kept; errors name it.

        Raises:
            Unserializable: as `dumps_typed`.
        """
        try:
            kind, data = self.dumps_typed(value)
        except Unserializable as error:
            raise Unserializable(error.what, (*place, *error.path)) from error
        return kind.encode() + b":" + data

    def unpack(self, packed: bytes) -> Any:
        """The value of such bytes."""
        kind, _, data = packed.partition(b":")
        return self.loads_typed((kind.decode(), data))

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        """The kind of bytes, and a value as such bytes.

        Raises:
            Unserializable: the state contains something that is not data; says where, and of which
                type it is.
        """
        try:
            return super().dumps_typed(obj)
        except MsgpackEncodeError as error:
            raise _unserializable(obj, error) from error

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """The value of such bytes.

        Raises:
            NotImplementedError: bytes of a kind that is never written here.
        """
        if data[0] not in _KINDS:
            raise NotImplementedError(f"bytes of the kind {data[0]!r} are not read")
        return super().loads_typed(data)


class _LoadedData(Set[tuple[str, ...]]):
    """(module, name) of every data type that this process has loaded."""

    def __contains__(self, key: object) -> bool:
        match key:
            case (str(module), str(name)):
                return _is_data(getattr(sys.modules.get(module), name, None))
            case _:
                return False

    def __iter__(self) -> Any:
        raise NotImplementedError("a rule, not a list")

    def __len__(self) -> int:
        raise NotImplementedError("a rule, not a list")


def _data_types() -> Any:
    return _LoadedData()


def _is_data(kind: object) -> bool:
    if not inspect.isclass(kind) or issubclass(kind, (*_DOERS, *_loaded_v1("BaseSettings"))):
        return False
    data = (*_DATA, *_loaded_v1("BaseModel", "SecretStr", "SecretBytes"))
    return issubclass(kind, data) or is_dataclass(kind) or _is_named_tuple(kind)


def _loaded_v1(*names: str) -> list[type]:
    """Types of pydantic 1, which pydantic 2 still contains, if this process has loaded it."""
    module = sys.modules.get("pydantic.v1")
    return [getattr(module, name) for name in names] if module else []


def _is_named_tuple(kind: type[object]) -> bool:
    return issubclass(kind, tuple) and "_fields" in kind.__dict__


def _unserializable(value: Any, error: MsgpackEncodeError) -> Unserializable:
    """The innermost part that can't be packed, and the path to it."""
    path: list[str | int] = []
    while len(path) < _LONGEST_PATH and (bad := _first_bad(value)):
        step, value, error = bad
        path.append(step)
    return Unserializable(str(error), path)


def _first_bad(value: Any) -> tuple[str | int, Any, MsgpackEncodeError] | None:
    for step, part in _parts(value):
        try:
            JsonPlusSerializer().dumps_typed(part)
        except MsgpackEncodeError as error:
            return step, part, error
    return None


def _parts(value: Any) -> Iterable[tuple[str | int, Any]]:
    for _ in range(_MOST_FORMS):
        if isinstance(value, Mapping):
            named = cast("Mapping[object, Any]", value)
            return [(_step(key), part) for key, part in named.items()]
        if isinstance(value, (list, tuple)):
            return enumerate(cast("Sequence[Any]", value))
        if value is None or isinstance(value, (str, bytes, bytearray, int, float)):
            break
        try:
            value = form(value)
        except Exception:  # noqa: BLE001 - an error is being raised already
            break
    return ()


def _step(key: object) -> str | int:
    return key if isinstance(key, (str, int)) else type_name(key)
