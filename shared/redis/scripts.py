"""Our Lua scripts: loaded by name, called with keys and arguments by name.

A script begins with comments. Those of this form are its header, read by `script_of`:

    -- keys: JOB LOG                 its keys: all that it touches, bound to these names
    -- args: attempt token runs...   its arguments, bound as they come: as text
    -- uses: log_store/log           libraries that come before it, each with a header of its own
    -- without: log_store/none       of a library: what takes its place in calls without many keys
    -- flags: allow-oom              Redis' own: what ends an attempt is small and always storable

The last name may end in `...`: it is bound to the place in `ARGV` (or `KEYS`) of the first of any
number. No script makes a key, and a library's keys are among those of the scripts that use it.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Final, TypeAlias, cast

from redis.exceptions import NoScriptError

from tailrace.shared.errors import (
    CancelRequested,
    Fenced,
    JobNotFound,
    LineFull,
    LogClosed,
    NotItsTurn,
    NotWaiting,
    SequenceHole,
    SequenceTaken,
    TailraceError,
    ThreadBusy,
    ThreadNotFound,
    ValuesLacking,
    WriteRefused,
)
from tailrace.shared.jobs import JobId
from tailrace.shared.redis import keys
from tailrace.shared.redis.connection import Client
from tailrace.shared.redis.failures import store_errors
from tailrace.shared.threads import ThreadName

Argument: TypeAlias = bytes | str | int
Keys: TypeAlias = Mapping[str, str | list[str]]
"""Keys by the names that headers give them; a list for a name with `...`."""

_MANY: Final = "..."
_HEADER: Final = re.compile(r"-- (keys|args|uses|without|flags): (.+)")
_REFUSALS: Final[Mapping[bytes, type[WriteRefused]]] = {
    b"closed": LogClosed,
    b"fenced": Fenced,
    b"cancelling": CancelRequested,
    b"taken": SequenceTaken,
    b"hole": SequenceHole,
    b"lacking": ValuesLacking,
}


class OtherKeys(Exception):
    """The call needs keys of the job's thread.

    Args:
        thread: the thread's name.
        superseded: the job whose keys are needed as well, or ''.
    """

    def __init__(self, thread: bytes, superseded: bytes) -> None:
        super().__init__(thread, superseded)
        self.thread = ThreadName.of(thread.decode())
        self.superseded = JobId(superseded.decode()) if superseded else None


@dataclass(frozen=True, slots=True)
class Call:
    """One of several calls of a script."""

    keys: Keys
    args: Mapping[str, Argument]
    rest: Sequence[Argument] = ()
    """What the last argument stands for, where its name ends in `...`."""


_OTHERS: Final[Mapping[bytes, type[TailraceError]]] = {
    b"conflict": NotWaiting,
    b"busy": ThreadBusy,
    b"full": LineFull,
    b"no-thread": ThreadNotFound,
    b"missing": JobNotFound,
}


@dataclass(frozen=True, slots=True)
class Script:
    """A script as it is sent, and what its header says."""

    name: str
    text: bytes = field(repr=False)
    sha: str = field(repr=False)
    keys: tuple[str, ...]
    many_keys: str | None
    args: tuple[str, ...]
    many_args: str | None

    def operands(self, call: Call) -> list[Argument]:
        """Number of keys, keys and arguments, in the script's order.

        Raises:
            TypeError: names differ from those of the header.
        """
        if len(call.args) != len(self.args) or (call.rest and self.many_args is None):
            raise TypeError(f"{self.name} takes {self.args} and not {tuple(call.args)}")
        try:
            keys = [call.keys[name] for name in self.keys]
            args = [call.args[name] for name in self.args]
            more = call.keys.get(self.many_keys, ()) if self.many_keys else ()
        except KeyError as error:
            raise TypeError(f"{self.name} has to have {error}") from None
        found = cast("list[Argument]", [*keys, *more])
        return [len(found), *found, *args, *call.rest]


async def run_script(
    client: Client, name: str, keys: Keys, /, *rest: Argument, **args: Argument
) -> list[bytes]:
    """Run one of our scripts; the reply without its leading 'ok'.

    Args:
        client: of the store.
        name: folder and name below `shared`.
        keys: all that it names, and others as well.
        rest: what the last argument stands for, where its name ends in `...`.
        args: the others.

    Raises:
        StoreUnavailable: the script may or may not have run; calling again is safe.
        JobNotFound: there is no such record.
        NotWaiting: the job does not wait for these resume values.
        OtherKeys: call again with these.
        ThreadNotFound, ThreadBusy, LineFull: the thread does not take the job.
        WriteRefused: one of its kinds, as the script's head says.
    """
    script = script_of(name)
    if not keys.get(script.many_keys or ""):
        script = script_of(name, whole=False)
    operands = script.operands(Call(keys, args, rest))
    with store_errors():
        reply = await _evaluate(client, script, operands)
    return _taken(reply)


async def run_scripts(client: Client, name: str, calls: Sequence[Call]) -> list[list[bytes]]:
    """Run one of our scripts several times in one round to each server; the replies as of one.

    Each call is atomic, all together are not.

    Raises:
        StoreUnavailable: any of them may or may not have run; calling again is safe.
    """
    script = script_of(name)
    operands = [script.operands(call) for call in calls]
    with store_errors():
        async with client.pipeline(transaction=False) as pipe:
            for one in operands:
                cast("Any", pipe).evalsha(script.sha, *one)
            replies: list[Any] = await pipe.execute(raise_on_error=False)
        for n, reply in enumerate(replies):
            if isinstance(reply, NoScriptError):
                replies[n] = await _evaluate(client, script, operands[n])
            elif isinstance(reply, Exception):
                raise reply
    return [_taken(reply) for reply in replies]


def fields(flat: Sequence[bytes]) -> dict[str, bytes]:
    """A flat field, value, ... reply as a mapping."""
    return {k.decode(): v for k, v in zip(flat[::2], flat[1::2], strict=True)}


async def _evaluate(client: Client, script: Script, operands: Sequence[Argument]) -> list[bytes]:
    redis = cast("Any", client)
    try:
        return await redis.evalsha(script.sha, *operands)
    except NoScriptError:
        # Sent whole to whoever serves the keys: loaded by another call, it may reach another node.
        return await redis.eval(script.text, *operands)


def _taken(reply: list[bytes]) -> list[bytes]:
    if reply[0] == b"ok":
        return reply[1:]
    if (refusal := _REFUSALS.get(reply[0])) is not None:
        raise refusal(int(reply[1]))
    if reply[0] == b"keys":
        raise OtherKeys(reply[1], reply[2])
    if reply[0] == b"turn":
        raise NotItsTurn(reply[1].decode())
    raise _OTHERS[reply[0]]


@cache
def script_of(name: str, *, whole: bool = True) -> Script:
    """A script with its prelude and its libraries.

    Args:
        name: folder and name below `shared`.
        whole: whether the last keys are given, where there may be any number of them.

    Raises:
        ValueError: the headers do not fit together.
    """
    source = _read(name)
    header = _header(source)
    libraries = list(dict.fromkeys(_libraries(header["uses"], whole=whole)))
    for library in libraries:
        if lacking := set(_header(_read(library))["keys"]) - set(header["keys"]):
            raise ValueError(f"{name} lacks keys of {library}: {sorted(lacking)}")
    parts = [
        *(f"#!lua flags={','.join(header['flags'])}" for _ in header["flags"][:1]),
        f"local FORMAT = {keys.FORMAT}",
        _read("redis/prelude"),
        *_bound(header["keys"], "KEYS"),
        *map(_read, libraries),
        *_bound(header["args"], "ARGV"),
        source,
    ]
    text = "\n".join(parts).encode()
    sha = hashlib.sha1(text, usedforsecurity=False).hexdigest()
    return Script(name, text, sha, *_names(header["keys"]), *_names(header["args"]))


def _read(name: str) -> str:
    return files("tailrace.shared").joinpath(f"{name}.lua").read_bytes().decode()


def _header(source: str) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {"keys": [], "args": [], "uses": [], "without": [], "flags": []}
    for line in source.splitlines():
        if not line.startswith("--"):
            break
        if said := _HEADER.fullmatch(line):
            found[said[1]] += said[2].split()
    return found


def _libraries(uses: Sequence[str], *, whole: bool) -> Iterator[str]:
    for library in uses:
        header = _header(_read(library))
        if header["without"] and not whole:
            yield from header["without"]
        else:
            yield from _libraries(header["uses"], whole=whole)
            yield library


def _names(declared: Sequence[str]) -> tuple[tuple[str, ...], str | None]:
    """The names of single operands, and that of the many that follow."""
    if any(name.endswith(_MANY) for name in declared[:-1]):
        raise ValueError(f"of {declared}, only the last may be many")
    if declared and declared[-1].endswith(_MANY):
        return tuple(declared[:-1]), declared[-1].removesuffix(_MANY)
    return tuple(declared), None


def _bound(declared: Sequence[str], table: str) -> Iterator[str]:
    """The line of Lua that gives operands their names."""
    singles, many = _names(declared)
    if singles:
        places = ", ".join(f"{table}[{n}]" for n in range(1, len(singles) + 1))
        yield f"local {', '.join(singles)} = {places}"
    if many:
        yield f"local {many} = {len(singles) + 1}"
