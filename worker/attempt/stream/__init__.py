"""From what LangGraph streams to events.

reader        reads a run's stream into the journal
translate     a part of the stream to an event; pure
large_values  what is too large to stay in an event, and what it is; pure
spill         takes it out: stored before the event, referred to in its place
"""
