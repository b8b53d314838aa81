"""How the load reads what the service sends."""

from itertools import pairwise

import pytest

from bench.chain.wire import Listening, arrivals

FRAMES = b'event: custom\ndata: {"i":1}\nid: 3\n\nevent: end\ndata: {"s":"x"}\nid: 4\n\n'


def chunked(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)


def cut(body: bytes, *places: int) -> Listening:
    edges = [0, *places, len(body)]
    pieces = [body[a:b] for a, b in pairwise(edges)]
    return Listening(0, list(enumerate(pieces)))


@pytest.mark.parametrize("place", range(1, len(chunked(FRAMES))))
def test_events_survive_every_cut_between_two_reads(place: int) -> None:
    found = arrivals(cut(chunked(FRAMES), place))
    assert [(event.name, event.data) for event in found] == [("custom", {"i": 1}), ("end", {"s": "x"})]  # fmt: skip  # noqa: E501


def test_an_event_arrives_with_the_piece_that_completes_it() -> None:
    first, second = chunked(FRAMES[:20]), chunked(FRAMES[20:])
    found = arrivals(Listening(0, [(1, first), (2, second)]))
    assert [event.at_ns for event in found] == [2, 2]


def test_a_comment_is_no_event() -> None:
    assert arrivals(Listening(0, [(1, chunked(b": ping\n\n"))])) == []
