"""Semantic search: what is embedded of an item, and which items are nearest to a query.

Every vector is compared, as in LangGraph's `InMemoryStore`, whose own code ranks them. That is fast
enough for thousands of items. This module stores nothing.
"""

import asyncio
from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from langchain_core.embeddings import Embeddings
from langgraph.store.base import (
    Item,
    PutOp,
    SearchItem,
    SearchOp,
    ensure_embeddings,
)
from langgraph.store.memory import InMemoryStore

from tailrace.shared.errors import ConfigurationError
from tailrace.shared.log_store.items.item_store import Labels
from tailrace.shared.project.values import GraphEntry, Project, StoreIndex
from tailrace.worker.catalogue.modules import named_by

Place = tuple[Labels, str]

_FLOAT: Final = "f"
_FLOAT_BYTES: Final = 4


class Index:
    """Makes vectors of items, and finds the nearest.

    Args:
        embeddings: makes vectors of texts.
        dims: numbers in a vector.
        fields: paths of what is embedded of an item that names none; None: all of it.
    """

    def __init__(
        self, embeddings: Embeddings, dims: int, fields: Sequence[str] | None = None
    ) -> None:
        self._embeddings = embeddings
        self._dims = dims
        paths = None if fields is None else list(fields)
        self._rules = _Rules(index={"dims": dims, "embed": embeddings, "fields": paths})

    async def vectors(self, puts: Iterable[PutOp]) -> Mapping[Place, bytes]:
        """The packed vectors of items to put, by place; an item may have several or none.

        Raises:
            ValueError: the vectors have the wrong length.
            Exception: whatever the project's own embedding raises.
        """
        places = self._rules.texts(puts)
        if not places:
            return {}
        embedded = await self._embeddings.aembed_documents(list(places))
        found: defaultdict[Place, bytes] = defaultdict(bytes)
        for vector, having in zip(embedded, places.values(), strict=True):
            for place in having:
                found[place] += self._packed(vector)
        return found

    async def nearest(
        self, op: SearchOp, found: Sequence[tuple[Item, bytes]]
    ) -> Sequence[SearchItem]:
        """The page of these items that the search asks for, nearest first.

        Items without a vector come last, without a score.
        """
        query = await self._embeddings.aembed_query(op.query or "")
        # In a thread: thousands of vectors take a second, and longer without numpy.
        return await asyncio.to_thread(self._ranked, op, query, found)

    def _ranked(
        self, op: SearchOp, query: Sequence[float], found: Sequence[tuple[Item, bytes]]
    ) -> list[SearchItem]:
        candidates = [(item, self._unpacked(vectors)) for item, vectors in found]
        return self._rules.ranked(op, query, candidates)

    def _packed(self, vector: Sequence[float]) -> bytes:
        if len(vector) != self._dims:
            raise ValueError(
                f"an embedding has {len(vector)} numbers, but `store.index.dims` says {self._dims}"
            )
        return array(_FLOAT, vector).tobytes()

    def _unpacked(self, packed: bytes) -> list[Sequence[float]]:
        size = self._dims * _FLOAT_BYTES
        parts = (packed[at : at + size] for at in range(0, len(packed), size))
        # Arrays, not lists: numpy takes them without copying each number.
        return [array("d", array(_FLOAT, part)) for part in parts]


class _Rules(InMemoryStore):
    """LangGraph's own rules, with our index. Holds no items."""

    def texts(self, puts: Iterable[PutOp]) -> Mapping[str, Sequence[Place]]:
        """The texts to embed, each with the items that have it."""
        found = self._extract_texts({(op.namespace, op.key): op for op in puts})
        return {text: [(at[0], at[1]) for at in places] for text, places in found.items()}

    def ranked(
        self,
        op: SearchOp,
        query: Sequence[float],
        candidates: Sequence[tuple[Item, Sequence[Sequence[float]]]],
    ) -> list[SearchItem]:
        """The page of these items that is asked for."""
        results: list[Any] = [None]
        asked: Any = {0: (op, candidates)}
        self._batch_search(asked, {op.query or "": list(query)}, results)
        return results[0]


def load_index(project: Project) -> Index | None:
    """The index of the project's `store.index`. Runs its code, so call it outside an event loop.

    Raises:
        ConfigurationError: its embedding can't be loaded.
    """
    wanted = project.store.index
    if wanted is None:
        return None
    try:
        embeddings = ensure_embeddings(_embed(wanted, project))
    except Exception as error:  # other people's modules may raise anything
        reason = f"{type(error).__name__}: {error}"
        raise ConfigurationError(f"store.index.embed can't be loaded: {reason}") from error
    return Index(embeddings, wanted.dims, wanted.fields)


def _embed(wanted: StoreIndex, project: Project) -> Any:
    place, _, variable = wanted.embed.rpartition(":")
    entry = GraphEntry("store.index", place, variable)
    return named_by(entry, project)[0] if entry.is_file else wanted.embed
