"""What is too large to stay in an event, and what it is taken for."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.worker.attempt.stream.large_values import LargeValue, large_values

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
B64 = base64.b64encode(PNG).decode()
SVG = base64.b64encode(b"<svg>" * 20).decode()

BLOCKS: dict[str, tuple[Any, bytes, str, str]] = {
    "bytes": ({"$bytes": B64}, PNG, "image/png", "bytes"),
    "bytes that nobody knows": (
        {"$bytes": SVG},
        b"<svg>" * 20,
        "application/octet-stream",
        "bytes",
    ),
    "OpenAI's image": (
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{B64}"}},
        PNG,
        "image/png",
        "data-url",
    ),
    "Anthropic's image": (
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": B64}},
        PNG,
        "image/png",
        "base64",
    ),
    "LangChain's image": (
        {"type": "image", "base64": SVG, "mime_type": "image/svg+xml"},
        b"<svg>" * 20,
        "image/svg+xml",
        "base64",
    ),
    "Google's image": (
        {"inline_data": {"mimeType": "image/png", "data": B64}},
        PNG,
        "image/png",
        "base64",
    ),
    "a screenshot without a word": ({"screenshot": B64}, PNG, "image/png", "base64"),
    "in a list": (["short", [B64]], PNG, "image/png", "base64"),
    "a text": ({"page": "é" * 100}, ("é" * 100).encode(), "text/plain", "text"),
    "a text that says what it is": (
        {"media_type": "text/html", "data": "<p>" * 50},
        b"<p>" * 50,
        "text/plain",
        "text",
    ),
    "base64 that was cut": ({"shot": B64[:-3]}, B64[:-3].encode(), "text/plain", "text"),
    "base64 with another end": (
        {"shot": B64[:-2] + "/="},
        (B64[:-2] + "/=").encode(),
        "text/plain",
        "text",
    ),
    "a URL with words of its own": (
        {"url": f"data:text/html;charset=utf-8;base64,{B64}"},
        f"data:text/html;charset=utf-8;base64,{B64}".encode(),
        "text/plain",
        "text",
    ),
}


@pytest.mark.parametrize(("block", "data", "media_type", "form"), BLOCKS.values(), ids=BLOCKS)
def test_a_large_part_is_told_apart_by_what_stands_in_it_and_beside_it(
    block: Any, data: bytes, media_type: str, form: str
) -> None:
    [large] = large_values([block], 100)

    assert (large.data, large.media_type, large.form) == (data, media_type, form)


def test_what_is_smaller_stays() -> None:
    assert list(large_values([{"a": "x" * 99, "b": {"$bytes": B64[:96]}}], 100)) == []


def put_back(large: LargeValue) -> Any:
    """What PROTOCOL says of each form."""
    text = base64.b64encode(large.data).decode()
    return {
        "bytes": {"$bytes": text},
        "base64": text,
        "data-url": f"data:{large.media_type};base64,{text}",
        "text": large.data.decode("utf-8", "replace"),
    }[large.form]


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"]))
        | st.binary().map(lambda b: base64.b64encode(b).decode())
        | st.binary().map(lambda b: base64.b64encode(PNG + b).decode())
        | st.binary().map(lambda b: f"data:image/gif;base64,{base64.b64encode(b).decode()}")
        | st.binary().map(lambda b: {"$bytes": base64.b64encode(b).decode()})
    )
)
def test_whatever_is_taken_out_can_be_put_back_as_it_was(parts: list[Any]) -> None:
    root = [{"mime_type": "image/png", "part": part} for part in parts]

    for large in list(large_values(root, 1)):
        if large.key == "part":
            assert put_back(large) == large.parent["part"]
