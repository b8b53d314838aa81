"""The whole way of a job, on real processes and an embedded store.

Owns the service that is measured, its clients, and what is asked of it: the first event hop by hop,
one job flat out, fifty at once, POST /jobs alone, and a worker that is killed.
"""
