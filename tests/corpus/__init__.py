"""LangGraph's documentation as graphs: each run by LangGraph and by the service, and compared.

`make test-graphs` runs all of them, also with workers that are killed.
"""
