"""Which jobs this worker holds, and until when.

consumer       arq's worker, with leases
held_attempts  the attempts that are held, as both threads see them
lease_keeper   renews the leases, from a thread of its own
watchdog       ends a graph that blocks the event loop or ignores the end of its time
eviction       takes a job away from its graph: ended, or handed back
containment    what a graph may not do to its worker
"""
