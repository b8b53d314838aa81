"""`python -m bench.cluster [--calls N] [--rounds R] [--only ours,redis-py,glide,alone]`.

valkey-glide takes part where it is installed: `pip install valkey-glide`.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

from redis.exceptions import RedisError
from rich.table import Table

from bench.cluster import faults, steady
from bench.cluster.contenders import BY_NAME, CONTENDERS, Contender
from bench.cluster.load import Figures
from bench.report import console
from tailrace.shared.redis.connection import connect
from tests.support.cluster_store import ClusterStore, Node, cluster_store
from tests.support.wait import wait_until

Results: TypeAlias = dict[str, Figures]
"""Of one contender in one round, by scenario."""

Scenario: TypeAlias = Callable[[Contender, ClusterStore, Any], Awaitable[Figures]]

AT_REST: Final = "At rest"
_WITHIN_S: Final = 600.0
_NOT_MEASURED: Final = "-"


def main() -> None:
    """Measure each in a process and on Clusters of its own, in turns, and print a table."""
    options = _options()
    if options.child:
        print(json.dumps(_measure(BY_NAME[options.child], options.calls)))  # noqa: T201 - to us
        return
    page = console()
    chosen = [BY_NAME[name] for name in options.only]
    results: defaultdict[str, list[Results]] = defaultdict(list)
    for number in range(1, options.rounds + 1):
        for contender in chosen:
            if contender.installed:
                page.print(f"round {number} of {options.rounds}: {contender.title}", style="dim")
                results[contender.title].append(_in_a_process(contender, options.calls))
    page.print(_table(results))
    page.print(f"{options.calls} calls, {options.rounds} rounds; least to most")
    for contender in chosen:
        if not contender.installed:
            page.print(f"{contender.title}: not installed; pip install valkey-glide")


def _in_a_process(contender: Contender, calls: int) -> Results:
    command = [sys.executable, "-m", "bench.cluster", "--child", contender.name]
    done = subprocess.run(  # noqa: S603 - ourselves
        [*command, "--calls", str(calls)], check=True, stdout=subprocess.PIPE, timeout=_WITHIN_S
    )
    return json.loads(done.stdout)


def _measure(contender: Contender, calls: int) -> Results:
    rest = partial(steady.measure, calls=calls)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        if contender.on_cluster:
            return dict(_on_clusters(contender, Path(folder), {AT_REST: rest, **faults.SCENARIOS}))
        return {AT_REST: _on_one_server(contender, Path(folder), rest)}


def _on_clusters(
    contender: Contender, folder: Path, scenarios: dict[str, Scenario]
) -> Iterator[tuple[str, Figures]]:
    """A new Cluster for each scenario."""
    for name, scenario in scenarios.items():
        with cluster_store(folder / "cluster") as cluster:
            yield name, asyncio.run(_witnessed(cluster.url, scenario, contender, cluster))


def _on_one_server(contender: Contender, folder: Path, scenario: Scenario) -> Figures:
    node = Node(folder, flags=("--cluster-enabled", "no"))
    node.start()
    try:
        url = f"redis://127.0.0.1:{node.port}"
        return asyncio.run(_witnessed(url, scenario, contender, ClusterStore((node,))))
    finally:
        node.kill()


async def _witnessed(
    url: str, scenario: Scenario, contender: Contender, cluster: ClusterStore
) -> Figures:
    for node in cluster.nodes:
        await wait_until(partial(_answers, node), "the servers")
    async with connect(url) as witness:
        return await scenario(contender, cluster, witness)


async def _answers(node: Node) -> bool:
    try:
        return bool(await node.call("PING"))
    except RedisError:
        return False


def _table(results: dict[str, list[Results]]) -> Table:
    """A row for each figure, a column for each contender."""
    table = Table(title="Clients of a Cluster", title_justify="left")
    table.add_column("")
    for title in results:
        table.add_column(title, justify="right")
    names = dict.fromkeys(
        (scenario, name)
        for rounds in results.values()
        for scenario, figures in rounds[0].items()
        for name in figures
    )
    shown = ""
    for scenario, name in names:
        if scenario != shown:
            table.add_section()
            table.add_row(f"[bold]{scenario}")
            shown = scenario
        values = ([r.get(scenario, {}).get(name) for r in rounds] for rounds in results.values())
        table.add_row(name, *(_cell([v for v in of if v is not None]) for of in values))
    return table


def _cell(values: Sequence[float]) -> str:
    if not values:
        return _NOT_MEASURED
    least, most = (f"{value:,.{2 if value < 100 else 0}f}" for value in (min(values), max(values)))
    return least if least == most else f"{least} to {most}"


def _names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := set(names) - BY_NAME.keys():
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not among {', '.join(BY_NAME)}")
    return names


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.cluster", description=__doc__)
    parser.add_argument("--calls", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", type=_names, default=[contender.name for contender in CONTENDERS])
    parser.add_argument("--child", choices=BY_NAME, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
