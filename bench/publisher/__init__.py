"""What a worker adds to a graph that streams as fast as it can.

Owns the two ways to run it, bare and through the worker's own path, and the sizes of the batches
that its events travel in. Rounds run in a process of their own, in turns.
"""
