"""The project's graphs.

registry         the graphs, each loaded by itself
modules          imports other people's modules
factories        makes the graph for one run, in all of LangGraph's forms
description      what is announced of a graph
schemas          what a graph takes as input and as context
message_schemas  a chat message in all of its forms
"""
