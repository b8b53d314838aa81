"""LangGraph's HTTP API under `/langgraph`: for its clients as they are, over our jobs and logs.

A view, and no second truth: functions from our records and events to LangGraph's JSON.

app            the routes, in an app of their own: its errors are `{"detail"}`
credentials    the tenant of a request; keys come in `X-Api-Key` too
run_fields     the body of a run, field by field: honoured or refused by name
thread_fields  the bodies of requests about threads, in the same way
submission     from a run's body to its job
streaming      a run's events as a response: the cursor, and where the client begins
thread_stream  the events of a whole thread as a response
commanding     the commands of LangGraph's thread protocol
cancelling     how clients cancel runs
leaving        what happens when the client leaves
waiting        a run's values as a response that is kept alive
updating       a change of a thread's state: a short job, and its outcome
views          what clients see of our records and events; pure
routes         one function per operation
"""
