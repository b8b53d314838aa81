"""Which graphs the API accepts jobs for, and whether an input matches their schema."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from tailrace.api.catalogue.misfits import Misfits
from tailrace.api.errors import FieldError, GraphBroken, InvalidInput, UnknownGraph
from tailrace.api.schemas import ERRORS_SHOWN, CreateJob, pointer
from tailrace.shared.queue_store import catalogue
from tailrace.shared.queue_store.catalogue import Catalogue, GraphSpec
from tailrace.shared.queue_store.details import GraphDetails, read_details
from tailrace.shared.redis.connection import Client

_FRESH_S: Final = 1.0


@dataclass(slots=True)
class Graphs:
    """The catalogue as this process last read it, at most a second ago."""

    redis: Client
    _catalogue: Catalogue = field(default_factory=lambda: Catalogue({}, 0))
    _read_at: float = float("-inf")
    _misfits: Misfits = field(default_factory=Misfits)

    async def catalogue(self) -> Catalogue:
        """What is served.

        Raises:
            StoreUnavailable: the store did not respond.
        """
        if time.monotonic() - self._read_at > _FRESH_S:
            self._catalogue = await catalogue.read(self.redis)
            self._read_at = time.monotonic()
        return self._catalogue

    async def details(self, spec: GraphSpec) -> GraphDetails:
        """What its worker told of a graph beside its word in the catalogue; empty: nothing.

        Raises:
            StoreUnavailable: the store did not respond.
        """
        told = await read_details(self.redis, spec.details) if spec.details else None
        return told or GraphDetails()

    async def check(self, body: CreateJob) -> None:
        """Refuse a job that no worker could start.

        Raises:
            UnknownGraph: no worker serves a graph of that name.
            GraphBroken: no worker could load it.
            InvalidInput: the graph's own schemas refuse the input or the context.
            StoreUnavailable: the store did not respond.
        """
        spec = (await self.catalogue()).graphs.get(body.graph)
        if spec is None:
            raise UnknownGraph(
                "No worker serves a graph of that name; GET /graphs lists those that are served."
            )
        if spec.broken is not None:
            raise GraphBroken(f"{spec.name}: {spec.broken.detail}")
        errors = [*self._input(spec, body), *self._context(spec, body), *_stops(spec, body)]
        if errors:
            what = dict.fromkeys(error.pointer.split("/")[1] for error in errors)
            shown = tuple(errors[:ERRORS_SHOWN])
            raise InvalidInput(f"The graph does not accept this {' or '.join(what)}.", shown)

    def _input(self, spec: GraphSpec, body: CreateJob) -> list[FieldError]:
        if body.continues:
            return []
        if body.input is None:
            return [
                FieldError(
                    "#/input", "null can't start a run: LangGraph takes it to mean no input."
                )
            ]
        return self._misfits.of(spec.name, spec.input_schema, "input", body.input)

    def _context(self, spec: GraphSpec, body: CreateJob) -> list[FieldError]:
        if body.context is None or spec.context_schema is None:
            return []
        return self._misfits.of(spec.name, spec.context_schema, "context", body.context)


def _stops(spec: GraphSpec, body: CreateJob) -> Iterator[FieldError]:
    for place in ("interrupt_before", "interrupt_after"):
        for n, name in enumerate(getattr(body, place)):
            if spec.nodes and name not in spec.nodes and name != "*":
                shown = f"There is no such node. The nodes are {', '.join(spec.nodes)}."
                yield FieldError(pointer([place, n]), shown)
