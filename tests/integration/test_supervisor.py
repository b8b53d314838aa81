"""The supervisor over small real processes."""

import asyncio
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tailrace.deploy.local import die_with_parent
from tailrace.deploy.local.changes import Watched
from tailrace.deploy.local.child import Child
from tailrace.deploy.local.console import Console
from tailrace.deploy.local.supervisor import GRACE_S, Supervisor
from tests.support.pids import is_running
from tests.support.wait import wait_until

STAY = "import signal; print('here', flush=True); signal.pause()"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {STAY}"


def child(
    name: str,
    code: str,
    is_up: Callable[[], Awaitable[bool]] | None = None,
    needed_first: bool = False,
) -> Child:
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return Child(name, (sys.executable, "-I", "-S", "-c", code), env, is_up, needed_first)


def exists(file: Path) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        return await asyncio.to_thread(file.exists)

    return look


def writes_pid(file: Path) -> str:
    code = f"open({str(file)!r}, 'a').write(str(os.getpid()) + '\\n')"
    return f"import os; f = {code}; {STAY}"


def says_when_it_ends(name: str, file: Path) -> str:
    """A process that appends its name when it is asked to end, and goes on 0.1 s later."""
    return (
        "import signal, sys, time\n"
        "def end(*_):\n"
        "    time.sleep(0.1)\n"
        f"    open({str(file)!r}, 'a').write({name!r} + ' ')\n"
        "    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        f"open({str(file) + name!r}, 'w')\n"
        "signal.pause()\n"
    )


@dataclass(frozen=True, slots=True)
class Run:
    supervisor: Supervisor
    out: io.StringIO
    result: asyncio.Task[bool]

    @property
    def log(self) -> str:
        return self.out.getvalue()

    async def says(self, text: str, timeout_s: float = 10) -> None:
        await wait_until(lambda: text in self.log, f"{text!r} in the log", timeout_s)

    async def ended(self) -> bool:
        async with asyncio.timeout(15):
            return await self.result


@asynccontextmanager
async def running(
    *tiers: Sequence[Child], watched: Watched | None = None, grace_s: float = GRACE_S
) -> AsyncGenerator[Run]:
    out = io.StringIO()
    supervisor = Supervisor(tiers, Console(out, False, lambda: None), watched, grace_s)
    async with asyncio.TaskGroup() as tasks:
        yield Run(supervisor, out, tasks.create_task(supervisor.run("ready now")))
        supervisor.kill()


async def test_ready_is_said_once_and_not_before_everything_is_up(tmp_path: Path) -> None:
    flag = tmp_path / "up"
    async with running([child("a", STAY), child("b", STAY, exists(flag))]) as run:
        await run.says("b        | here")
        assert "ready" not in run.log
        flag.touch()
        await run.says("tailrace: ready now\n")
        assert run.log.count("ready") == 1


async def test_the_next_tier_waits_for_what_is_needed_first(tmp_path: Path) -> None:
    flag = tmp_path / "up"
    first = child("first", STAY, exists(flag), needed_first=True)
    async with running([first], [child("then", STAY)]) as run:
        await run.says("first    | here")
        assert "then" not in run.log
        flag.touch()
        await run.says("then     | here")


async def test_later_tiers_have_ended_before_earlier_ones_are_asked_to(tmp_path: Path) -> None:
    file = tmp_path / "order"
    names = ("store", "model", "api")
    tiers = [
        [child(name, says_when_it_ends(name, file), exists(Path(str(file) + name)))]
        for name in names
    ]
    async with running(*tiers) as run:
        await run.says("ready now")
        run.supervisor.stop()
        assert await run.ended()
    assert file.read_text().split() == ["api", "model", "store"]


async def test_a_child_that_dies_is_started_again(tmp_path: Path) -> None:
    file = tmp_path / "pids"
    async with running([child("a", writes_pid(file), exists(file))]) as run:
        await run.says("ready now")
        await run.says("here")
        os.kill(int(file.read_text()), signal.SIGKILL)
        await run.says("tailrace: a ended (SIGKILL) and is restarted")
        await wait_until(lambda: len(set(file.read_text().split())) == 2, "a second life")


async def test_a_configuration_error_ends_the_run_with_its_last_words() -> None:
    code = "import sys; print('no such graph'); sys.exit(78)"
    async with running([child("a", STAY)], [child("b", code)]) as run:
        assert not await run.ended()
        because = run.log.partition("tailrace: stopped, because b ended (exit code 78)\n")[2]
        assert because == "b        | no such graph\n"


async def test_a_child_that_ends_before_the_run_is_ready_ends_the_run(tmp_path: Path) -> None:
    never = exists(tmp_path / "never")
    async with running([child("a", "print('tried'); raise SystemExit(3)", never)]) as run:
        assert not await run.ended()
        before, _, after = run.log.partition("tailrace: stopped, because a ended (exit code 3)\n")
        assert before.count("tried") == after.count("tried") == 1


async def test_a_child_that_does_not_obey_is_killed() -> None:
    async with running([child("a", STUBBORN)], grace_s=0.1) as run:
        await run.says("here")
        run.supervisor.stop()
        assert await run.ended()
        assert "a did not end within 0.1 s and is killed" in run.log


async def test_kill_ends_even_a_stubborn_child_at_once() -> None:
    async with running([child("a", STUBBORN)]) as run:
        await run.says("here")
        began = time.monotonic()
        run.supervisor.kill()
        assert await run.ended()
        assert time.monotonic() - began < 2


def follower(name: str, code: str) -> Child:
    return replace(child(name, code), follows_project=True)


async def test_a_change_of_the_project_starts_what_follows_it_again(tmp_path: Path) -> None:
    code, other = tmp_path / "agent.py", tmp_path / "notes.txt"
    code.write_text("1")
    watched = Watched((tmp_path,), (tmp_path / ".env",))
    async with running([child("api", STAY), follower("worker-1", STAY)], watched=watched) as run:
        await run.says("ready now")
        other.write_text("no code")
        code.write_text("22")
        await run.says(f"tailrace: {code} has changed: the workers restart\n")
        await wait_until(lambda: run.log.count("worker-1 | here") == 2, "a second life")
        (tmp_path / ".env").write_text("A=1")
        await wait_until(lambda: run.log.count("worker-1 | here") == 3, "a third life")
        code.unlink()
        await wait_until(lambda: run.log.count("worker-1 | here") == 4, "a fourth life")
        assert run.log.count("api      | here") == 1
        assert "ended (" not in run.log
        assert "notes" not in run.log


async def test_environments_and_hidden_folders_are_no_code_of_the_project(tmp_path: Path) -> None:
    for folder in (".git", "venv", "node_modules", "__pycache__"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "code.py").touch()
    (tmp_path / "venv" / "pyvenv.cfg").touch()
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "code.py").touch()

    assert list(Watched((tmp_path,), ()).look()) == [tmp_path / "own" / "code.py"]


async def test_a_project_that_became_wrong_waits_for_the_next_change(tmp_path: Path) -> None:
    code = tmp_path / "agent.py"
    code.touch()
    wrong = f"import sys\nif open({str(code)!r}).read() == 'wrong': sys.exit(78)\n{STAY}"
    watched = Watched((tmp_path,), ())
    async with running([follower("worker-1", wrong)], watched=watched) as run:
        await run.says("worker-1 | here")
        code.write_text("wrong")
        await run.says("ended (exit code 78) and is restarted when the project changes")
        code.write_text("right again")
        await wait_until(lambda: run.log.count("worker-1 | here") == 2, "a second life")
        assert not run.result.done()


async def test_a_follower_that_does_not_obey_is_killed_and_restarted(tmp_path: Path) -> None:
    watched = Watched((tmp_path,), ())
    async with running([follower("a", STUBBORN)], watched=watched, grace_s=0.1) as run:
        await run.says("ready now")
        await run.says("here")
        (tmp_path / "agent.py").touch()
        await wait_until(lambda: run.log.count("here") == 2, "its second life")
        assert "a did not end within 0.1 s and is killed" in run.log


async def test_stopping_while_it_comes_up_ends_everything(tmp_path: Path) -> None:
    never = exists(tmp_path / "never")
    async with running([child("a", STAY, never, needed_first=True)], [child("b", STAY)]) as run:
        await run.says("here")
        run.supervisor.stop()
        assert await run.ended()
        assert "ready" not in run.log
        assert "b " not in run.log


async def test_a_line_of_a_mebibyte_does_not_end_the_log() -> None:
    code = "print('x' * 2**20); print('after', flush=True); import signal; signal.pause()"
    async with running([child("a", code)]) as run:
        await run.says("a        | after")
        assert run.log.count("x") == 2**20


async def test_output_without_a_last_newline_is_shown() -> None:
    code = "import sys; sys.stderr.write('broken off'); sys.exit(78)"
    async with running([child("a", code)]) as run:
        assert not await run.ended()
        assert "broken off\n" in run.log


async def test_what_a_dead_child_had_started_goes_too() -> None:
    code = (
        "import subprocess, sys\n"
        f"p = subprocess.Popen([sys.executable, '-c', {STAY!r}], stdout=subprocess.DEVNULL)\n"
        "print('pid', p.pid, flush=True)\n"
        "import os; os._exit(78)\n"
    )
    async with running([child("a", code)]) as run:
        assert not await run.ended()
        pid = int(run.log.partition("| pid ")[2].split()[0])
        await wait_until(lambda: not is_running(pid), "the grandchild to end")


async def test_a_log_that_nobody_reads_tells_its_owner_once() -> None:
    lost: list[str] = []
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w") as out:
        console = Console(out, False, lambda: lost.append("lost"))
        console.say("a")
        console.say("b")
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
    assert lost == ["lost"]


PARENT = """
import os, subprocess, sys
command = [sys.executable, "-I", "-S", *sys.argv[1:-1], str(os.getpid()), *sys.argv[-1:]]
child = subprocess.Popen([*command[:-1], sys.executable, "-c", command[-1]])
child.wait()
"""
SAY_PID = "import os, signal; print(os.getpid(), flush=True); signal.pause()"


@pytest.mark.parametrize("mode", [(), ("--watch",)], ids=["by the kernel", "by a watcher"])
async def test_a_leashed_process_ends_with_its_killed_parent(mode: tuple[str, ...]) -> None:
    if not mode and sys.platform != "linux":
        pytest.skip("only Linux can do it in the kernel")
    with subprocess.Popen(  # noqa: ASYNC220 - nothing else runs in this loop
        [sys.executable, "-c", PARENT, die_with_parent.__file__, *mode, SAY_PID],
        stdout=subprocess.PIPE,
    ) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        assert is_running(pid)
        parent.kill()
        await wait_until(lambda: not is_running(pid), "the tied_to_parent process to end")


@pytest.mark.parametrize(
    ("code", "ending"),
    [
        ("raise SystemExit(5)", 5),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
        ("import os; os.kill(os.getppid(), 15); import signal; signal.pause()", -signal.SIGTERM),
    ],
)
def test_a_watcher_ends_as_its_command_ended(code: str, ending: int) -> None:
    command = [sys.executable, "-I", "-S", die_with_parent.__file__, "--watch", str(os.getpid())]
    done = subprocess.run([*command, sys.executable, "-c", code], check=False, timeout=10)
    assert done.returncode == ending


def test_a_command_that_cannot_be_started_says_so() -> None:
    done = subprocess.run(
        die_with_parent.tied_to_parent(("/nowhere/at/all",)),
        check=False,
        capture_output=True,
        timeout=10,
    )
    assert done.returncode == die_with_parent.NOT_STARTED
    assert b"cannot start /nowhere/at/all" in done.stderr
