"""Ten minutes of connects and disconnects on one API process: does it release what it took?

Owns the crowd, what it checks of every frame, and the verdict. Rates and costs are `bench.relay`'s.
"""
