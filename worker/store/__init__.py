"""LangGraph's store: what graphs remember across jobs.

graph_store  LangGraph's interface
search       what a search has to read; pure
meaning      semantic search: what is embedded, and what is nearest
"""
