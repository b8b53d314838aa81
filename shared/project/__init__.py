"""A LangGraph project, read from its files; nothing of it is imported."""
