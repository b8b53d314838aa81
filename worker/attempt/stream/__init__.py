"""From LangGraph's stream to events.

reader        reads a run's stream into the journal
translate     turns a part of the stream into events; pure
large_values  finds the values that are too large for an event; pure
spill         moves them out of the event, which refers to them instead
"""
