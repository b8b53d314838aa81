"""The JSON form of a value of a type that JSON lacks: one level, the same form everywhere.

The forms are those of PROTOCOL.md, section "Values". A type is recognized by its class, or by the
methods by which LangGraph's own serializer recognizes it, so whatever a checkpoint keeps can be
shown. `json_writer` writes bytes and names.
"""

import re
import sys
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from functools import singledispatch
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
)
from pathlib import PurePath
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

SECRET: Final = "**********"  # noqa: S105 - what is shown in place of one
"""Replaces a secret, whatever it is and whether it is set."""

_IN_ORDER: Final = (str, int, float)
"""Types whose values a reader expects in order."""


_NUMBERS: Final = "biuf"
"""Kinds of numpy types that are numbers or booleans."""
_TIMES: Final = "mM"


class NoForm(TypeError):
    """A value of a type that has no JSON form; the text is the type's name."""


def type_name(value: object) -> str:
    """The name of a value's type, with its module unless that is Python itself."""
    kind = type(value)
    return f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")


def form(value: Any) -> Any:
    """A value that is closer to JSON; call it again until it is JSON.

    Raises:
        NoForm: the type has no JSON form.
        Exception: whatever the value's own methods raise.
    """
    # Also an enum that is a number or a text is written as its value.
    return value.value if isinstance(value, Enum) else _form(value)


@singledispatch
def _form(value: Any) -> Any:
    if isinstance(value, type):
        raise NoForm(type_name(value))
    if hasattr(value, "get_secret_value"):
        return SECRET
    for method in ("model_dump", "dict", "_asdict"):
        if callable(found := getattr(value, method, None)):
            return found()
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if hasattr(value, "dtype"):
        return _of_numpy(value)
    if hasattr(value, "node") and hasattr(value, "arg"):
        return _of_send(value)
    raise NoForm(type_name(value))


@_form.register(str)
def _(value: str) -> str:
    """Join the halves of a surrogate pair; a half without its other one becomes U+FFFD."""
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


@_form.register(int)
def _(value: int) -> str:
    """Digits as text: beyond 64 bits, JSON readers disagree about numbers."""
    return str(int(value))


@_form.register(float)
def _(value: float) -> float:
    return float(value)


@_form.register(complex)
def _(value: complex) -> list[float]:
    return [value.real, value.imag]


@_form.register(tuple)
@_form.register(deque)
def _(value: Iterable[Any]) -> list[Any]:
    return list(value)


@_form.register(Mapping)
def _(value: Mapping[Any, Any]) -> dict[Any, Any]:
    return dict(value)


@_form.register(set)
@_form.register(frozenset)
def _(value: Iterable[Any]) -> list[Any]:
    """Sorted if all are numbers or all are texts, otherwise in any order."""
    for kind in _IN_ORDER:
        if all(type(item) is kind for item in value):
            return sorted(value)
    return list(value)


@_form.register(Decimal)
@_form.register(PurePath)
@_form.register(UUID)
@_form.register(ZoneInfo)
@_form.register(timezone)
@_form.register(IPv4Address)
@_form.register(IPv4Interface)
@_form.register(IPv4Network)
@_form.register(IPv6Address)
@_form.register(IPv6Interface)
@_form.register(IPv6Network)
def _(value: object) -> str:
    return str(value)


@_form.register(date)
@_form.register(datetime)
@_form.register(time)
def _(value: date | time) -> str:
    return value.isoformat()


@_form.register(timedelta)
def _(value: timedelta) -> str:
    """ISO 8601 in days and seconds; pydantic's years would have 365 days."""
    size = abs(value)
    seconds = f"{size.seconds}.{size.microseconds:06}".rstrip("0").rstrip(".")
    days = f"{size.days}D" if size.days else ""
    rest = f"T{seconds}S" if seconds != "0" or not days else ""
    return f"{'-' if value < timedelta() else ''}P{days}{rest}"


@_form.register(re.Pattern)
def _(value: re.Pattern[Any]) -> str | bytes:
    return value.pattern


@_form.register(BaseException)
def _(value: BaseException) -> str:
    """The name of its class, since its text is not for users."""
    return type(value).__name__


def _of_send(value: Any) -> dict[str, Any]:
    timeout = getattr(value, "timeout", None)
    return {"node": value.node, "arg": value.arg} | ({"timeout": timeout} if timeout else {})


def _of_numpy(value: Any) -> Any:
    numpy: Any = sys.modules.get("numpy")
    if numpy is None or not isinstance(value, (numpy.ndarray, numpy.generic)):
        raise NoForm(type_name(value))
    if isinstance(value, numpy.generic):
        return _of_scalar(value)
    if isinstance(value, numpy.ma.MaskedArray):
        return value.tolist()
    if value.dtype.kind in _NUMBERS and value.ndim and value.dtype != numpy.longdouble:
        native = value.dtype.newbyteorder("=")
        return _written(numpy.array(value, dtype=native, order="C", subok=False, copy=None))
    return list(value) if value.ndim else value[()]


def _of_scalar(value: Any) -> Any:
    plain: Any = value.item()
    if plain is None:
        return None  # NaT
    if type(plain) is type(value):
        return float(plain)  # longer than Python's float
    if value.dtype.kind in _TIMES and isinstance(plain, int):
        return str(value)  # finer than Python's types, or out of their range
    return _written(value) if value.dtype.kind in _NUMBERS else plain


def _written(value: Any) -> orjson.Fragment:
    """Written by orjson itself, which knows how many digits a short float needs."""
    return orjson.Fragment(orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY))
