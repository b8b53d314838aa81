"""What LangGraph's clients see of our records and events. Pure.

assistants  graphs of the catalogue as assistants
runs        a job as a run
threads     a thread and its states
events      an event of a log as events of LangGraph's stream
partial     messages that grow, for the old stream mode `messages`
values      what a run has led to
view        in which form one client reads a run; the same form is shared
thread_runs  a thread's log as the streams of its runs
protocol    a thread's log in LangGraph's thread protocol
subscription  what one client gets of it, and how it is written
blocks      messages in that protocol: by content blocks
"""
