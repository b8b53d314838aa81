"""The built-in graph `counter`, whose node stamps when it starts."""

from langgraph.graph import END, START, StateGraph
from langgraph.types import StreamWriter

from bench.queue.stamps import stamp
from tailrace.worker.graphs import counter
from tailrace.worker.graphs.counter import CounterInput, CounterOutput, CounterState


async def count(state: CounterState, *, writer: StreamWriter) -> dict[str, int | str]:
    """Stamp, and count."""
    stamp()
    return await counter.count(state, writer=writer)


builder = StateGraph(CounterState, input_schema=CounterInput, output_schema=CounterOutput)
builder.add_node("count", count)
builder.add_edge(START, "count")
builder.add_edge("count", END)
graph = builder.compile(name="counter")
