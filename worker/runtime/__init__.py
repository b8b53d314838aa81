"""What the rest of the worker is built on.

event_loop    asyncio's loop, not woken when it is awake
retry         repeats calls while the store is unavailable
turns         limits how many calls of an attempt reach the store at once
from_threads  calls into the event loop from the threads of plain functions
"""
