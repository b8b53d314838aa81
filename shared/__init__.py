"""What the API and the workers must agree on: jobs, events, keys, the log and the queue.

errors       the tree of errors, drawn on top
jobs         a job: its id, its states, its record as values
threads      a thread: one conversation over many jobs
events       events, and the only codec
terms        what threads are found by
settings     settings that both sides read, and how settings reach a process
encoding     values of any Python type as JSON
project      a LangGraph project: `langgraph.json` and its packages
redis        the edge to Redis: connections, scripts, keys, clusters
log_store    what is kept of a job: record, events, checkpoints, blobs
queue_store  who runs which job: the queue, in arq's own terms
removal      deletes threads with all that they have
sweep        repairs what a crash leaves; workers and API processes take turns
process      what every process of ours needs: logs, tasks, memory
"""
