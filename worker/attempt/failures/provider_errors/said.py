"""What one exception tells about a provider's response, by its shape: no SDK is imported here.

The shapes are those of openai and similar SDKs (`status_code`, `body`), httpx and requests
(`response`), aiohttp (`status`, `headers`), urllib and google-genai (`code`), and botocore
(`response` is a dict).
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, cast

Fields = Mapping[str, Any]

_STATUSES: Final = range(400, 600)
_NAMING: Final = ("code", "type", "status", "Code")
_WORDING: Final = ("message", "Message", "error", "detail", "error_description")
_LONGEST_BODY: Final = 64 * 1024
_NOTHING: Final = re.compile(r"\bfor url\b|^Error code: \d+$", re.IGNORECASE)
_IN_TEXT: Final = (
    # How langchain-openai passes on `error` and `response.failed` of the Responses API.
    re.compile(r"(?P<code>[a-z]+(?:_[a-z]+)+): (?P<message>.+)", re.DOTALL),
    re.compile(
        r"ResponseError\(code='(?P<code>\w+)', message=['\"](?P<message>.*)['\"]", re.DOTALL
    ),
)


@dataclass(frozen=True, slots=True)
class Said:
    """What a provider said, as far as the exception tells."""

    status: int | None
    """An HTTP status from 400 to 599, wherever it stands: a gateway may put it in a 200 stream."""
    names: tuple[str, ...]
    """The error's codes and types."""
    words: str | None
    body: Fields | None
    """The error object itself, without the envelope around it."""
    headers: Mapping[str, str]
    """By lower-case name."""


def read(error: BaseException) -> Said:
    """Read an exception; an attribute that is odd, or raises, counts as missing."""
    response = attribute(error, "response")
    envelope = _envelope(error, response)
    body = _inner(envelope) if envelope else None
    status = next(_statuses(error, response, body), None)
    names = (*_strings(body or {}, _NAMING), *_names(error))
    headers = _headers(error, response)
    return Said(status, names, _words(error, response, body, status), body, headers)


def attribute(value: object, name: str) -> Any:
    """An attribute of a foreign object; None if it can't be read."""
    try:
        return getattr(value, name, None)
    except Exception:  # noqa: BLE001 - a property may raise anything, such as httpx's `request`
        return None


def _envelope(error: BaseException, response: object) -> Fields | None:
    """The first JSON object that looks like a provider's error."""
    given = error.args[0] if error.args else None
    places = (attribute(error, "body"), attribute(error, "details"), response, _content(response))
    found = (_object(place) for place in (*places, _told_in_text(error, given) or given))
    return next((fields for fields in found if fields and _tells(fields)), None)


def _object(place: object) -> Fields | None:
    if isinstance(place, str | bytes):
        place = _parsed(place)
    if isinstance(place, list) and place:
        place = cast("list[object]", place)[0]
    return cast("Fields", place) if isinstance(place, Mapping) else None


def _parsed(text: str | bytes) -> object:
    if len(text) > _LONGEST_BODY or text.strip()[:1] not in ("{", "[", b"{", b"["):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _tells(fields: Fields) -> bool:
    """Whether it is an error's envelope, or an error with a name and a text."""
    if fields.keys() & {"error", "Error"}:
        return True
    return bool(_strings(fields, _WORDING)) or "code" in fields


def _inner(envelope: Fields) -> Fields:
    inner = envelope.get("error") or envelope.get("Error")
    return cast("Fields", inner) if isinstance(inner, Mapping) else envelope


def _content(response: object) -> bytes | None:
    """A response's body if it was read already: asking for it could read from the network."""
    content = attribute(response, "_content")  # of httpx and of requests
    return content if isinstance(content, bytes) else None


def _told_in_text(error: BaseException, given: object) -> Fields | None:
    if type(error) is not ValueError or not isinstance(given, str):
        return None
    found = (pattern.match(given) for pattern in _IN_TEXT)
    return next((match.groupdict() for match in found if match), None)


def _statuses(error: BaseException, response: object, body: Fields | None) -> Iterator[int]:
    metadata = _field(response, "ResponseMetadata")
    candidates = (
        *(attribute(error, name) for name in ("status_code", "status", "code")),
        *(attribute(response, name) for name in ("status_code", "status")),
        _field(metadata, "HTTPStatusCode"),
        *(_field(body, name) for name in ("code", "status", "status_code")),
    )
    for candidate in candidates:
        number = _number(candidate)
        if number in _STATUSES:
            yield number


def _number(value: object) -> int:
    if isinstance(value, int):
        return int(value)
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{3}", value) else 0


def _field(value: object, name: str) -> object:
    return cast("Fields", value).get(name) if isinstance(value, Mapping) else None


def _names(error: BaseException) -> tuple[str, ...]:
    given = (attribute(error, name) for name in ("code", "type", "status"))
    return tuple(name for name in given if isinstance(name, str))


def _strings(fields: Fields, names: tuple[str, ...]) -> tuple[str, ...]:
    given = (fields.get(name) for name in names)
    return tuple(value for value in given if isinstance(value, str) and value)


def _words(
    error: BaseException, response: object, body: Fields | None, status: int | None
) -> str | None:
    """The first there is: the provider's own text, its SDK's, the reason phrase of the status."""
    content = _content(response)
    plain = (attribute(error, "body"), content and content.decode("utf-8", "replace"))
    candidates = (
        *_strings(body or {}, _WORDING),
        *plain,
        attribute(error, "message"),
        _text(error),
    )
    fit = (text.strip() for text in candidates if isinstance(text, str) and _is_fit(text))
    return next(fit, None) or (_phrase(status) if status else None)


def _is_fit(text: str) -> bool:
    """Whether people can read it: HTML, JSON and a library's own note do not count."""
    text = text.strip()
    return bool(text) and text[0] not in "<{[" and not _NOTHING.search(text)


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - `__str__` may raise anything
        return ""


def _phrase(status: int) -> str:
    known = status in {known.value for known in HTTPStatus}
    return (
        f"The provider's response was {status} {HTTPStatus(status).phrase if known else ''}".strip()
    )


def _headers(error: BaseException, response: object) -> Mapping[str, str]:
    metadata = _field(response, "ResponseMetadata")
    places = (attribute(response, "headers"), attribute(error, "headers"))
    for place in (*places, _field(metadata, "HTTPHeaders")):
        items = attribute(place, "items")
        if callable(items):
            pairs = cast("Iterator[tuple[object, object]]", items())
            return {str(name).lower(): str(value) for name, value in pairs}
    return {}
