"""Runs graphs, writes their logs.

__main__     the process
app          the parts of the process, and what runs besides the jobs
settings     what it serves, and how much at once
runtime      the event loop, retried calls to a store, calls from threads
leases       which jobs this worker holds, and until when
attempt      one attempt at a job, from its opening to its outcome
journal      what an attempt writes, in order, one write in flight
checkpoints  LangGraph's checkpointer, over the journal and the store
store        LangGraph's store: what graphs remember across jobs
catalogue    the project's graphs: loaded, made, described
graphs       the graphs that come with Tailrace; they know nothing of the service
"""

from tailrace.extras import need

need("worker")
