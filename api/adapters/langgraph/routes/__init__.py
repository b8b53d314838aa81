"""One function per operation.

meta         `/ok`, `/info`
assistants   `/assistants`
runs         `/runs`: runs without a thread
threads      `/threads`
states       `/threads/{id}/state`, `/threads/{id}/history`
thread_runs  `/threads/{id}/runs`
thread_streams  `/threads/{id}/stream`, and LangGraph's thread protocol
names        from the ids in a path to a thread and to a run on it
answers      what the routes respond with
"""
