"""What LangGraph's clients see of our records and events. Pure.

assistants  graphs of the catalogue as assistants
runs        a job as a run
threads     a thread and its states
events      an event of a log as events of LangGraph's stream
partial     messages that grow, for the old stream mode `messages`
values      what a run has led to
view        in which form one client reads a run; the same form is shared
"""
