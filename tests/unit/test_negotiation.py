"""Which form of an answer a caller gets for what it says in `Accept`."""

import pytest
from starlette.requests import Request

from tailrace.api.errors import NotAcceptable
from tailrace.api.http.negotiation import choose

JSON, EVENT_STREAM = "application/json", "text/event-stream"


def asking(*accept: str) -> Request:
    headers = [(b"accept", value.encode()) for value in accept]
    return Request({"type": "http", "headers": headers})


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ([], JSON),
        ([""], JSON),
        (["*/*"], JSON),
        (["application/*"], JSON),
        (["text/*"], EVENT_STREAM),
        (["text/event-stream"], EVENT_STREAM),
        (["TEXT/Event-Stream;charset=utf-8"], EVENT_STREAM),
        (["text/event-stream, */*"], EVENT_STREAM),
        (["text/event-stream, application/json"], EVENT_STREAM),
        (["application/json, text/event-stream"], JSON),
        (["application/json", "text/event-stream"], JSON),
        (["application/json;q=0.5, text/event-stream"], EVENT_STREAM),
        (["text/event-stream;q=0.5, application/json"], JSON),
        (["text/event-stream; q=0, */*"], JSON),
        (["application/json;q=0, */*;q=0.1"], EVENT_STREAM),
        (["text/html, application/json;q=0.9"], JSON),
        (["text/event-stream;q=many"], EVENT_STREAM),
    ],
)
def test_the_form_that_is_wanted_most_is_chosen(accept: list[str], form: str):
    assert choose(asking(*accept), JSON, EVENT_STREAM) == form


@pytest.mark.parametrize(
    "accept", ["text/html", "image/*", "text/event-stream;q=0", "*/*;q=0", "event-stream", ";,;"]
)
def test_who_takes_none_of_our_forms_is_refused(accept: str):
    with pytest.raises(NotAcceptable) as refusal:
        choose(asking(accept), EVENT_STREAM)
    assert EVENT_STREAM in refusal.value.detail
