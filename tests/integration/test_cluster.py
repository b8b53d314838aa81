"""The log store on a real Cluster: three primaries, slots that move, nodes that go and return."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from langgraph.store.base import GetOp, ListNamespacesOp, Op, PutOp, SearchOp
from redis.asyncio import Redis

from tailrace.shared.errors import ConfigurationError, StoreUnavailable
from tailrace.shared.jobs import Holder, Interrupt, JobId, Pause, new_job_id
from tailrace.shared.log_store.checkpoints.checkpoint_store import (
    EVERY,
    Checkpoint,
    CheckpointStore,
    Keep,
    Place,
)
from tailrace.shared.log_store.events.log_reader import BLOCK_S, LogReader
from tailrace.shared.log_store.jobs.job_store import JobStore, OnThread
from tailrace.shared.log_store.jobs.open_jobs import OpenJobs
from tailrace.shared.log_store.journal.journal import PIECE_BYTES, NewCheckpoint
from tailrace.shared.log_store.threads.expiry import Expiry
from tailrace.shared.log_store.threads.thread_log import ThreadLogReader
from tailrace.shared.log_store.threads.thread_search import Search, ThreadSearch
from tailrace.shared.log_store.threads.thread_store import ThreadStore
from tailrace.shared.queue_store import catalogue
from tailrace.shared.queue_store.catalogue import GraphSpec
from tailrace.shared.queue_store.queue.job_queue import ArqClient, Claim, JobQueue, Wakeups
from tailrace.shared.redis import keys
from tailrace.shared.redis.cluster.client import Cluster
from tailrace.shared.redis.cluster.nodes import Nodes
from tailrace.shared.redis.commands import ping
from tailrace.shared.redis.connection import (
    TIMEOUT_S,
    Client,
    connect,
    connect_to_node_of,
    is_cluster,
)
from tailrace.shared.redis.failures import store_errors
from tailrace.shared.removal import Removal
from tailrace.shared.settings import SharedSettings
from tailrace.shared.sweep import EXPIRES_WITHIN_MS, Sweep
from tailrace.shared.threads import ThreadId, ThreadName, new_thread_id
from tailrace.worker.store.graph_store import GraphStores
from tests.support import keys as whole_store
from tests.support.cancelling import forgotten_cancellations
from tests.support.cluster_store import ClusterStore, Node, cluster_store
from tests.support.graph_stores import Twins
from tests.support.jobs import Stores, custom, request, stores
from tests.support.wait import wait_until

HEAL_S = 20.0
SHARD = "7"
AROUND_MOVE = 100


@pytest.fixture(scope="module")
def running_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterStore]:
    with cluster_store(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def cluster(running_cluster: ClusterStore) -> Iterator[ClusterStore]:
    """The Cluster, empty at the beginning, whole at the end, and without a key for ever."""
    asyncio.run(whole_store.empty(running_cluster.url))
    yield running_cluster
    asyncio.run(running_cluster.settled())
    asyncio.run(whole_store.assert_none_lasting(running_cluster.url))


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[ClusterStore]:
    """A Cluster that a test may leave in pieces."""
    with cluster_store(tmp_path / "cluster") as cluster:
        yield cluster


@pytest.fixture
async def client(cluster: ClusterStore) -> AsyncIterator[Client]:
    async with connect(cluster.url) as client:
        yield client


@pytest.fixture
def kept(client: Client) -> Stores:
    return stores(client)


def job_in(shard: str) -> JobId:
    return JobId(new_job_id()[:-1] + shard)


async def running_in(kept: Stores, shard: str) -> Holder:
    holder = Holder(job_in(shard), 1, "first")
    await kept.jobs.create(holder.job_id, "tenant", request())
    await kept.jobs.open_attempt(holder)
    return holder


async def running_in_all(kept: Stores) -> list[Holder]:
    return [await running_in(kept, shard) for shard in keys.SHARDS]


async def insisting(call: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Repeat a call while the store is not there, as the publisher does."""

    async def taken() -> list[Any]:
        with suppress(StoreUnavailable):
            return [await call()]
        return []

    return (await wait_until(taken, "the Cluster to take the call", HEAL_S))[0]


async def texts(kept: Stores, job_id: JobId) -> list[tuple[int, bytes]]:
    return [(event.seq, event.data) for event in await kept.events(job_id)]


@pytest.mark.parametrize("shard", keys.SHARDS)
async def test_a_job_lives_from_its_creation_to_its_end_in_every_shard(
    kept: Stores, shard: str
) -> None:
    first = await running_in(kept, shard)
    assert await kept.log.append(first, 3, [custom("a"), custom("b")]) == 4
    await kept.jobs.pause(first, Pause((Interrupt("i", "why?"),)), sent=4)
    await kept.jobs.resume(await kept.jobs.get(first.job_id), {"i": "so"})
    second = Holder(first.job_id, 2, "second")
    assert (await kept.jobs.open_attempt(second)).resume_values == {"i": "so"}
    assert (await kept.jobs.cancel(first.job_id)).status == "running"
    await kept.log.close(second, 8, "cancelled")

    assert (await kept.jobs.get(first.job_id)).status == "cancelled"
    assert [e.seq for e in await kept.events(first.job_id)] == [*range(1, 9)]
    assert not await kept.is_listed_open(first.job_id)


@pytest.mark.parametrize("shard", keys.SHARDS)
async def test_checkpoints_are_put_read_copied_and_deleted_in_every_shard(
    client: Client, kept: Stores, shard: str
) -> None:
    checkpoints = CheckpointStore(client, SharedSettings())
    holder = await running_in(kept, shard)
    place = Place(holder.job_id, "")
    new = Checkpoint("1", "", b"state", b"meta", {"ch": "1"})
    large = b"v" * (PIECE_BYTES + 1)
    put = NewCheckpoint(place, new, {"ch": large}, lambda: {"ch": large}, Keep(EVERY))
    await kept.journals.journal.append(holder, 3, 1, [custom("a"), put])
    await checkpoints.copy(holder.job_id, "copy-0")

    stored = await checkpoints.get(place)
    assert stored is not None
    assert stored.values == {"ch": large}
    assert stored == await checkpoints.get(Place("copy-0", ""))
    assert {thread async for thread in checkpoints.threads()} == {holder.job_id, "copy-0"}
    await checkpoints.delete(holder.job_id)
    assert await checkpoints.newest(holder.job_id) is None


async def test_a_call_that_is_cancelled_at_any_step_does_not_return(client: Client) -> None:
    assert await forgotten_cancellations(client) == []


async def test_a_store_for_graphs_is_one_store_on_all_nodes(client: Client) -> None:
    twins = Twins(client, GraphStores(client).of("tenant"))
    spaces = [("a", str(n)) for n in range(3 * len(keys.SHARDS))]
    puts = [PutOp(space, f"k{n}", {"n": n}, ttl=n % 2 or None) for n in (0, 1) for space in spaces]
    looks: list[Op] = [
        SearchOp(("a",), None, 50, 30),
        SearchOp((), {"n": 1}, 99),
        ListNamespacesOp(),
    ]
    looks += [GetOp(space, "k1") for space in spaces]
    for ops in (puts, looks):
        expected, found = await twins.batch(ops)
        assert found == expected
    await twins.expire()
    expected, found = await twins.batch([*looks, *(PutOp(space, "k0", None) for space in spaces)])
    assert found == expected
    assert await twins.real.alist_namespaces() == []


async def test_items_are_put_and_found_while_their_slot_moves(
    cluster: ClusterStore, client: Client
) -> None:
    store = GraphStores(client).of("tenant")
    move, written = (
        await cluster.move(keys.of_items(b"tenant\0a")["ITEMS"]),
        0,
    )

    async def write() -> None:
        nonlocal written
        while written < 3 * AROUND_MOVE:
            await store.aput(("a",), f"k{written}", {})
            written += 1

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(write())
        await wait_until(lambda: written >= AROUND_MOVE, "items to be put", HEAL_S)
        await move.begin()
        await move.finish()
    found = await store.asearch(("a",), limit=999)
    assert [item.key for item in found] == [f"k{n}" for n in range(3 * AROUND_MOVE)]
    await store.abatch([PutOp(("a",), item.key, None) for item in found])


async def test_the_shards_are_spread_and_every_node_is_looked_through(
    cluster: ClusterStore, client: Client, kept: Stores
) -> None:
    for shard in keys.SHARDS:
        await kept.jobs.create(job_in(shard), "tenant", request())
    sizes = [await node.call("DBSIZE") for node in cluster.nodes]
    found = [key async for key in cast("AsyncIterator[bytes]", client.scan_iter())]

    assert all(sizes)
    assert len(found) == len(set(found)) == sum(sizes)


async def test_the_sweep_repairs_jobs_of_all_shards(
    client: Client, kept: Stores, redis: Redis
) -> None:
    open_jobs, queue = OpenJobs(client), JobQueue(redis, SharedSettings())
    cancelled, expiring, lost = ([job_in(shard) for shard in keys.SHARDS] for _ in range(3))
    for job_id in (*cancelled, *expiring, *lost):
        await kept.jobs.create(job_id, "tenant", request())
    for job_id in cancelled:
        await kept.jobs.open_attempt(Holder(job_id, 1, "gone"))
        await kept.jobs.cancel(job_id)
    for job_id in expiring:
        await cast("Any", client).pexpire(keys.job(job_id), EXPIRES_WITHIN_MS - 1000)
    for job_id in lost:
        await cast("Any", client).unlink(keys.job(job_id))
    looked_at = await open_jobs.look([*cancelled, *expiring, *lost])
    await Sweep(kept.jobs, open_jobs, queue, "process").sweep()

    assert [job.id for job in looked_at] == [*cancelled, *expiring, *lost]
    assert {(await kept.jobs.get(job_id)).status for job_id in cancelled} == {"cancelled"}
    assert {(await kept.jobs.get(job_id)).status for job_id in expiring} == {"failed"}
    assert [await open_jobs.ids(shard) for shard in keys.SHARDS] == [[]] * len(keys.SHARDS)


async def test_more_callers_than_connections_wait_for_one(
    cluster: ClusterStore, kept: Stores
) -> None:
    holder = await running_in(kept, SHARD)
    node = await cluster.owner(keys.job(holder.job_id))
    async with connect(f"{cluster.url}?client_name=few", max_connections=2) as few:
        jobs = JobStore(few, SharedSettings())
        found = await asyncio.gather(*(jobs.get(holder.job_id) for _ in range(50)))
        connected = (await node.call("CLIENT", "LIST")).count(b" name=few ")

    assert {job.id for job in found} == {holder.job_id}
    assert connected == 2


def _port(client: Redis) -> int:
    return cast("Any", client).connection_pool.connection_kwargs["port"]


async def test_nothing_is_lost_or_doubled_while_the_slot_of_a_log_moves(
    cluster: ClusterStore, kept: Stores
) -> None:
    holder = await running_in(kept, SHARD)
    last, over = 2, False

    async def write() -> None:
        nonlocal last
        while not over:
            pair = [custom(last + 1), custom(last + 2)]
            last = await insisting(partial(kept.log.append, holder, last + 1, pair))

    async def written(number: int) -> None:
        await wait_until(lambda: last >= number, "events to be written", HEAL_S)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(write())
        await written(AROUND_MOVE)
        move = await cluster.move(keys.job(holder.job_id))
        await move.begin()
        await move.finish()
        await written(last + AROUND_MOVE)
        over = True
    assert (await cluster.owner(keys.job(holder.job_id))) is move.target
    log = await texts(kept, holder.job_id)
    assert log[2:] == [(n, custom(n).data) for n in range(3, last + 1)]


async def test_keys_are_found_by_many_at_once_wherever_they_are_in_a_moving_slot(
    cluster: ClusterStore, kept: Stores
) -> None:
    carried, staying = await running_in(kept, SHARD), await running_in(kept, SHARD)
    ids = [carried.job_id, staying.job_id] * 20
    await asyncio.gather(*(kept.jobs.get(job_id) for job_id in ids))
    move = await cluster.move(keys.job(carried.job_id))
    await move.begin()
    await move.carry(keys.job(carried.job_id), keys.log(carried.job_id))

    found = await asyncio.gather(*(kept.jobs.get(job_id) for job_id in ids))
    looked_at = await OpenJobs(kept.redis).look(ids)
    pages = await asyncio.gather(*(kept.log.read(job_id, after=0) for job_id in ids))
    await move.finish()
    assert [job.id for job in found] == ids
    assert [(job.id, job.status) for job in looked_at] == [(job_id, "running") for job_id in ids]
    assert all(len(page) == 2 for page in pages)


async def test_a_write_whose_keys_are_half_here_half_there_is_refused_and_taken_later(
    cluster: ClusterStore, kept: Stores
) -> None:
    holder = await running_in(kept, SHARD)
    move = await cluster.move(keys.job(holder.job_id))
    await move.begin()
    await move.carry(keys.job(holder.job_id))
    with pytest.raises(StoreUnavailable):
        await kept.log.append(holder, 3, [custom("x")])

    await move.finish()
    assert await kept.log.append(holder, 3, [custom("x")]) == 3
    assert [e.seq for e in await kept.events(holder.job_id)] == [1, 2, 3]


async def test_a_slot_that_moves_as_a_whole_refuses_no_write(
    cluster: ClusterStore, kept: Stores
) -> None:
    holder = await running_in(kept, SHARD)
    move = await cluster.move(keys.job(holder.job_id))
    await move.at_once()
    seq = 2
    while await cluster.owner(keys.job(holder.job_id)) is move.source:
        seq = await kept.log.append(holder, seq + 1, [custom(seq + 1)])
    await move.known()
    assert await kept.log.append(holder, seq + 1, [custom(seq + 1)]) == seq + 1
    log = await texts(kept, holder.job_id)
    assert log[2:] == [(n, custom(n).data) for n in range(3, seq + 2)]


async def test_a_reader_of_one_node_is_told_that_the_slot_has_moved_and_finds_its_new_place(
    cluster: ClusterStore, client: Client, kept: Stores
) -> None:
    holder = await running_in(kept, SHARD)
    log = keys.log(holder.job_id)

    async def next_seqs() -> list[int]:
        async with await connect_to_node_of(client, cluster.url, log, block_s=HEAL_S) as reader:
            ports.append(_port(reader))
            with store_errors():
                reply = await cast("Any", reader).xread({log: "2-0"}, block=int(HEAL_S * 1000))
        return [int(id_.partition(b"-")[0]) for id_, _ in reply[0][1]]

    async def is_told() -> None:
        with pytest.raises(StoreUnavailable, match="MOVED"):
            await next_seqs()

    ports: list[int] = []
    move = await cluster.move(log)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(is_told())
        await wait_until(lambda: _is_blocked(move.source), "the read to block")
        await move.begin()
        await move.finish()
    await kept.log.append(holder, 3, [custom("x")])
    assert await next_seqs() == [3]
    assert ports == [move.source.port, move.target.port]


async def test_a_blocked_reader_is_woken_at_the_node_that_it_reads(
    cluster: ClusterStore, client: Client, kept: Stores
) -> None:
    for shard in keys.SHARDS[::5]:
        holder = await running_in(kept, shard)
        node = await cluster.owner(keys.log(holder.job_id))
        reader = LogReader(client, cluster.url)
        reading = asyncio.ensure_future(reader.read({holder.job_id: 2}))
        await wait_until(partial(_is_blocked, node), "the read to block")
        begun = time.monotonic()
        await reader.interrupt()
        assert await reading == {}
        assert time.monotonic() - begun < 0.75 * BLOCK_S
        await reader.aclose()


async def test_threads_are_found_read_and_deleted_wherever_their_shards_are(
    cluster: ClusterStore, client: Client, kept: Stores
) -> None:
    settings = SharedSettings()
    threads, search = ThreadStore(client, settings), ThreadSearch(client)
    ids = [ThreadId(new_thread_id()[:-1] + shard) for shard in keys.SHARDS]
    for id_ in ids:
        await threads.create(ThreadName("tenant", id_), {"of": "cluster"})
        await kept.jobs.create(
            new_job_id(id_), "tenant", replace(request(), thread=id_), OnThread()
        )
    page = await search.page("tenant", Search(status="busy", metadata={"of": "cluster"}, limit=20))
    assert {thread.id for thread in page.threads} == set(ids)
    for id_ in ids:
        reader = ThreadLogReader(client, cluster.url)
        [events] = (await reader.read({ThreadName("tenant", id_): 0})).values()
        assert [event.seq for event in events] == [1]
        await reader.aclose()
    copied = ThreadName("tenant", new_thread_id())
    await threads.copy(ThreadName("tenant", ids[0]), copied)
    removal = Removal(kept.jobs, OpenJobs(client), JobQueue(client, settings), Expiry(client))
    for id_ in (*ids, copied.id):
        await removal.delete(ThreadName("tenant", id_))
    await removal.reap()
    assert await search.count("tenant", Search()) == 0


async def _is_blocked(node: Node) -> bool:
    return bool((await node.call("INFO", "clients"))["blocked_clients"])


async def test_a_node_that_is_away_is_unavailable_and_the_others_go_on(
    cluster: ClusterStore, client: Client, kept: Stores
) -> None:
    holders = await running_in_all(kept)
    gone = await cluster.owner(keys.job(holders[0].job_id))
    there = [h for h in holders if await cluster.owner(keys.job(h.job_id)) is not gone]
    gone.kill()
    with pytest.raises(StoreUnavailable):
        await kept.log.append(holders[0], 3, [custom("x")])
    with pytest.raises(StoreUnavailable):
        await ping(client)
    with pytest.raises(StoreUnavailable):
        await connect_to_node_of(client, cluster.url, keys.log(holders[0].job_id), block_s=1)
    assert [await kept.log.append(h, 3, [custom("x")]) for h in there] == [3] * len(there)

    gone.start()
    for holder in holders:
        assert await insisting(lambda h=holder: kept.log.append(h, 3, [custom("x")])) == 3
    for holder in holders:
        log = await texts(kept, holder.job_id)
        assert [seq for seq, _ in log] == [1, 2, 3]
        assert log[2] == (3, custom("x").data)
    await ping(client)


@pytest.mark.timeout(120)
async def test_a_replica_that_takes_over_is_found_by_the_next_call(
    own_cluster: ClusterStore, tmp_path: Path
) -> None:
    async with connect(own_cluster.url) as client:
        kept = stores(client)
        holder = await running_in(kept, SHARD)
        log = keys.log(holder.job_id)
        primary = await own_cluster.owner(log)
        async with own_cluster.replica_of(primary, tmp_path / "replica") as replica:
            primary.kill()
            await replica.call("CLUSTER", "FAILOVER", "TAKEOVER")
            others = [node for node in own_cluster.nodes if node is not primary]
            for node in others:
                await wait_until(partial(node.serves, log, replica), "the news", HEAL_S)
            assert await kept.log.append(holder, 3, [custom("x")]) == 3


async def test_connections_to_a_node_that_has_left_are_closed(cluster: ClusterStore) -> None:
    nodes = Nodes(f"{cluster.url}?client_name=leaver", {})
    staying, leaving = nodes.seeds[:2]
    for address in (staying, leaving):
        assert await nodes.at(address).ping()
    await nodes.leave({staying})

    async def named(node: Node) -> int:
        return (await node.call("CLIENT", "LIST")).count(b" name=leaver ")

    async def is_left() -> bool:
        return await named(cluster.nodes[1]) == 0

    await wait_until(is_left, "the connection to close")
    assert await named(cluster.nodes[0]) == 1
    await nodes.aclose()


async def test_a_cluster_that_was_away_as_a_whole_is_found_again(
    cluster: ClusterStore, kept: Stores
) -> None:
    holder = await running_in(kept, SHARD)
    for node in cluster.nodes:
        node.kill()
    for _ in range(len(cluster.nodes) + 1):
        with pytest.raises(StoreUnavailable):
            await kept.jobs.get(holder.job_id)
    for node in cluster.nodes:
        node.start()

    job = await insisting(lambda: kept.jobs.get(holder.job_id))
    assert job.status == "running"


async def test_callers_of_a_frozen_cluster_do_not_wait_for_each_other(
    cluster: ClusterStore,
) -> None:
    async def is_unavailable() -> None:
        with pytest.raises(StoreUnavailable):
            await jobs.get(job_in(SHARD))

    for node in cluster.nodes:
        node.send(signal.SIGSTOP)
    try:
        async with connect(cluster.url) as client, asyncio.timeout(2 * TIMEOUT_S):
            jobs = JobStore(client, SharedSettings())
            await asyncio.gather(*(is_unavailable() for _ in range(10)))
    finally:
        for node in cluster.nodes:
            node.send(signal.SIGCONT)


async def test_a_node_without_our_scripts_gets_them_while_another_node_is_frozen(
    cluster: ClusterStore, kept: Stores
) -> None:
    holder = await running_in(kept, SHARD)
    node = await cluster.owner(keys.job(holder.job_id))
    frozen = next(other for other in cluster.nodes if other is not node)
    await node.call("SCRIPT", "FLUSH")
    frozen.send(signal.SIGSTOP)
    try:
        assert await kept.log.append(holder, 3, [custom("x")]) == 3
    finally:
        frozen.send(signal.SIGCONT)


async def test_user_and_password_are_given_to_every_node(cluster: ClusterStore) -> None:
    for node in cluster.nodes:
        await node.call("ACL", "SETUSER", "tail", "on", ">p@ss", "~*", "+@all")
    async with connect(f"redis+cluster://tail:p%40ss@{cluster.hosts}") as client:
        nodes = await cast("Cluster", client).primaries()
        assert [await cast("Any", node).acl_whoami() for node in nodes] == ["tail"] * len(nodes)
        log = keys.log(job_in(SHARD))
        async with await connect_to_node_of(client, cluster.url, log, block_s=1) as reader:
            assert await cast("Any", reader).acl_whoami() == "tail"

    async with connect(f"redis+cluster://tail:wrong@{cluster.hosts}") as client:
        with pytest.raises(StoreUnavailable, match="AuthenticationError"):
            await ping(client)


async def test_one_known_node_is_enough(cluster: ClusterStore) -> None:
    async with connect(f"redis+cluster://127.0.0.1:1,{cluster.hosts.split(',')[-1]}") as client:
        kept = stores(client)
        holders = await running_in_all(kept)
        assert [await kept.log.append(h, 3, [custom("x")]) for h in holders] == [3] * len(holders)


async def test_a_server_that_is_no_node_of_a_cluster_is_a_wrong_setting(tmp_path: Path) -> None:
    alone = Node(tmp_path / "alone", flags=("--cluster-enabled", "no"))
    alone.start()
    try:
        async with connect(f"redis+cluster://127.0.0.1:{alone.port}") as client:
            with pytest.raises(ConfigurationError, match="is not a node of a Cluster"):
                await insisting(lambda: ping(client))
    finally:
        alone.kill()


async def test_a_command_without_a_key_and_a_transaction_have_no_place(client: Client) -> None:
    with pytest.raises(ValueError, match="DBSIZE names no key"):
        await client.dbsize()
    with pytest.raises(ValueError, match="SCRIPT LOAD names no key"):
        await client.script_load("return { KEYS[1] }")
    with pytest.raises(ValueError, match="no transaction"):
        client.pipeline(transaction=True)


async def test_replies_are_read_as_the_client_was_told_on_every_node(client: Client) -> None:
    def mirrored(reply: bytes, **_: object) -> bytes:
        return reply[::-1]

    cast("Any", client).set_response_callback("GET", mirrored)
    for shard in keys.SHARDS:
        await client.set(f"{{{shard}}}", "abc", ex=60)
    assert [await client.get(f"{{{shard}}}") for shard in keys.SHARDS] == [b"cba"] * 16


@pytest.mark.parametrize(
    "rest", ["", "/", "user@", "h:x", "h:1,", ",h:1", "h:1/1", "h:99999", "[::1:7000"]
)
def test_an_address_of_another_form_is_a_wrong_setting(rest: str) -> None:
    with pytest.raises(ConfigurationError, match="has to look like"):
        connect(f"redis+cluster://{rest}")


@pytest.mark.parametrize(
    ("url", "node"),
    [
        ("redis+cluster://h:1,i", "redis://10.0.0.1:7/0"),
        ("rediss+cluster://u:p%40@h:1", "rediss://u:p%40@10.0.0.1:7/0"),
        ("rediss+cluster://[::1]:1/0?ssl_ca_certs=a", "rediss://10.0.0.1:7/0?ssl_ca_certs=a"),
    ],
)
def test_a_node_is_called_with_what_the_address_of_the_cluster_says(url: str, node: str) -> None:
    assert Nodes(url, {}).url(("10.0.0.1", 7)) == node


def test_a_node_may_have_an_address_of_ipv6() -> None:
    nodes = Nodes("redis+cluster://[::1]:7000,[fe80::2]", {})
    assert [nodes.url(seed) for seed in nodes.seeds] == [
        "redis://[::1]:7000/0",
        "redis://[fe80::2]:6379/0",
    ]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis+cluster://h", True),
        ("rediss+cluster://h:1,i:2", True),
        ("redis+sentinel://h/water", False),
        ("redis://cluster", False),
    ],
)
def test_an_address_says_whether_it_is_of_a_cluster(url: str, expected: bool) -> None:
    assert is_cluster(url) is expected


async def test_the_queue_lives_on_a_cluster(client: Client) -> None:
    queue = JobQueue(client, SharedSettings(lease_s=60))
    wakeups = Wakeups(client, "worker")
    job_id = new_job_id()
    await queue.enqueue(job_id)
    await wakeups.job_ready()
    [claim] = await queue.claim("worker", 5)
    assert claim == Claim(job_id, 1)
    assert await queue.renew("worker", [claim]) == ["held"]
    assert await queue.missing([job_id, other := new_job_id()]) == [other]
    assert await queue.interrupt(job_id)
    assert await wakeups.job_to_stop() == job_id
    assert await queue.lead("worker", 60, 0) == [job_id]
    await queue.finish("worker", claim)

    assert await queue.missing([job_id]) == [job_id]


async def test_what_workers_announce_lives_on_a_cluster(client: Client) -> None:
    await catalogue.announce(client, "worker", [GraphSpec("mill", "", {}, "")])

    assert (await catalogue.read(client)).served == {"mill"}


async def test_arqs_health_record_is_kept_on_a_cluster(client: Client) -> None:
    arq = ArqClient(client)
    await arq.psetex(keys.HEALTH, 1000, b"well")

    assert await arq.get(keys.HEALTH) == b"well"
