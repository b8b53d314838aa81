"""Threads found by status and metadata, in order: a page costs the same however many there are.

Each shard has an index of each tenant's threads, told in `record.lua`. A page is merged from all of
them. What the index can't tell is looked up in the records, of which one call reads a limited
number: then the page is short, and has a cursor.
"""

import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple, Self
from uuid import UUID

from tailrace.shared import terms
from tailrace.shared.log_store.threads.thread_store import read_threads, time_of, unlist
from tailrace.shared.redis import keys
from tailrace.shared.redis.commands import Command, ask_all
from tailrace.shared.redis.connection import Client, slots_of
from tailrace.shared.redis.scripts import Argument, Call, run_scripts
from tailrace.shared.threads import Thread, ThreadId, ThreadName, ThreadStatus

Order = Literal["created_at", "updated_at"]
Where = Callable[[Sequence[Thread]], Awaitable[Sequence[bool]]]

MOST_OFFSET: Final = 10_000
MOST_IDS: Final = 1_000
ROWS: Final = 1_000
"""How many records one call looks at."""

_NAMES: Final = 128
"""How many names of a shard's index one step looks at, where threads have to have several terms."""
_STEPS: Final = 20
"""How many steps one call takes."""
_SOME: Final = 4
"""A shard is asked for twice its share of what is wanted, and for so many more."""
_LEAST_LEAP: Final = 256
"""Fewer names are passed over one by one."""
_SHARDS: Final = len(keys.SHARDS)
_PLACE_BYTES: Final = 22
_ORDERS: Final[Mapping[Order, bytes]] = {"created_at": b"c", "updated_at": b"u"}
_CURSOR: Final = re.compile(rb"[cu][01][(\[].{%d}" % _PLACE_BYTES, re.DOTALL)


class InvalidPage(Exception):
    """The cursor is none, or of a search in another order."""


@dataclass(frozen=True, slots=True)
class Search:
    """Which threads are wanted, and in which order."""

    status: ThreadStatus | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What a thread's metadata has to contain."""
    ids: Sequence[ThreadId] | None = None
    """Only these, `MOST_IDS` at most."""
    order: Order = "created_at"
    descending: bool = True
    limit: int = 10
    offset: int = 0
    """How many to pass over, `MOST_OFFSET` at most."""
    cursor: str | None = None
    """What an earlier page has said."""
    where: Where | None = None
    """What else has to hold of them."""

    def matches(self, thread: Thread) -> bool:
        """Whether the thread's record is as it is wanted."""
        right = self.status in (None, thread.status)
        return right and terms.contains(thread.metadata, self.metadata)


class Page(NamedTuple):
    """Some of the threads that were wanted."""

    threads: Sequence[Thread]
    cursor: str | None
    """Where the next page begins; None: that is all. A page with a cursor may be short."""


class ThreadSearch:
    """Finds threads on one log store.

    Raises:
        StoreUnavailable: of every call: the store did not reply.
    """

    def __init__(self, redis: Client) -> None:
        self._redis = redis

    async def page(self, tenant: str, search: Search) -> Page:
        """A page of the tenant's threads.

        Raises:
            InvalidPage: the cursor is not one of this search.
        """
        if search.ids is not None:
            found = await self._of_ids(tenant, search, search.ids)
            return Page(found[search.offset : search.offset + search.limit], None)
        walk = await _Walk(self._redis, tenant, search).prepared()
        await walk.skip(search.offset)
        threads: list[Thread] = []
        while len(threads) < search.limit and not walk.over:
            threads += await walk.threads(search.limit - len(threads))
        return Page(threads, None if walk.ended else walk.cursor)

    async def count(self, tenant: str, search: Search) -> int:
        """How many of the tenant's threads match. Looks at all that have the rarest term."""
        if search.ids is not None:
            return len(await self._of_ids(tenant, search, search.ids))
        walk, total = await _Walk(self._redis, tenant, search).prepared(), 0
        if walk.leaps:
            return await walk.size()
        while not walk.ended:
            total += await walk.pass_over(ROWS)
        return total

    async def _of_ids(self, tenant: str, search: Search, ids: Sequence[ThreadId]) -> list[Thread]:
        names = [ThreadName(tenant, id_) for id_ in dict.fromkeys(ids[:MOST_IDS])]
        found = [thread for thread in await read_threads(self._redis, names) if thread]
        found = await _matching(search, found)
        found.sort(
            key=lambda thread: (getattr(thread, search.order), thread.id),
            reverse=search.descending,
        )
        return found


class _Place(NamedTuple):
    """Where a thread is in the index: its time and its id, in bytes."""

    at: bytes
    sure: bool
    """Whether it is known to match. Else its record has to be read."""

    def name(self, tenant: str) -> ThreadName:
        """The thread that is there."""
        return ThreadName(tenant, ThreadId(str(UUID(bytes=self.at[-16:]))))


class _Walk:
    """One search on its way through the index of all shards, step by step."""

    def __init__(self, redis: Client, tenant: str, search: Search) -> None:
        self._redis = redis
        self._tenant = tenant
        self._search = search
        self._order = _ORDERS[search.order]
        self._bound = _bound(search.cursor, self._prefix) if search.cursor else b""
        self._rows_left = ROWS
        self._steps_left = _STEPS
        self._seen: set[ThreadName] = set()
        self.ended = False
        """Whether there is nothing more."""
        found = [terms.of_value(name, value) for name, value in search.metadata.items()]
        own = [term for term in found if term is not None]
        status = [] if search.status is None else [terms.of_status(search.status)]
        self._terms = [*status, *own] or [terms.EVERY]
        self._sure = len(own) == len(found) and search.where is None
        self._main = b"".join(self._terms)
        self._with_more = ""
        """The shards that have threads with more values than are listed."""
        self._more = b"".join([terms.MORE, *status]) if own else b""

    async def prepared(self) -> Self:
        """The same, once it is known which shards have threads with more values than are listed."""
        if self._more:
            prefix = self._order + terms.MORE
            counts = await self._ask("ZLEXCOUNT", b"[" + prefix, b"(" + prefix + b"\xff")
            pairs = zip(keys.SHARDS, counts, strict=True)
            self._with_more = "".join(shard for shard, count in pairs if count)
        return self

    @property
    def over(self) -> bool:
        """Whether this call has looked at enough."""
        return self.ended or self._rows_left <= 0 or self._steps_left <= 0

    @property
    def leaps(self) -> bool:
        """Whether the threads that match lie in a row in each shard."""
        return self._sure and len(self._terms) == 1 and not self._with_more

    @property
    def cursor(self) -> str:
        """Where another call continues."""
        text = base64.urlsafe_b64encode(self._prefix + self._bound)
        return text.rstrip(b"=").decode()

    async def size(self) -> int:
        """How many match, where they lie in a row."""
        return sum(await self._counts(b"", self._bound))

    async def skip(self, offset: int) -> None:
        """Pass over so many that match."""
        if self.leaps:
            offset = await self._leap(offset)
        while offset > 0 and not self.over:
            offset -= await self.pass_over(offset)

    async def pass_over(self, most: int) -> int:
        """Pass over some that match; how many it were."""
        places = await self._step(most)
        unsure = [place for place in places if not place.sure]
        return len(places) - len(unsure) + len(await self._read(unsure))

    async def threads(self, most: int) -> list[Thread]:
        """The next ones that match, `most` at most, perhaps none."""
        # Where few match, many have to be looked at.
        places = await self._step(most if self._sure else min(max(most, _NAMES), self._rows_left))
        found = await self._read(places)
        if len(found) > most:
            self._bound, self.ended = b"(" + found[most - 1][0].at, False
        return [thread for _, thread in found[:most]]

    async def _step(self, most: int) -> list[_Place]:
        """The next places, merged from all shards."""
        self._steps_left -= 1
        share = min(most, most // _SHARDS * 2 + _SOME)
        main, more = (
            [self._call(some, way, share) for some in slots_of(self._redis, shards)]
            for shards, way in ((keys.SHARDS, self._main), (self._with_more, self._more))
        )
        replies = await run_scripts(self._redis, "log_store/threads/page", [*main, *more])
        down, found, stops = self._search.descending, dict[bytes, bool](), list[bytes]()
        for n, reply in enumerate(replies):
            for stop, places in _parts(reply):
                sure = self._sure and n < len(main)
                found |= {at: sure or found.get(at, False) for at in places}
                if stop:
                    stops.append(stop)
        # Beyond where one shard has stopped, it may have some that come before those of others.
        stop = (max if down else min)(stops) if stops else None
        order = sorted(found, reverse=down)
        if stop is not None:
            order = [at for at in order if (at >= stop if down else at <= stop)]
        if len(order) > most:
            order = order[:most]
            self._bound = b"(" + order[-1]
        elif stop is not None:
            self._bound = b"(" + stop
        else:
            self.ended = True
        return [_Place(at, found[at]) for at in order]

    async def _read(self, places: Sequence[_Place]) -> list[tuple[_Place, Thread]]:
        """Those of the threads that match by their records."""
        self._rows_left -= len(places)
        names = [place.name(self._tenant) for place in places]
        read = await read_threads(self._redis, names)
        pairs = list(zip(places, names, read, strict=True))
        stale = [
            (name, [self._order + term + place.at for term in {*self._terms, terms.EVERY}])
            for place, name, thread in pairs
            if thread is None or not self._at(place, thread)
        ]
        await unlist(self._redis, stale)
        found = {t.id: p for p, name, t in pairs if t is not None and name not in self._seen}
        self._seen.update(names)
        threads = {t.id: t for t in read if t is not None and t.id in found}
        matching = await _matching(self._search, list(threads.values()))
        return [(found[thread.id], thread) for thread in matching]

    def _at(self, place: _Place, thread: Thread) -> bool:
        """Whether the record is of this place. One that has just moved is shown all the same."""
        return time_of(int.from_bytes(place.at[:-16])) == getattr(thread, self._search.order)

    async def _leap(self, offset: int) -> int:
        """Pass over most of those that lie in a row, without reading them; how many are left.

        Of all shards' places of a rank, none has more before it than that rank in each shard.
        """
        while offset >= _LEAST_LEAP:
            rank = offset // _SHARDS
            first, last = self._range(b"", self._bound)
            down = self._search.descending
            ends = (last, first, "BYLEX", "REV") if down else (first, last, "BYLEX")
            ranked = await self._ask("ZRANGE", *ends, "LIMIT", rank, 1)
            found = [name[-_PLACE_BYTES:] for [name] in filter(None, ranked)]
            if not found:
                self.ended = True
                return 0
            place = max(found) if down else min(found)
            offset -= sum(await self._counts(b"(" + place, self._bound))
            self._bound = b"[" + place
        return offset

    async def _counts(self, until: bytes, bound: bytes) -> list[int]:
        first, last = self._range(until, bound)
        return await self._ask("ZLEXCOUNT", first, last)

    async def _ask(self, command: str, *args: str | bytes | int) -> list[Any]:
        """The replies of all shards' indices."""
        wanted: list[Command] = [
            (command, keys.threads_of_shard(shard, self._tenant), *args) for shard in keys.SHARDS
        ]
        return await ask_all(self._redis, wanted)

    def _range(self, until: bytes, bound: bytes) -> tuple[bytes, bytes]:
        """The names from the bound to another place, as Redis wants them: the lower end first."""
        prefix = self._order + self._terms[0]
        ends = [end[:1] + prefix + end[1:] if end else b"" for end in (until, bound)]
        if not self._search.descending:
            ends.reverse()
        return ends[0] or b"[" + prefix, ends[1] or b"(" + prefix + b"\xff"

    def _call(self, shards: Sequence[str], way: bytes, share: int) -> Call:
        args: dict[str, Argument] = {
            "order": self._order,
            "down": int(self._search.descending),
            "bound": self._bound,
            "terms": way,
            "count": share,
            "most": _NAMES,
        }
        return Call({"FOUND": [keys.threads_of_shard(s, self._tenant) for s in shards]}, args)

    @property
    def _prefix(self) -> bytes:
        return self._order + (b"1" if self._search.descending else b"0")


def _parts(reply: list[bytes]) -> Iterator[tuple[bytes, list[bytes]]]:
    """Of each shard where it has stopped, and its places."""
    at = 0
    while at < len(reply):
        end = at + 2 + int(reply[at])
        yield reply[at + 1], reply[at + 2 : end]
        at = end


async def _matching(search: Search, threads: list[Thread]) -> list[Thread]:
    found = [thread for thread in threads if search.matches(thread)]
    if search.where is None or not found:
        return found
    right = await search.where(found)
    return [thread for thread, fits in zip(found, right, strict=True) if fits]


def _bound(cursor: str, prefix: bytes) -> bytes:
    try:
        told = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise InvalidPage from error
    if not _CURSOR.fullmatch(told) or not told.startswith(prefix):
        raise InvalidPage
    return told.removeprefix(prefix)
