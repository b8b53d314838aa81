"""One attempt at a job, from its opening to its outcome.

attempt     what an attempt holds, and why it has to stop
runner      open, run, close
execution   runs a job's graph
updates     changes a thread's state in place of a run
run_config  the configuration of a run: the caller's, the graph's and ours
stream      from LangGraph's stream to events
interrupts  where a run stopped, and how it resumes
failures    from an exception to what the user is told, and whether to retry
limits      how much a job may write to its log
outcomes    how an attempt can end
unserved    what happens to a job whose graph this worker does not serve
"""
