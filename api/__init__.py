"""HTTP in front of the log: accepts jobs, relays their events.

__main__      the process: uvicorn with our settings
app           what the API is made of, and what it holds while it runs
settings      where it listens, which clients it serves, its limits
dependencies  what routes are given: the services, the tenant, the job
schemas       request and response bodies
errors        what the API refuses, as exceptions
auth          which tenant a request belongs to
catalogue     which graphs are accepted, and whether a job fits them
adapters      other services' APIs, each a view over jobs and logs
routes        one function per operation, 5 to 15 lines each
jobs          from a POST to a job, and a job as a response
http          HTTP beyond the routes: bodies, headers, problems, connections
relay         logs on their way to listeners
"""

from tailrace.extras import need

need("api")
