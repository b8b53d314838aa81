"""A LangGraph project, read without importing any of it.

file          `langgraph.json`, read
keys          what becomes of each of its keys
values        what it asks for
lives         how long its jobs may live
packages      where its folders are imported from
requirements  what it declares, and what of that is missing
"""
