"""How a thread's chain is kept: parts by their uses, as long as anything refers to them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
from redis.asyncio import Redis

from tailrace.shared.errors import ValuesLacking
from tailrace.shared.log_store.checkpoints.checkpoint_store import (
    EVERY,
    Checkpoint,
    CheckpointStore,
    Keep,
    Place,
    Write,
)
from tailrace.shared.log_store.checkpoints.parts import Element, tree
from tailrace.shared.redis import keys, scripts
from tailrace.shared.settings import SharedSettings

THREAD = "tenant:0190a5d0-0000-4000-8000-000000000007"
ALL = Keep(EVERY)
KINDS = (b"part:", b"json:", b"uses:", b"blob:", b"show:", b"snap:", b"ckpt:", b"own:")


def texts(*names: object) -> list[bytes]:
    """Elements that are too long to stand in a node."""
    return [b"msgpack:%b" % (f"{name}." * 40).encode()[:40] for name in names]


@dataclass
class Chain:
    """A thread's chain, written without a fence."""

    redis: Redis
    store: CheckpointStore
    versions: dict[tuple[str, tuple[bytes, ...]], str] = field(
        default_factory=dict[tuple[str, tuple[bytes, ...]], str]
    )

    async def put(  # noqa: PLR0913 - a checkpoint has many sides
        self,
        id_: str,
        items: Sequence[bytes],
        *,
        ns: str = "",
        parent: str = "",
        keep: Keep = ALL,
        opened_by: tuple[str, str] | None = None,
        span: int = 1,
        known: Sequence[bytes] = (),
    ) -> dict[bytes, bytes]:
        """Put a checkpoint with a list in its only channel; the fields that it brings."""
        elements = [Element(item, lambda item=item: b'"%b"' % item) for item in items]
        root, fields = tree(elements, frozenset(known).__contains__)
        version = self.versions.setdefault((ns, tuple(items)), f"v{len(self.versions)}")
        new = Checkpoint(
            id_, parent, b"c", b"m", {"list": version}, span, opened_by, snapshot=b"{}"
        )
        await self.store.put(Place(THREAD, ns), new, {"list": root}, keep=keep, fields=fields)
        return fields

    async def write(self, id_: str, value: bytes, index: int = 0, ns: str = "") -> None:
        write = Write("task", index, "path", "channel", value, b'"shown"')
        await self.store.put_writes(Place(THREAD, ns), id_, [write])

    async def items(self, id_: str | None = None, ns: str = "") -> list[bytes]:
        """The list as it is read at a checkpoint."""
        found = await self.store.get(Place(THREAD, ns), id_)
        assert found is not None
        root = found.values["list"]
        return [] if found.parts is None else list(found.parts.elements(root))

    async def ids(self, ns: str = "") -> list[str]:
        return [id_ for found, id_ in await self.store.ids(THREAD) if found == ns]

    async def content(self) -> dict[bytes, bytes]:
        redis: Any = self.redis
        return await redis.hgetall(keys.checkpoints(THREAD))

    async def counted(self) -> dict[bytes, int]:
        """How many fields there are of each kind."""
        content = await self.content()
        return {kind: sum(name.startswith(kind) for name in content) for kind in KINDS}

    async def call(self, words: str, *args: str) -> Any:
        """Call what the library has for other scripts."""
        redis: Any = self.redis
        return await redis.eval(_calling(words), 1, keys.checkpoints(THREAD), *args)


@cache
def _calling(words: str) -> str:
    text = scripts.script_of("log_store/checkpoints/prune").text.decode()
    return text[: text.index("-- Keeps the newest checkpoint of every namespace")] + words


@pytest.fixture
def chain(redis: Redis) -> Chain:
    return Chain(redis, CheckpointStore(redis, SharedSettings()))


async def test_a_random_chain_reads_as_it_was_put_and_leaves_nothing_when_it_is_dropped(
    chain: Chain,
) -> None:
    chance = random.Random(3)
    lists: dict[str, list[bytes]] = {}
    items: list[bytes] = []
    for n in range(40):
        if chance.random() < 0.2 and lists:
            items = list(chance.choice(list(lists.values())))  # a fork, or the same again
        for _ in range(chance.randrange(20)):
            at = chance.randint(0, len(items))
            if items and chance.random() < 0.3:
                del items[at - 1]
            else:
                items.insert(at, *texts(chance.randrange(1000)))
        known = [name for name in await chain.content() if name[:5] in (b"part:", b"json:")]
        id_ = f"{n:03}"
        await chain.put(id_, items, known=known)
        lists[id_] = list(items)
    order = list(lists)
    chance.shuffle(order)
    while order:
        for id_ in order:
            assert await chain.items(id_) == lists[id_]
        gone = [order.pop() for _ in range(min(len(order), 5))]
        await chain.store.drop(Place(THREAD, ""), gone)
        assert await chain.ids() == sorted(order)

    assert await chain.content() == {}


async def test_what_another_checkpoint_or_namespace_refers_to_stays(chain: Chain) -> None:
    many = texts(*range(200))
    fields = await chain.put("1", many)
    await chain.put("2", many, ns="inner", known=list(fields), opened_by=("", "1"))
    await chain.put("3", [*many, *texts("new")], parent="1")
    counted = await chain.counted()

    await chain.store.drop(Place(THREAD, ""), ["1"])  # with what its task has opened

    assert await chain.store.ids(THREAD) == [("", "3")]
    assert await chain.items() == [*many, *texts("new")]
    left = await chain.counted()
    assert left[b"json:"] == counted[b"json:"] == len(many) + 1
    assert left[b"uses:"] == 0


async def test_a_long_chain_is_cut_to_its_length_and_a_quarter_at_most(chain: Chain) -> None:
    items: list[bytes] = []
    known: set[bytes] = set()
    for n in range(60):
        items = [*items[-20:], *texts(n)]
        known |= set(await chain.put(f"{n:03}", items, keep=Keep(16), known=list(known)))
        ids = await chain.ids()
        assert ids == [f"{k:03}" for k in range(n + 1)][-len(ids) :]
        assert min(n + 1, 16) <= len(ids) <= 20
    assert await chain.items() == items
    assert (await chain.counted())[b"json:"] <= len(items) + 20


async def test_old_checkpoints_go_but_the_newest_stays_however_old(chain: Chain) -> None:
    keep = Keep(1000, within_s=0.2)
    await chain.put("1", texts(1), keep=keep)
    await chain.put("2", texts(2), keep=keep)
    await chain.call("redis.call('HSET', CHECKPOINTS, 'low:', '1 1000')")
    await chain.call(
        """
        for id, c in chain('', get('head:')) do
          c.at = 1000
          set_checkpoint('', id, c)
        end
        save()
        """
    )
    assert await chain.ids() == ["1", "2"]

    await chain.put("3", texts(3), keep=keep)

    assert await chain.ids() == ["3"]
    assert (await chain.counted())[b"json:"] == 1


async def test_what_a_kept_checkpoint_is_rebuilt_from_stays_on_its_own_branch(
    chain: Chain,
) -> None:
    await chain.put("1", texts(1))
    await chain.put("2", texts(2), parent="1")
    await chain.put("3", texts(3), parent="2")
    await chain.put("4", texts(4), parent="1", span=2, keep=Keep(1))

    assert await chain.ids() == ["1", "4"]
    await chain.put("5", texts(5), parent="4", keep=Keep(1))
    assert await chain.ids() == ["5"]


async def test_a_part_that_is_not_there_is_asked_for(chain: Chain) -> None:
    fields = await chain.put("1", texts(*range(100)))
    before = await chain.content()
    last = texts(99)[0]
    for value in (last, b'"%b"' % last):
        name = next(name for name in fields if fields[name] == value)
        redis: Any = chain.redis
        await redis.hdel(keys.checkpoints(THREAD), name)
        with pytest.raises(ValuesLacking):
            await chain.put("2", [*texts(*range(100)), *texts("new")], known=list(fields))
        await redis.hset(keys.checkpoints(THREAD), name, before[name])
    assert await chain.content() == before


async def test_the_same_checkpoint_again_counts_nothing_twice(chain: Chain) -> None:
    await chain.put("1", texts(*range(50)))
    await chain.put("2", texts(*range(51)), parent="1")
    before = await chain.counted()

    await chain.put("2", texts(*range(51)), parent="1")
    await chain.put("1", texts(*range(50)))

    assert await chain.counted() == before
    assert await chain.ids() == ["1", "2"]
    await chain.store.drop(Place(THREAD, ""), ["1", "2"])
    assert await chain.content() == {}


async def test_one_that_comes_late_takes_its_place(chain: Chain) -> None:
    for id_ in ("2", "4", "3", "1", "5"):
        await chain.put(id_, texts(id_))

    assert await chain.ids() == ["1", "2", "3", "4", "5"]
    found = await chain.store.get(Place(THREAD, ""))
    assert found is not None
    assert found.id == "5"


async def test_a_thread_goes_back_to_where_it_was_in_all_its_graphs(chain: Chain) -> None:
    await chain.put("1", texts(*range(60)))
    await chain.put("2", texts("inner"), ns="task:1", opened_by=("", "1"))
    await chain.put("3", texts("stateful"), ns="stateful")
    await chain.write("1", b"before", 0)
    await chain.write("2", b"before", 0, ns="task:1")
    position, before = await chain.call("return position()"), await chain.content()

    await chain.write("1", b"after", 1)
    await chain.write("2", b"after", 1, ns="task:1")
    await chain.put("4", texts(*range(61)), parent="1")
    await chain.put("5", texts("deep"), ns="task:2", opened_by=("", "4"))
    await chain.put("6", texts("stateful", "too"), ns="stateful", parent="3")
    await chain.write("7", b"of a checkpoint that never came")
    await chain.call("rewind(ARGV[1])", position)

    after = await chain.content()
    assert {n: v for n, v in after.items() if n != b"writes"} == {
        n: v for n, v in before.items() if n != b"writes"
    }


async def test_an_empty_thread_goes_back_to_empty(chain: Chain) -> None:
    position = await chain.call("return position()")
    await chain.put("1", texts(*range(60)))
    await chain.write("1", b"w")

    await chain.call("rewind(ARGV[1])", position)

    assert {n[:5] for n in await chain.content()} <= {b"top", b"write"}
    assert await chain.store.get(Place(THREAD, "")) is None


async def test_a_copy_reads_the_same_and_pruning_leaves_the_newest(chain: Chain) -> None:
    for n in range(5):
        await chain.put(f"{n}", texts(*range(50 + n)))
    other = THREAD[:-1] + "8"

    await chain.store.copy(THREAD, other)
    await chain.store.prune(THREAD)

    assert await chain.ids() == ["4"]
    assert await chain.items() == texts(*range(54))
    assert [id_ for _, id_ in await chain.store.ids(other)] == ["0", "1", "2", "3", "4"]
    found = await chain.store.get(Place(other, ""), "0")
    assert found is not None
    assert found.parts is not None
    assert list(found.parts.elements(found.values["list"])) == texts(*range(50))
    await chain.store.delete(other)
    assert await chain.store.ids(other) == []
