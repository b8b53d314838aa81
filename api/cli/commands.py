"""The commands: what can be typed. How each is done stands in its neighbours."""

import asyncio
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from tailrace.api.cli.consoles import stderr, stdout
from tailrace.api.cli.demo import demonstrate
from tailrace.api.cli.given import given
from tailrace.api.cli.keys import new_key
from tailrace.api.cli.outcomes import EXPLAINED
from tailrace.api.cli.page import Page
from tailrace.api.cli.text import one_line
from tailrace.api.cli.views import Lines, View
from tailrace.api.cli.watch import watch
from tailrace.api.client import Graph, JsonValue, Tailrace

app = typer.Typer(
    name="tailrace",
    help="Run LangGraph graphs as jobs and follow what they say. The service is at TAILRACE_URL "
    "(else http://127.0.0.1:8000); the key is TAILRACE_API_KEY.",
    epilog=EXPLAINED,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

JobArgument = Annotated[str, typer.Argument(help="The job's id.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the events as NDJSON.")]


@app.command(
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def dev(context: typer.Context) -> None:
    """Run everything on this machine (dev --help has its own list)."""
    sys.stdout.flush()
    # The service takes this process's place, so signals and exit codes are its own.
    command = [sys.executable, "-P", "-m", "tailrace.deploy.local", *context.args]
    os.execv(sys.executable, command)  # noqa: S606 - no shell wanted


@app.command()
def graphs() -> None:
    """List the graphs that can be run.

    With the input's fields; those with a * must be given.
    """
    table = Table("graph", "what it does", "input", box=None, pad_edge=False)
    for graph in asyncio.run(_graphs()):
        summary = graph.description.partition("\n")[0]
        table.add_row(graph.name, one_line(summary), one_line(_fields(graph)))
    stdout().print(table)


@app.command(epilog=EXPLAINED)
def run(
    graph: Annotated[str, typer.Argument(help="The graph's name.")],
    source: Annotated[
        str, typer.Option("--input", help="What the graph takes: JSON, @FILE, or - for stdin.")
    ] = "{}",
    stream: Annotated[
        list[str] | None,
        typer.Option(
            help="A LangGraph stream mode; may be repeated. Else updates, messages, custom."
        ),
    ] = None,
    as_json: AsJson = False,
    detach: Annotated[bool, typer.Option("--detach", help="Print the job's id and leave.")] = False,
) -> None:
    """Start a job and follow it to its end. Ctrl-C stops following, not the job."""
    value = given(source, "--input")
    if detach:
        stdout().out(asyncio.run(_start(graph, value, stream)), highlight=False)
        return
    raise typer.Exit(asyncio.run(_run(graph, value, stream, _view(as_json))))


@app.command(epilog=EXPLAINED)
def follow(
    job: JobArgument,
    after: Annotated[int, typer.Option(min=0, help="Leave out events up to this number.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Follow a job to its end, from any event on. Ctrl-C stops following, not the job."""
    raise typer.Exit(asyncio.run(_follow(job, after, _view(as_json))))


@app.command()
def answer(
    job: JobArgument,
    source: Annotated[
        str, typer.Option("--value", help="The answer: JSON, @FILE, or - for stdin.")
    ],
) -> None:
    """Answer a job that waits. It goes on; `follow` shows how."""
    status = asyncio.run(_answer(job, given(source, "--value")))
    stdout().out(one_line(status), highlight=False)


@app.command()
def cancel(job: JobArgument) -> None:
    """Ask for a job's end."""
    status = asyncio.run(_cancel(job))
    stdout().out(one_line(status), highlight=False)


@app.command()
def demo(
    topic: Annotated[str, typer.Option(help="What to write about.")] = "the water mill",
) -> None:
    """Run a real job and cut the line: nothing is lost.

    Starts a service of its own, and cleans up behind it.
    """
    raise typer.Exit(demonstrate(topic))


@app.command()
def key(
    tenant: Annotated[str, typer.Argument(help="Whose jobs it opens.")],
) -> None:
    """Make an API key. It is shown this once; the service keeps its hash."""
    made = new_key(tenant)
    stderr().out("for the caller, shown this once:", style="dim", highlight=False)
    stdout().out(made.for_caller, highlight=False)
    stderr().out("for the service; join several by commas:", style="dim", highlight=False)
    stdout().out(made.for_service, highlight=False)


def _view(as_json: bool) -> View:
    return (Lines if as_json else Page)(stdout(), stderr())


def _fields(graph: Graph) -> str:
    return ", ".join(f"{name}*" if needed else name for name, needed in graph.fields)


async def _graphs() -> list[Graph]:
    async with Tailrace() as client:
        return await client.graphs()


async def _start(graph: str, value: JsonValue, stream: Sequence[str] | None) -> str:
    async with Tailrace() as client:
        return (await client.create(graph, value, stream=stream)).id


async def _run(graph: str, value: JsonValue, stream: Sequence[str] | None, view: View) -> int:
    async with Tailrace() as client:
        job = await client.create(graph, value, stream=stream)
        view.note(f"job {job.id}")
        return await watch(client, view, job.id, after=0)


async def _follow(job_id: str, after: int, view: View) -> int:
    async with Tailrace() as client:
        # A stream waits for a service that is away; a first call says so at once.
        await client.job(job_id)
        return await watch(client, view, job_id, after)


async def _answer(job_id: str, value: JsonValue) -> str:
    async with Tailrace() as client:
        return (await client.resume(job_id, value)).status


async def _cancel(job_id: str) -> str:
    async with Tailrace() as client:
        return (await client.cancel(job_id)).status
