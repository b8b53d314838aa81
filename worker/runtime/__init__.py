"""What the worker's own code runs on.

event_loop    asyncio's loop, not woken when it is awake
retry         calls to a store that have to get through, or a store all of whose calls do
turns         an attempt's calls to the store, few at once
from_threads  calls into the loop from the threads of plain functions
"""
