"""LangGraph's documentation as graphs: each run by LangGraph and by the service, and compared.

`make test-graphs` runs all of them, also with workers that are killed. LangGraph is the one that
`requirements/` locks (1.2.22): what it does is what is expected, and a newer one may do otherwise.
"""
