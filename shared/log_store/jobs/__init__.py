"""Records of jobs. A status is what the log's last event says; each transition is one script.

job_store   create, read, open an attempt, suspend, resume, cancel, close
job_record  a record's fields to a job and back
summaries   what a listener has to know of a job, for many at once
presence    who listens to a job, for those that are cancelled when their caller leaves
open_jobs   the jobs without `end`
create      a new job, once
open        an attempt takes the job: its number is the fence
suspend     the job waits, or is queued again
resume      a waiting job is queued again with its resume values
cancel      the owner cancels the job
close_over  the `end` of a job whose worker is gone
"""
