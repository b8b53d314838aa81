"""Threads: conversations over many jobs.

thread_store    make, read, change and copy a thread
thread_search   threads by status and metadata, in order
expiry          delete a thread in one step; the threads whose time is up
thread_log      the events of all jobs of a thread, under numbers of its own
record          for scripts: a thread's record, how long it lives, the index for search
thread          for scripts: whose turn it is, the index of a thread's log
rollback        for scripts: what a cancelled job takes back
none            for scripts: the last two, of a job without a thread
create          a new thread, once
patch           other metadata
prune           all states but the newest
delete          a thread, in one step
delete_job      a job that is over, with what it stored of the state
bury            jobs of deleted threads
read            the records of several threads
page            a part of the index
unlist          names that the index should not have
"""
