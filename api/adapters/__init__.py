"""Other services' APIs, each a view over our jobs, threads and logs.

langgraph  LangGraph's HTTP API, for its clients as they are
"""
