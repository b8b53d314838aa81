import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tailrace.deploy.local.die_with_parent import tied_to_parent
from tailrace.deploy.local.errors import LocalError
from tailrace.deploy.local.store import EmbeddedStore, socket_path
from tests.support.pids import is_running
from tests.support.store import embedded_store
from tests.support.wait import wait_until

STARTER = """
import sys
from pathlib import Path
from tailrace.deploy.local.store import EmbeddedStore
store = EmbeddedStore(Path(sys.argv[1]))
store.start()
print(store.pid, flush=True)
sys.stdin.read()
"""


async def config(store: EmbeddedStore, name: str) -> str:
    async with Redis.from_url(store.url, decode_responses=True) as redis:
        return (await redis.config_get(name))[name]


async def test_a_killed_store_comes_back_with_all_it_acknowledged(tmp_path: Path) -> None:
    with embedded_store(tmp_path / "data", "always") as store:
        async with Redis.from_url(store.url) as redis:
            for number in range(200):
                await redis.xadd("log", {"n": number})
        store.kill()
        store.start()
        async with Redis.from_url(store.url) as redis:
            assert await redis.xlen("log") == 200


async def test_a_stopped_store_comes_back_with_its_data(tmp_path: Path) -> None:
    for round_ in range(2):
        with embedded_store(tmp_path / "data") as store:
            async with Redis.from_url(store.url) as redis:
                assert await redis.incr("rounds") == round_ + 1


def test_a_second_store_on_the_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with embedded_store(folder), pytest.raises(LocalError) as refused:
        EmbeddedStore(folder).start()
    assert str(folder) in str(refused.value)


async def test_a_store_ends_with_its_killed_starter_and_frees_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with subprocess.Popen(  # noqa: ASYNC220 - nothing else runs in this loop
        tied_to_parent((sys.executable, "-c", STARTER, str(folder))),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as starter:
        assert starter.stdout
        pid = int(starter.stdout.readline())
        starter.send_signal(signal.SIGKILL)
    with embedded_store(folder):
        await wait_until(lambda: not is_running(pid), "the first store to end")


async def test_the_store_is_reachable_by_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with embedded_store(folder) as store:
        assert await config(store, "port") == "0"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(socket_path(folder).stat().st_mode) == 0o700


async def test_a_full_store_evicts_nothing(tmp_path: Path) -> None:
    with embedded_store(tmp_path / "data") as store:
        assert await config(store, "maxmemory-policy") == "noeviction"


async def test_data_is_written_through_unless_said_otherwise(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "data")
    store.start()
    assert await config(store, "appendonly") == "yes"
    assert await config(store, "appendfsync") == "always"
    store.stop()


@pytest.mark.parametrize("name", ["a b", "%41", "ü", "x" * 120])
async def test_any_path_will_do(tmp_path: Path, name: str) -> None:
    with embedded_store(tmp_path / name) as store:
        async with Redis.from_url(store.url) as redis:
            assert await redis.ping()
        assert (tmp_path / name / "appendonlydir").is_dir()


def test_a_store_that_does_not_start_says_why(tmp_path: Path) -> None:
    with embedded_store(tmp_path):
        pass
    (tmp_path / "appendonlydir" / "appendonly.aof.manifest").write_text("nonsense\n")
    with pytest.raises(LocalError, match="Invalid AOF manifest"):
        EmbeddedStore(tmp_path).start()


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(LocalError, match="cannot use the data folder"):
        EmbeddedStore(tmp_path / "data").start()


def test_stopping_twice_does_nothing(tmp_path: Path) -> None:
    with embedded_store(tmp_path / "data") as store:
        store.stop()
    with pytest.raises(LocalError, match="not started"):
        store.kill()
