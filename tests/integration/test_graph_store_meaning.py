"""A search by meaning finds what LangGraph's `InMemoryStore` finds with the same index."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph.store.base import BaseStore, GetOp, PutOp, SearchOp, ensure_embeddings
from redis.asyncio import Redis

from tailrace.shared.errors import ConfigurationError
from tailrace.shared.project.file import read_project
from tailrace.shared.redis.connection import connect
from tailrace.worker.store.graph_store import GraphStores
from tailrace.worker.store.meaning import Index, load_index
from tests.support.graph_stores import Model, Twins
from tests.support.graphs import graphs_file, own_interpreter

LETTERS: Final = "abc"
"""A text means how often it has each of these, so vectors are exact in any precision."""
DIMS: Final = len(LETTERS)
EVERYTHING: Final = SearchOp((), None, 100, 0, "abcabc")

texts: Any = st.text("abcx", max_size=6)
# LangGraph divides by the length of a query's vector, so one that means nothing has no order.
queries: Any = st.just("") | st.text("abcx", max_size=5).map("{}a".format)
namespaces: Any = st.sampled_from([("a",), ("a", "b"), ("c",)])
item_keys: Any = st.sampled_from(["k", "l", "m"])
# LangGraph's store refuses an item in which one text stands twice.
parts: Any = st.lists(texts, max_size=2, unique=True)
values: Any = st.fixed_dictionaries(
    {"n": st.integers(0, 1)}, optional={"text": texts, "parts": parts}
)
indexes: Any = st.sampled_from([None, False, ["text"], ["parts[*]"]])
operations: Any = st.one_of(
    st.tuples(namespaces, item_keys, values, indexes).map(lambda a: PutOp(*a)),
    st.tuples(namespaces, item_keys, st.none()).map(lambda a: PutOp(*a)),
    st.tuples(
        st.sampled_from([(), ("a",)]),
        st.none() | st.just({"n": 1}),
        st.integers(0, 4),
        st.integers(0, 2),
        queries,
    ).map(lambda a: SearchOp(*a)),
)


def embed(wanted: Sequence[str]) -> list[list[float]]:
    return [[float(text.count(letter)) for letter in LETTERS] for text in wanted]


async def embed_later(wanted: Sequence[str]) -> list[list[float]]:
    return embed(wanted)


def index(fields: Sequence[str] | None = ("text",), dims: int = DIMS) -> Index:
    return Index(ensure_embeddings(embed_later), dims, fields)


@pytest.fixture
async def store(redis: Redis) -> BaseStore:
    return GraphStores(redis, index=index()).of("tenant")


def keys_of(found: Sequence[Any]) -> list[str]:
    return [item.key for item in found]


@given(ops=st.lists(operations, max_size=20))
@settings(max_examples=40, deadline=None)
def test_any_searches_find_what_langgraphs_own_store_finds(store_url: str, ops: Any) -> None:
    async def run() -> None:
        async with connect(store_url) as redis:
            model = Model(index={"dims": DIMS, "embed": embed, "fields": ["text"]})
            real = GraphStores(redis, index=index()).of(f"t{uuid4()}")
            twins = Twins(redis, real, model)
            for op in [*ops, EVERYTHING]:
                expected, found = await twins.batch([op])
                assert found == expected

    asyncio.run(run())


async def test_an_item_is_found_by_the_best_of_its_texts_and_by_no_old_one(
    store: BaseStore,
) -> None:
    await store.aput(("a",), "k", {"text": "aaa"})
    await store.aput(("a",), "l", {"parts": ["b", "aab"]}, index=["parts[*]"])
    before = await store.asearch(("a",), query="b")
    await store.aput(("a",), "l", {"parts": ["c"]}, index=["parts[*]"])
    after = await store.asearch(("a",), query="b", limit=1)

    assert [(item.key, item.score) for item in before] == [("l", 1.0), ("k", 0.0)]
    assert [item.score for item in after] == [0.0]


async def test_equal_texts_of_one_batch_are_embedded_once_and_found_all(store: BaseStore) -> None:
    await store.abatch([PutOp(("a",), key, {"text": "a"}) for key in ("k", "l")])
    assert keys_of(await store.asearch(("a",), query="a")) == ["k", "l"]


async def test_what_was_put_without_an_index_is_found_behind_the_rest(redis: Redis) -> None:
    await GraphStores(redis).of("tenant").aput(("a",), "old", {"text": "a"})
    store = GraphStores(redis, index=index()).of("tenant")
    await store.aput(("a",), "new", {"text": "b"})

    found = await store.asearch(("a",), query="a")
    assert [(item.key, item.score) for item in found] == [("new", 0.0), ("old", None)]


async def test_plain_functions_search_by_meaning_from_their_threads(store: BaseStore) -> None:
    await store.aput(("a",), "k", {"text": "a"})

    def search() -> list[str]:
        return keys_of(store.search(("a",), query="a"))

    assert await asyncio.to_thread(search) == ["k"]


async def test_a_search_by_meaning_renews_what_it_finds_and_passes_over_what_expired(
    redis: Redis, store: BaseStore
) -> None:
    twins = Twins(redis, store)
    await store.aput(("a",), "k", {"text": "a"}, ttl=5)
    await store.aput(("a",), "l", {"text": "b"})
    assert keys_of(await store.asearch(("a",), query="a", limit=1, refresh_ttl=True)) == ["k"]
    await twins.expire()

    assert keys_of(await store.asearch(("a",), query="a")) == ["l"]
    assert await store.abatch([GetOp(("a",), "k")]) == [None]


async def test_an_embedding_of_another_length_is_told_and_nothing_is_stored(redis: Redis) -> None:
    store = GraphStores(redis, index=index(dims=4)).of("tenant")
    with pytest.raises(ValueError, match=r"has 3 numbers, but `store.index.dims` says 4"):
        await store.aput(("a",), "k", {"text": "a"})
    assert await store.aget(("a",), "k") is None


def project(folder: Path, **told: Any) -> Any:
    (folder / "embedding.py").write_text(
        "def embed(texts):\n    return [[float(len(text)), 1.0] for text in texts]\n"
    )
    return read_project(graphs_file(folder, {}, store={"index": {"dims": 2, **told}}))


async def test_the_projects_own_function_embeds(redis: Redis, tmp_path: Path) -> None:
    def load() -> Index | None:
        return load_index(project(tmp_path, embed="./embedding.py:embed", fields=["text"]))

    with own_interpreter():
        store = GraphStores(redis, index=await asyncio.to_thread(load)).of("tenant")
    await store.aput(("a",), "short", {"text": ""})
    await store.aput(("a",), "long", {"text": "x" * 9})

    assert keys_of(await store.asearch(("a",), query="y" * 9)) == ["long", "short"]


@pytest.mark.parametrize(
    ("embed", "reason"),
    [
        ("./embedding.py:nothing", "has no 'nothing'"),
        ("./missing.py:embed", "missing.py"),
        ("nobody:model", "nobody"),
    ],
)
def test_an_embedding_that_can_not_be_loaded_is_named_at_the_start(
    tmp_path: Path, embed: str, reason: str
) -> None:
    with (
        own_interpreter(),
        pytest.raises(ConfigurationError, match=f"store.index.embed.*{reason}"),
    ):
        load_index(project(tmp_path, embed=embed))
