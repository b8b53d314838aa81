"""The commands and their options; the neighbouring modules carry them out."""

import asyncio
import os
import sys
from collections.abc import Sequence
from importlib import metadata
from types import EllipsisType
from typing import Annotated

import typer
from rich.table import Table

from tailrace import Graph, JobOptions, JsonValue, NotSent, Tailrace, TailraceError
from tailrace.cli.demo import demonstrate
from tailrace.cli.exit_codes import EXPLAINED, REFUSED, USAGE
from tailrace.cli.json_arguments import json_object, json_value
from tailrace.cli.keys import new_key
from tailrace.cli.render import NdjsonView, ReadableView, View
from tailrace.cli.terminal import one_line, stderr, stdout
from tailrace.cli.watch import watch
from tailrace.extras import need

app = typer.Typer(
    name="tailrace",
    help="Run LangGraph graphs as jobs and follow their events. The service is at TAILRACE_URL "
    "(by default http://127.0.0.1:8000); the key is TAILRACE_API_KEY.",
    epilog=EXPLAINED,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

JobArgument = Annotated[str, typer.Argument(help="The job's id.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the events as NDJSON.")]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; leaves by `SystemExit` with one of `exit_codes`."""
    try:
        app(arguments)
    except TailraceError as error:
        stderr().out(f"tailrace: {one_line(str(error))}", highlight=False)
        sys.exit(USAGE if isinstance(error, NotSent) else REFUSED)


def _show_version(wanted: bool) -> None:
    if wanted:
        stdout().out(f"tailrace {_installed()}", highlight=False)
        raise typer.Exit


def _installed() -> str:
    try:
        return metadata.version("tailrace")
    except metadata.PackageNotFoundError:
        return "(run from its source, so its version is unknown)"


@app.callback()
def options(
    _version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", is_eager=True, callback=_show_version),
    ] = False,
) -> None:
    """Take the options that belong to no command."""


@app.command(
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def dev(context: typer.Context) -> None:
    """Run everything on this machine (dev --help has its own list)."""
    need("local")
    sys.stdout.flush()
    # The service takes this process's place, so signals and exit codes are its own.
    command = [sys.executable, "-P", "-m", "tailrace.deploy.local", *context.args]
    os.execv(sys.executable, command)  # noqa: S606 - no shell wanted


@app.command()
def graphs() -> None:
    """List the available graphs.

    With the fields of the input; those with a * are required.
    """
    table = Table("graph", "what it does", "input", box=None, pad_edge=False)
    for graph in asyncio.run(_graphs()):
        summary = graph.description.partition("\n")[0]
        table.add_row(graph.name, one_line(summary), one_line(_fields(graph)))
    stdout().print(table)


@app.command(epilog=EXPLAINED)
def run(  # noqa: PLR0913 - each argument is an option of the command
    graph: Annotated[str, typer.Argument(help="The graph's name.")],
    source: Annotated[
        str, typer.Option("--input", help="The graph's input: JSON, @FILE, or - for stdin.")
    ] = "{}",
    stream: Annotated[
        list[str] | None,
        typer.Option(
            help="A LangGraph stream mode; repeatable. Default: updates, messages, custom."
        ),
    ] = None,
    context: Annotated[
        str | None,
        typer.Option(help="The value of runtime.context in nodes, given as for --input."),
    ] = None,
    before: Annotated[
        list[str] | None,
        typer.Option("--interrupt-before", help="Stop before this node, or '*'; repeatable."),
    ] = None,
    behind: Annotated[
        list[str] | None,
        typer.Option("--interrupt-after", help="Stop after this node, or '*'; repeatable."),
    ] = None,
    as_json: AsJson = False,
    thread: Annotated[
        str | None, typer.Option(help="The conversation that it continues: a UUID.")
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Print the job's id and exit.")] = False,
) -> None:
    """Start a job and follow it to its end. Ctrl-C stops following, not the job."""
    value = json_value(source, "--input")
    options: JobOptions = {
        "stream": stream,
        "interrupt_before": before,
        "interrupt_after": behind,
        "thread": thread,
    }
    if context is not None:
        options["context"] = json_object(context, "--context")
    if detach:
        stdout().out(asyncio.run(_start(graph, value, options)), highlight=False)
        return
    raise typer.Exit(asyncio.run(_run(graph, value, options, _view(as_json))))


@app.command(epilog=EXPLAINED)
def follow(
    job: JobArgument,
    after: Annotated[int, typer.Option(min=0, help="Skip events up to this number.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Follow a job to its end, from any event on. Ctrl-C stops following, not the job."""
    raise typer.Exit(asyncio.run(_follow(job, after, _view(as_json))))


@app.command()
def answer(
    job: JobArgument,
    source: Annotated[
        str | None, typer.Option("--value", help="The resume value: JSON, @FILE, or - for stdin.")
    ] = None,
    sources: Annotated[
        str | None,
        typer.Option("--values", help="For several interrupts: an object, by their ids."),
    ] = None,
    after: Annotated[
        int | None, typer.Option(min=1, help="The stop to resume; by default where it waits now.")
    ] = None,
) -> None:
    """Resume a waiting job, with a value for its interrupt if it has one. `follow` shows how."""
    if source is not None and sources is not None:
        raise typer.BadParameter("give either --value or --values")
    if sources is not None:
        resumed = _answer_each(job, json_object(sources, "--values"), after)
    else:
        resumed = _answer(job, ... if source is None else json_value(source, "--value"), after)
    stdout().out(one_line(asyncio.run(resumed)), highlight=False)


@app.command()
def cancel(job: JobArgument) -> None:
    """Cancel a job."""
    status = asyncio.run(_cancel(job))
    stdout().out(one_line(status), highlight=False)


@app.command()
def demo(
    topic: Annotated[str, typer.Option(help="What to write about.")] = "the water mill",
) -> None:
    """Run a real job and cut its connection: nothing is lost.

    Starts a service of its own, and removes it afterwards.
    """
    need("local")
    raise typer.Exit(demonstrate(topic))


@app.command()
def key(
    tenant: Annotated[str, typer.Argument(help="The tenant whose jobs it gives access to.")],
) -> None:
    """Create an API key. It is shown only once; the service stores its hash."""
    made = new_key(tenant)
    stderr().out("for the client, shown only once:", style="dim", highlight=False)
    stdout().out(made.for_caller, highlight=False)
    stderr().out("for the service; separate several with commas:", style="dim", highlight=False)
    stdout().out(made.for_service, highlight=False)


def _view(as_json: bool) -> View:
    return (NdjsonView if as_json else ReadableView)(stdout(), stderr())


def _fields(graph: Graph) -> str:
    if graph.broken:
        return f"can't be run: {graph.broken.detail}"
    return ", ".join(f"{name}*" if needed else name for name, needed in graph.fields)


async def _graphs() -> list[Graph]:
    async with Tailrace() as client:
        return await client.graphs()


async def _start(graph: str, value: JsonValue, options: JobOptions) -> str:
    async with Tailrace() as client:
        return (await client.create(graph, value, **options)).id


async def _run(graph: str, value: JsonValue, options: JobOptions, view: View) -> int:
    async with Tailrace() as client:
        job = await client.create(graph, value, **options)
        view.note(f"job {job.id}")
        return await watch(client, view, job.id, after=0)


async def _follow(job_id: str, after: int, view: View) -> int:
    async with Tailrace() as client:
        # A stream waits for a service that is unreachable; a first request fails immediately.
        await client.job(job_id)
        return await watch(client, view, job_id, after)


async def _answer(job_id: str, value: JsonValue | EllipsisType, after: int | None) -> str:
    async with Tailrace() as client:
        return (await client.resume(job_id, value, after=after)).status


async def _answer_each(job_id: str, values: dict[str, JsonValue], after: int | None) -> str:
    async with Tailrace() as client:
        return (await client.resume_each(job_id, values, after=after)).status


async def _cancel(job_id: str) -> str:
    async with Tailrace() as client:
        return (await client.cancel(job_id)).status
