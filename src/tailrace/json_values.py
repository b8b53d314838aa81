"""JSON in both directions by the standard library alone: strict, and read into dataclasses."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import cache
from types import UnionType
from typing import (
    Any,
    Final,
    NoReturn,
    TypeAlias,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

JsonValue: TypeAlias = bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"] | None

_Value = TypeVar("_Value")
_LEAST: Final = -(2**63)
_MOST: Final = 2**64 - 1


def encode(value: object) -> bytes:
    """The value as compact JSON.

    Raises:
        ValueError: it can't be written as JSON.
    """
    try:
        _refuse_what_would_change(value)
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode()
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from error


def decode(text: str | bytes) -> JsonValue:
    """What a JSON text in UTF-8 says.

    Raises:
        ValueError: it is not JSON; `NaN` and the like are not.
    """
    try:
        words = text if isinstance(text, str) else text.decode()
        return json.loads(words, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def parse(kind: type[_Value], text: str | bytes) -> _Value:
    """The dataclass that a JSON object stands for; names that it does not know are ignored.

    A field's name in JSON lacks the `_` at the end that keeps it apart from a word of Python's.

    Raises:
        ValueError: it is not JSON, lacks a field, or a value is of another type.
    """
    return _object(kind, decode(text))


@dataclass(frozen=True, slots=True)
class _FieldOf:
    """A field of a dataclass, and the types that its value may have."""

    name: str
    name_in_json: str
    type: Any
    needed: bool


def _object(kind: type[_Value], value: object) -> _Value:
    if not isinstance(value, dict):
        raise ValueError(f"{kind.__name__}: not an object")  # noqa: TRY004 - what came is wrong
    given = cast("Mapping[str, object]", value)
    found: dict[str, Any] = {}
    for field in _fields(kind):
        if field.name_in_json in given:
            found[field.name] = _value(field.type, given[field.name_in_json])
        elif field.needed:
            raise ValueError(f"{kind.__name__}: {field.name_in_json} is missing")
    return kind(**found)


@cache
def _fields(kind: type[Any]) -> tuple[_FieldOf, ...]:
    types = get_type_hints(kind)
    return tuple(
        _FieldOf(field.name, field.name.removesuffix("_"), types[field.name], _is_needed(field))
        for field in fields(kind)
    )


def _is_needed(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _value(kind: Any, value: object) -> object:
    """The value as a field of this type holds it; lists and objects of any JSON stay as given."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return _first_that_fits(get_args(kind), value)
    if is_dataclass(kind):
        return _object(cast("type[Any]", kind), value)
    if origin is tuple:
        return tuple(_value(get_args(kind)[0], part) for part in _list(value))
    if type(value) is not (origin or kind):
        raise ValueError(f"{value!r:.100} is not of type {kind}")
    return value


def _first_that_fits(kinds: tuple[Any, ...], value: object) -> object:
    for kind in kinds:
        try:
            return _value(kind, value)
        except ValueError:
            continue
    raise ValueError(f"{value!r:.100} is of no type that is expected")


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ValueError(f"{value!r:.100} is not a list")  # noqa: TRY004 - what came is wrong
    return cast("list[object]", value)


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _refuse_what_would_change(value: object) -> None:
    """Names that are not strings would become strings; larger integers arrive as floating point."""
    if isinstance(value, dict):
        for name, part in cast("dict[object, object]", value).items():
            if not isinstance(name, str):
                raise TypeError(f"{name!r} is not a name that an object can have")
            _refuse_what_would_change(part)
    elif isinstance(value, list | tuple):
        for part in cast("list[object]", value):
            _refuse_what_would_change(part)
    elif isinstance(value, int) and not _LEAST <= value <= _MOST:
        raise ValueError(f"{value} does not fit into 64 bits")
