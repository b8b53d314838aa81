"""Lists in parts: what comes back is what was given, and a change brings little."""

import random
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from tailrace.shared.log_store.checkpoints.parts import (
    JSON,
    PART,
    Element,
    Parts,
    is_element,
    is_tree,
    tree,
)

SHORT = 20
NODE_BYTES = 32 * (2 + 32 + 64)


def elements(texts: Sequence[bytes]) -> list[Element]:
    return [Element(b"msgpack:" + text, lambda text=text: b'"%b"' % text) for text in texts]


def read(root: bytes, fields: dict[bytes, bytes]) -> tuple[list[bytes], list[bytes]]:
    """The elements in both forms, from what the store has."""
    nodes = {n.removeprefix(PART): v for n, v in fields.items() if not is_element(n, v)}
    forms = [
        {n.removeprefix(kind): v for n, v in fields.items() if n.startswith(kind)}
        for kind in (PART, JSON)
    ]
    packed, shown = (
        list(Parts(kind, found, nodes).elements(root))
        for kind, found in zip((b"part:", b"json:"), forms, strict=True)
    )
    return packed, shown


def messages(count: int, seed: int = 1) -> list[bytes]:
    chance = random.Random(seed)
    return [chance.randbytes(100).hex().encode() for _ in range(count)]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.binary(max_size=100).map(lambda b: b.hex().encode()), max_size=200))
def test_a_list_comes_back_as_it_was_in_both_forms(texts: list[bytes]) -> None:
    root, fields = tree(elements(texts), lambda _: False)

    assert is_tree(root)
    assert len(root) <= NODE_BYTES
    assert read(root, fields) == ([b"msgpack:" + t for t in texts], [b'"%b"' % t for t in texts])


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 500), st.sampled_from([b"short", b"long" * 50]))
def test_a_list_of_equal_elements_comes_back_as_it_was(count: int, text: bytes) -> None:
    root, fields = tree(elements([text] * count), lambda _: False)

    assert read(root, fields)[0] == [b"msgpack:" + text] * count


def test_the_same_list_has_the_same_root() -> None:
    assert tree(elements(messages(500)), bool)[0] == tree(elements(messages(500)), bool)[0]


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 499))
def test_a_message_more_or_less_anywhere_brings_a_few_nodes_and_itself(at: int) -> None:
    before = messages(500)
    _, stored = tree(elements(before), lambda _: False)
    with_one = [*before[:at], *messages(1, seed=2), *before[at:]]
    without_one = [*before[:at], *before[at + 1 :]]

    for after, new_elements in ((with_one, 1), (without_one, 0)):
        root, brought = tree(elements(after), stored.__contains__)

        found = [name for name, value in brought.items() if is_element(name, value)]
        assert len(found) == 2 * new_elements
        assert sum(map(len, brought.values())) < 5000
        assert read(root, stored | brought)[0] == [b"msgpack:" + text for text in after]


def test_a_short_element_needs_no_field_of_its_own() -> None:
    texts = [b"%d" % n for n in range(SHORT)]

    root, fields = tree(elements(texts), lambda _: False)

    assert not [name for name, value in fields.items() if is_element(name, value)]
    assert read(root, fields)[0] == [b"msgpack:" + text for text in texts]
