"""What stands in JSON for a value that JSON has nothing for: one level, one form everywhere.

The forms are PROTOCOL.md's, section "Values". A type is known by what it is, or by the methods by
which LangGraph's own serializer knows it: what a checkpoint keeps can be shown. Bytes and names are
json_writer's.
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

SECRET: Final = "**********"  # noqa: S105 - what is shown in place of one
"""Stands for a secret, whatever it is, and whether there is one."""

_IN_ORDER: Final = (str, int, float)
"""Types whose values have an order that a reader expects."""


class NoForm(TypeError):
    """A value of a type that is no data; the text is the type's name."""


def type_name(value: object) -> str:
    """The name of a value's type, with its module unless that is Python itself."""
    kind = type(value)
    return f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")


@singledispatch
def form(value: Any) -> Any:
    """A value that is nearer to JSON: to be asked again until it is there.

    Raises:
        NoForm: there is none.
        Exception: whatever the value's own methods raise.
    """
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


@form.register(str)
def _(value: str) -> str:
    """Halves of a surrogate pair that belong together are joined, others become U+FFFD."""
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


@form.register(int)
def _(value: int) -> str:
    """Digits: beyond 64 bits, readers of JSON do not agree on a number."""
    return str(int(value))


@form.register(float)
def _(value: float) -> float:
    return float(value)


@form.register(complex)
def _(value: complex) -> list[float]:
    return [value.real, value.imag]


@form.register(Enum)
def _(value: Enum) -> Any:
    return value.value


@form.register(tuple)
@form.register(deque)
def _(value: Iterable[Any]) -> list[Any]:
    return list(value)


@form.register(Mapping)
def _(value: Mapping[Any, Any]) -> dict[Any, Any]:
    return dict(value)


@form.register(set)
@form.register(frozenset)
def _(value: Iterable[Any]) -> list[Any]:
    """In order where all are numbers or texts, else as they come."""
    for kind in _IN_ORDER:
        if all(type(item) is kind for item in value):
            return sorted(value)
    return list(value)


@form.register(Decimal)
@form.register(PurePath)
@form.register(UUID)
@form.register(ZoneInfo)
@form.register(timezone)
@form.register(IPv4Address)
@form.register(IPv4Interface)
@form.register(IPv4Network)
@form.register(IPv6Address)
@form.register(IPv6Interface)
@form.register(IPv6Network)
def _(value: object) -> str:
    return str(value)


@form.register(date)
@form.register(datetime)
@form.register(time)
def _(value: date | time) -> str:
    return value.isoformat()


@form.register(timedelta)
def _(value: timedelta) -> str:
    """ISO 8601 in days and seconds; pydantic's years would be of 365 days."""
    size = abs(value)
    seconds = f"{size.seconds}.{size.microseconds:06}".rstrip("0").rstrip(".")
    days = f"{size.days}D" if size.days else ""
    rest = f"T{seconds}S" if seconds != "0" or not days else ""
    return f"{'-' if value < timedelta() else ''}P{days}{rest}"


@form.register(re.Pattern)
def _(value: re.Pattern[Any]) -> str | bytes:
    return value.pattern


@form.register(BaseException)
def _(value: BaseException) -> str:
    """The name of its class: its text is not for users."""
    return type(value).__name__


def _of_send(value: Any) -> dict[str, Any]:
    timeout = getattr(value, "timeout", None)
    return {"node": value.node, "arg": value.arg} | ({"timeout": timeout} if timeout else {})


def _of_numpy(value: Any) -> Any:
    """An array that orjson can write itself, or its rows; a scalar as Python's own."""
    numpy: Any = sys.modules.get("numpy")
    if numpy is None or not isinstance(value, numpy.ndarray):
        return _of_scalar(value)
    if isinstance(value, numpy.ma.MaskedArray):
        return value.tolist()
    native = value.dtype.newbyteorder("=")
    if type(value) is numpy.ndarray and value.flags.c_contiguous and value.dtype == native:
        return list(value) if value.ndim else value[()]
    return numpy.array(value, dtype=native, order="C", subok=False)


def _of_scalar(value: Any) -> Any:
    if not callable(item := getattr(value, "item", None)):
        raise NoForm(type_name(value))
    plain: Any = item()
    if value.dtype.kind in "mM" and isinstance(plain, int):
        return str(value)  # a unit that Python's own types do not have
    return float(plain) if type(plain) is type(value) else plain
