"""Who runs which job, on one Redis, under arq's own keys where arq's tools look.

queue        the queue, its leases and its workers' inboxes
idempotency  which job an Idempotency-Key stands for
reserve      a key for a job, or the job that has it
beat         a worker says that it lives, and what it serves
beats        what the workers have said
catalogue    what workers announce: graphs, and that they live
details      what they tell of a graph beside that
"""
