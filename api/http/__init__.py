"""HTTP beyond the routes.

body         a request's body as strict JSON, within limits
negotiation  what a client asks for in `Accept` and `Prefer`
problems     from errors to HTTP: one table
middleware   what surrounds every request
connection   a client's connection, as far as ASGI does not show it
"""
