"""The graphs, a function each, in modules by feature."""

from tests.corpus.case import CASES
from tests.corpus.graphs import (
    agents,
    breakpoints,
    commands,
    edges,
    fan_out,
    functional,
    questions,
    running,
    state,
    streaming,
    subgraphs,
)

MODULES = (
    state,
    edges,
    fan_out,
    commands,
    questions,
    breakpoints,
    subgraphs,
    functional,
    agents,
    streaming,
    running,
)
ALL = dict(CASES)
"""Every graph of the corpus, by name."""
