"""A command on its way to Redis, beside redis-py's own form of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import DataError
from redis.asyncio import Connection, ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.typing import EncodableT

from tailrace.shared.redis.sending import with_own_sending

arguments = st.one_of(
    st.binary(), st.text(), st.integers(), st.floats(), st.binary().map(memoryview)
)
OWN = with_own_sending(ConnectionPool()).make_connection()


def packed(connection: AbstractConnection, *args: EncodableT) -> bytes:
    return b"".join(map(bytes, connection.pack_command(*args)))


@given(st.sampled_from(["GET", b"GET", "CONFIG GET"]), st.lists(arguments))
def test_a_command_has_the_form_that_redis_py_gives_it(name: str, args: list[EncodableT]) -> None:
    assert packed(OWN, name, *args) == packed(Connection(), name, *args)


def test_what_redis_has_no_form_for_is_refused() -> None:
    with pytest.raises(DataError):
        OWN.pack_command("SET", "key", None)  # type: ignore[arg-type]
