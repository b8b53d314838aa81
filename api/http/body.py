"""A request's body as a JSON value, within limits. What its fields mean is in `api.schemas`."""

import asyncio
import json
import math
from collections.abc import Iterable
from itertools import chain
from typing import Any, Final, NoReturn, cast

from starlette.requests import Request

from tailrace.api.errors import BodyTooLarge, BodyTooSlow, InvalidJson, UnsupportedMediaType
from tailrace.api.settings import ApiSettings

_TIME_S: Final = 30
"""A megabyte takes that long at 35 KB/s; a slower client would only hold a connection."""
_INTEGERS: Final = range(-(2**63), 2**64)


async def read_json(request: Request, settings: ApiSettings) -> Any:
    """The body as a JSON value.

    Raises:
        UnsupportedMediaType: not `application/json`, or with a Content-Encoding.
        BodyTooLarge: by its header, or while it is read; never buffered whole.
        BodyTooSlow: it did not arrive in time.
        InvalidJson: not one JSON value, or one that readers would understand differently.
    """
    _check_media_type(request)
    try:
        async with asyncio.timeout(_TIME_S):
            data = await _read(request, settings.max_body_bytes)
    except TimeoutError as error:
        raise BodyTooSlow(f"The body must arrive within {_TIME_S} s.") from error
    return parse(data, max_depth=settings.max_depth, max_keys=settings.max_keys)


def parse(data: bytes, *, max_depth: int, max_keys: int) -> Any:
    """One JSON value (RFC 8259) that every reader understands in the same way (RFC 7493).

    Raises:
        InvalidJson: a syntax error, invalid UTF-8, a repeated name in an object, a number that is
            not finite or exceeds 64 bits, NUL or an unpaired surrogate in a string, too many
            levels, or too many names.
    """
    try:
        value = json.loads(
            data.decode(),
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise InvalidJson(_syntax(error)) from error
    _check_values(value, max_depth, max_keys)
    return value


def _check_media_type(request: Request) -> None:
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower()
    if media_type.strip().lower() != "application/json" or charset not in (
        "",
        "charset=utf-8",
        'charset="utf-8"',
    ):
        raise UnsupportedMediaType("The body must be application/json in UTF-8.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("Request bodies must not use Content-Encoding.")


async def _read(request: Request, limit: int) -> bytes:
    declared = request.headers.get("content-length", "0")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > limit:
        raise BodyTooLarge(f"The body may have at most {limit} bytes.")
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > limit:
            raise BodyTooLarge(f"The body may have at most {limit} bytes.")
    return bytes(data)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise InvalidJson("An object contains the same name twice.")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidJson(f"{name} is not JSON.")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise InvalidJson("A number exceeds 64 bits.")
    return number


def _syntax(error: Exception) -> str:
    match error:
        case json.JSONDecodeError():
            return f"{error.msg} (line {error.lineno}, column {error.colno})."
        case UnicodeDecodeError():
            return f"The body is not UTF-8 (byte {error.start})."
        case RecursionError():
            return "The body is nested too deeply."
        case _:
            return "A number exceeds 64 bits."


def _check_values(value: Any, max_depth: int, max_keys: int) -> None:
    level, names = [value], 0
    for _ in range(max_depth):
        names += sum(len(cast("Any", item)) for item in level if isinstance(item, dict))
        if names > max_keys:
            raise InvalidJson(f"The body may have at most {max_keys} names.")
        level = [child for item in level for child in _children(item)]
    if any(isinstance(item, (dict, list)) for item in level):
        raise InvalidJson(f"The body may be nested at most {max_depth} levels deep.")
    for item in level:
        _check_scalar(item)


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return chain(members, members.values())
    if isinstance(value, list):
        return cast("list[Any]", value)
    _check_scalar(value)
    return ()


def _check_scalar(value: Any) -> None:
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, int) and value not in _INTEGERS:
        raise InvalidJson("A number exceeds 64 bits.")


def _check_text(text: str) -> None:
    if "\0" in text:
        raise InvalidJson("A string contains NUL.")
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise InvalidJson("A string contains an unpaired surrogate.")
