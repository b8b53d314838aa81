"""A LangGraph project, read without importing any of it.

file          reads `langgraph.json`
keys          what happens to each of its keys
values        what it asks for
lives         how long its jobs may live
packages      where its packages are imported from
requirements  what it declares, and what is missing
"""
