"""HTTP in front of the log: takes jobs, relays their events.

__main__      the process: uvicorn with our settings
app           what the API is made of, and what it holds while it runs
settings      where it listens, whom it serves, its limits
dependencies  what routes are given
schemas       request and response bodies
errors        what the API refuses, as exceptions
auth          identifies the client
catalogue     which graphs are accepted, and whether a job fits them
routes        a function an operation, 5 to 15 lines each
jobs          from a POST to a job, and a job as a response
http          HTTP beyond the routes: bodies, headers, problems, connections
relay         logs on their way to listeners
"""
