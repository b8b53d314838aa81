"""What an attempt writes, in the graph's order, one write in flight.

journal        batches, numbers, one write in flight
batches        what goes to the store in one call; pure
held_writes    what finished tasks wrote, until the stream says that they ended
lasting_state  what an attempt writes again where the store forgot it
own_thread     the thread that an attempt writes, in the order of LangGraph's calls
"""
