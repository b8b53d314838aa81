"""The queue, its leases and its workers' inboxes; each step is one script.

job_queue  the calls
claim      a worker takes jobs, with their leases
enqueue    a job is ready
finish     a job leaves the queue
interrupt  a job's worker is told to look at it
lead       one process is the sweeper for some seconds
leases     for scripts: how the queue and its leases are kept
leaving    for scripts: how a job goes back to the queue, and how it leaves it
release    a job goes back
remove     a job that nobody has leaves the queue
renew      leases are prolonged
tell       a worker is told to stop a job
"""
