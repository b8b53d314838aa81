"""Scripts and their callers agree: every header can be read, every call names what it declares."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tailrace.shared.redis import keys
from tailrace.shared.redis.scripts import Call, Script, script_of

SHARED = Path(__file__).parents[2] / "shared"
RUNS = ("run_script", "run_of_job", "run_scripts")
LUA = [path.relative_to(SHARED).with_suffix("").as_posix() for path in SHARED.rglob("*.lua")]
LIBRARIES = {
    name
    for path in SHARED.rglob("*.lua")
    for line in path.read_text().splitlines()
    if line.startswith(("-- uses: ", "-- without: "))
    for name in line.split()[2:]
} | {"redis/prelude"}
SCRIPTS = sorted(set(LUA) - LIBRARIES)
ID = keys.JobId("01890a5d-ac96-774b-bcce-b302099a8057")


def calls() -> Iterator[tuple[str, set[str], bool]]:
    """Of each call: the script, the arguments that it names, and whether those are all."""
    for path in SHARED.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id in RUNS and isinstance(node.args[1], ast.Constant):
                named = {word.arg for word in node.keywords if word.arg is not None}
                whole = node.func.id != "run_scripts" and len(named) == len(node.keywords)
                yield str(node.args[1].value), named, whole


CALLS = sorted(calls(), key=str)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_can_be_loaded(name: str, whole: bool) -> None:
    assert script_of(name, whole=whole).name == name


def test_a_job_without_a_thread_does_not_pay_for_threads() -> None:
    whole, lean = (script_of("log_store/jobs/open", whole=whole).text for whole in (True, False))
    assert b"local function take_turn" in whole
    assert b"local function rewind" in whole
    assert b"local function take_turn" not in lean
    assert b"local function rewind" not in lean


def test_every_script_is_called() -> None:
    assert {name for name, _, _ in CALLS} == set(SCRIPTS)


@pytest.mark.parametrize(("name", "named", "whole"), CALLS)
def test_every_call_names_what_the_header_declares(name: str, named: set[str], whole: bool) -> None:
    declared = set(script_of(name).args)
    assert named <= declared
    assert not whole or named == declared


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_script_names_a_key_or_an_argument_by_its_place(name: str) -> None:
    source = (SHARED / f"{name}.lua").read_text()
    assert "KEYS[1]" not in source
    assert "ARGV[1]" not in source


def script(args: tuple[str, ...] = (), many: str | None = None) -> Script:
    return Script("sample", b"", "", ("JOB",), None, args, many)


def test_operands_come_in_the_order_of_the_header_whatever_the_order_of_the_call() -> None:
    call = Call(keys.of_job(ID), {"b": 2, "a": 1}, ("x", "y"))
    assert script(("a", "b"), "more").operands(call) == [1, keys.job(ID), 1, 2, "x", "y"]


@pytest.mark.parametrize(
    "call",
    [
        Call(keys.of_job(ID), {}),
        Call(keys.of_job(ID), {"b": 1}),
        Call(keys.of_job(ID), {"a": 1, "b": 2}),
        Call(keys.of_job(ID), {"a": 1}, ("more",)),
        Call(keys.of_checkpoints("t"), {"a": 1}),
    ],
)
def test_a_call_that_does_not_fit_the_header_is_never_sent(call: Call) -> None:
    with pytest.raises(TypeError, match="sample"):
        script(("a",)).operands(call)
