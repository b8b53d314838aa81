"""From the values in a graph's state to bytes and back, without running what the bytes name.

LangGraph's own serializer, as it stands, imports and calls whatever a stored value names: whoever
can write to the store runs code in the worker. Here only data comes back as what it was.
"""

import inspect
import sys
from collections.abc import Set
from dataclasses import is_dataclass
from enum import Enum
from typing import Any, Final

from langchain_core.runnables import Runnable
from langgraph.checkpoint.serde.jsonplus import (
    JsonPlusSerializer,
    _create_msgpack_ext_hook,  # pyright: ignore[reportPrivateUsage] - takes types by rule, not by name
)
from ormsgpack import MsgpackEncodeError
from pydantic import BaseModel, SecretBytes, SecretStr
from pydantic_settings import BaseSettings

from tailrace.shared.errors import Unserializable

_DATA: Final = (BaseModel, Enum, SecretStr, SecretBytes)
_DOERS: Final = (Runnable, BaseSettings)
"""Models of pydantic that open connections, run code or read files."""

_KINDS: Final = frozenset({"null", "bytes", "bytearray", "msgpack"})


class StateSerializer(JsonPlusSerializer):
    """Messages and LangGraph's own values, and every data type that this process has loaded.

    Data types are models of pydantic, dataclasses, enums and named tuples. A value of another
    type, or of one that is not loaded, comes back as the plain value that it was made of. Nothing
    is imported for it, nothing pickled.
    """

    def __init__(self) -> None:
        super().__init__(__unpack_ext_hook__=_create_msgpack_ext_hook(_data_types()))

    def pack(self, value: Any) -> bytes:
        """A value as bytes.

        Raises:
            Unserializable: as `dumps_typed`.
        """
        kind, data = self.dumps_typed(value)
        return kind.encode() + b":" + data

    def unpack(self, packed: bytes) -> Any:
        """The value of such bytes."""
        kind, _, data = packed.partition(b":")
        return self.loads_typed((kind.decode(), data))

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        """A value as bytes, and what kind of bytes.

        Raises:
            Unserializable: the state holds something that is no data; the message says of which
                type it is.
        """
        try:
            return super().dumps_typed(obj)
        except MsgpackEncodeError as error:
            raise Unserializable(str(error)) from error

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """The value again.

        Raises:
            NotImplementedError: the bytes are of a kind that is never written here.
        """
        if data[0] not in _KINDS:
            raise NotImplementedError(f"bytes of the kind {data[0]!r} are not read")
        return super().loads_typed(data)


class _LoadedData(Set[tuple[str, ...]]):
    """The (module, name) of every data type that this process has loaded."""

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
    if not inspect.isclass(kind) or issubclass(kind, _DOERS):
        return False
    return issubclass(kind, _DATA) or is_dataclass(kind) or _is_named_tuple(kind)


def _is_named_tuple(kind: type[object]) -> bool:
    return issubclass(kind, tuple) and "_fields" in kind.__dict__
