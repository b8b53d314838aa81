"""Which jobs this worker holds, and until when.

consumer      arq's worker, with leases
lease_keeper  keeps the leases, from a thread of its own
containment   what a graph may not do to its worker
"""
