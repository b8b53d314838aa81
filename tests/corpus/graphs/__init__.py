"""The graphs, a function each, in modules by feature."""

from tests.corpus.case import CASES
from tests.corpus.graphs import (
    agents,
    below,
    breakpoints,
    commands,
    deep,
    edges,
    failing,
    fan_out,
    functional,
    messages,
    questions,
    runtime,
    schemas,
    state,
    streaming,
    subgraphs,
    tools,
    values,
)

MODULES = (
    *(state, schemas, messages, values, edges, fan_out, commands, questions, below, breakpoints),
    *(subgraphs, functional, agents, tools, deep, streaming, runtime, failing),
)
ALL = dict(CASES)
"""Every graph of the corpus, by name."""
