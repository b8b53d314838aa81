"""LangGraph's checkpointer.

checkpoints  where an attempt resumes
saver        LangGraph's interface, over the journal and the store
sync_saver   its half for plain functions
codec        checkpoints to bytes and back
serializer   values in a graph's state to bytes and back
"""
