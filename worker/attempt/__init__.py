"""One attempt at a job, from its opening to its outcome.

attempt     an attempt as the parts of this worker see it: what it holds, why it shall stop
runner      open, run, close
execution   runs a job's graph
run_config  what a graph runs with: the caller's, its own, ours
stream      from what LangGraph streams to events
interrupts  where a run stopped, and how it resumes
failures    from an exception to what the user is told, and whether it is tried again
limits      what a job may bring into its log
outcomes    how an attempt can end
unserved    what becomes of a job whose graph is not served here
"""
