"""What is kept of a job, on one Redis or a Cluster. A Lua script lies beside its only caller.

jobs         records, and every transition of a job's status
events       a job's log: append under a fence, close, read
journal      what an attempt writes, in its order: events, task writes, checkpoints
checkpoints  checkpoints of graphs, in bytes
blobs        large values that events refer to, each once
threads      conversations over many jobs
items        items of graphs' stores, in bytes
results      a job's result that is its thread's state: a reference to it
of_job       calls of the scripts that change a job
log          for scripts: how a job's keys are kept, its log's end, lives of keys
fence        for scripts: who may write a log
"""
