"""LangGraph's checkpointer.

checkpoints  a saver for each attempt, and whether a job has checkpoints
saver        LangGraph's interface, over the journal and the store
chain        what an attempt knows of its thread's chain, and what it sends of it
snapshots    what readers without the graph are shown, taken apart
sync_saver   its synchronous half, for plain functions
ids          checkpoints' ids, in the order in which they are made
codec        from checkpoints to bytes and back
serializer   from values in a graph's state to bytes and back
"""
