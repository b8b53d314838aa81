"""Writes what an attempt produces, in the graph's order.

journal        batches, numbers, one write in flight
batches        what goes to the store in one call; pure
held_writes    holds what finished tasks wrote until the stream says that they ended
lasting_state  what an attempt writes again if the store lost it
own_thread     the thread of an attempt's job, written in the order of LangGraph's calls
"""
