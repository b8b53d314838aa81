"""Tailrace: a queue-backed job-streaming microservice for LangGraph.

Its rooms lie at the top of the repository, and are linked here under the one name to import.
"""
