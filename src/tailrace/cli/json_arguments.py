"""A value as it is given on the command line: JSON, `@file`, or `-` for stdin."""

import sys
from pathlib import Path

import typer

from tailrace import JsonValue
from tailrace.json_values import decode


def json_value(argument: str, option: str) -> JsonValue:
    """The value that an option names.

    Raises:
        typer.BadParameter: it can't be read, or is not JSON.
    """
    try:
        return decode(_text(argument))
    except OSError as error:
        message = f"can't read {error.filename}: {error.strerror}"
        raise typer.BadParameter(message, param_hint=option) from error
    except ValueError as error:
        raise typer.BadParameter(f"not JSON: {error}", param_hint=option) from error


def json_object(argument: str, option: str) -> dict[str, JsonValue]:
    """The same where only an object will do.

    Raises:
        typer.BadParameter: it can't be read, or is not a JSON object.
    """
    value = json_value(argument, option)
    if not isinstance(value, dict):
        raise typer.BadParameter("not a JSON object", param_hint=option)
    return value


def _text(argument: str) -> bytes | str:
    if argument == "-":
        return sys.stdin.buffer.read()
    if argument.startswith("@"):
        return Path(argument[1:]).read_bytes()
    return argument
