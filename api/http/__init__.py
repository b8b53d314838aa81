"""HTTP beyond the routes.

body         a request's body as strict JSON, within limits
negotiation  which format of a response a client takes
preferences  what a client would like: `Prefer`
problems     from errors to HTTP: one table
protocol     uvicorn's HTTP, which also shows who is at the other end
peer         a client's connection, as far as ASGI does not show it
"""
