"""Finds the parts of a JSON value that are too large to stay in it, and what they are. Pure."""

import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

Form = Literal["bytes", "base64", "data-url", "text", "json"]
"""How the value stood in the JSON, for whoever puts it back."""

UNKNOWN: Final = "application/octet-stream"
_TEXT: Final = "text/plain"
_MEDIA_TYPE: Final = re.compile(r"[\w.+-]+/[\w.+-]+")
_DATA_URL: Final = re.compile(r"data:([\w.+-]+/[\w.+-]+);base64,")
_SAID_BESIDE: Final = ("media_type", "mime_type", "mimeType")
"""Where content blocks of Anthropic, LangChain and Google name the type of their base64."""
_BEGINNINGS: Final = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"RIFF.{4}WAVE", re.DOTALL), "audio/wav"),
    (re.compile(rb"OggS"), "audio/ogg"),
    (re.compile(rb"ID3"), "audio/mpeg"),
    (re.compile(rb".{4}ftyp", re.DOTALL), "video/mp4"),
    (re.compile(rb"%PDF-"), "application/pdf"),
)
_HEAD_CHARS: Final = 32


@dataclass(frozen=True, slots=True)
class LargeValue:
    """A part of a value, and where it is."""

    parent: Any
    """A list or an object."""
    key: Any
    """Index or name in it."""
    data: bytes
    media_type: str
    form: Form


def large_values(root: Any, at_least: int) -> Iterator[LargeValue]:
    """The texts and bytes in a list or object that take at least this many characters in JSON."""
    todo = [root]
    while todo:
        parent = todo.pop()
        for key, item in _items(parent):
            if isinstance(item, str):
                if len(item) >= at_least:
                    yield _of_text(parent, key, item)
            elif (text := bytes_in(item)) is not None:
                if len(text) >= at_least:
                    yield _of_bytes(parent, key, binascii.a2b_base64(text))
            elif isinstance(item, (dict, list)):
                todo.append(item)


def bytes_in(item: Any) -> str | None:
    """The base64 in an object that stands for bytes."""
    if isinstance(item, dict) and len(cast("dict[str, Any]", item)) == 1:
        return cast("dict[str, Any]", item).get("$bytes")
    return None


def _items(parent: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(parent, dict):
        return list(cast("dict[str, Any]", parent).items())
    return enumerate(cast("list[Any]", parent))


def _of_bytes(parent: Any, key: Any, data: bytes) -> LargeValue:
    media_type = _said_beside(parent) or _by_beginning(data) or UNKNOWN
    return LargeValue(parent, key, data, media_type, "bytes")


def _of_text(parent: Any, key: Any, text: str) -> LargeValue:
    if url := _DATA_URL.match(text):
        form, media_type, data = "data-url", url[1], _decoded(text[url.end() :])
    else:
        form, media_type = "base64", _said_beside(parent) or _beginning_of(text)
        data = _decoded(text) if media_type else None
    if media_type is None or data is None:
        return LargeValue(parent, key, text.encode(), _TEXT, "text")
    return LargeValue(parent, key, data, media_type, form)


def _said_beside(parent: Any) -> str | None:
    if not isinstance(parent, dict):
        return None
    beside = cast("dict[str, Any]", parent)
    said = (beside.get(name) for name in _SAID_BESIDE)
    return next((s for s in said if isinstance(s, str) and _MEDIA_TYPE.fullmatch(s)), None)


def _beginning_of(text: str) -> str | None:
    return _by_beginning(_decoded(text[:_HEAD_CHARS]) or b"")


def _by_beginning(data: bytes) -> str | None:
    return next((kind for beginning, kind in _BEGINNINGS if beginning.match(data)), None)


def _decoded(text: str) -> bytes | None:
    """The bytes of a base64 text, if encoding them gives the same text again."""
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        return None
    return data if binascii.b2a_base64(data, newline=False).decode() == text else None
