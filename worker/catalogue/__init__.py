"""The project's graphs.

registry         loads the graphs, each on its own
modules          imports the project's modules
factories        makes the graph for one run, from any of LangGraph's forms of factory
description      what is announced about a graph
details          what LangGraph tells of a graph: drawings, schemas, the graphs inside
schemas          the JSON Schemas of a graph's input and context
message_schemas  the JSON Schema of chat messages
"""
