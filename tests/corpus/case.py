"""A graph of the corpus: what makes it, what it is given and how its questions are answered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, get_args

from langgraph.graph import StateGraph
from langgraph.pregel import Pregel

from tailrace.shared.jobs import StreamMode

AnyGraph: TypeAlias = Pregel[Any, Any, Any, Any]
Make: TypeAlias = Callable[[], AnyGraph]
Answer: TypeAlias = Callable[[Any], Any]

CASES: Final[dict[str, "Case"]] = {}
"""All that have been imported, by name."""


def agreed(question: Any) -> Any:
    """The answer of who agrees to everything, and can be told by what was asked."""
    return f"yes to {question}"


@dataclass(frozen=True, slots=True)
class Case:
    """One graph and one job for it. What is asked for beside the input is as in `POST /jobs`."""

    name: str
    make: Make
    input: Any
    answer: Answer
    """From what is asked to the answer: a stop without a question needs none."""
    config: Mapping[str, Any] = field(default_factory=dict[str, Any])
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    asked: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """`context`, `interrupt_before` and `interrupt_after`, where the job has them."""
    modes: Sequence[StreamMode] = get_args(StreamMode)
    """What is streamed: everything, unless that is too much."""
    steady: bool = True
    """Whether a kill changes nothing, by LangGraph's own rules; else a comment says what."""

    @property
    def place(self) -> str:
        """Where the graph is, as `langgraph.json` says it."""
        return f"{self.make.__module__}:{self.name}"


def case(given: Any, *, answer: Answer = agreed, **more: Any) -> Callable[[Make], Make]:
    """Make a function's graph part of the corpus, under the function's name.

    Args:
        given: the job's input.
        answer: answers its questions.
        more: other fields of `Case`.
    """

    def noted(make: Make) -> Make:
        name = make.__name__
        assert name not in CASES, f"there are two graphs of the name {name}"
        CASES[name] = Case(name, make, given, answer, **more)
        return make

    return noted


def line(schema: Any, *nodes: Any, **compiled: Any) -> AnyGraph:
    """A graph of nodes one after another."""
    graph: Any = StateGraph(schema)
    graph.add_sequence(nodes)
    graph.set_entry_point(nodes[0][0] if isinstance(nodes[0], tuple) else nodes[0].__name__)
    return graph.compile(**compiled)


def wired(schema: Any, nodes: Mapping[str, Any], edges: Sequence[Any], **compiled: Any) -> AnyGraph:
    """A graph of named nodes and edges."""
    graph: Any = StateGraph(schema)
    for name, node in nodes.items():
        graph.add_node(name, node)
    for start, end in edges:
        graph.add_edge(start, end)
    return graph.compile(**compiled)
