"""LangGraph's store: what graphs remember beyond a job.

graph_store  LangGraph's interface
search       what a search reads; pure
meaning      search by meaning: what is embedded, and what is nearest
"""
