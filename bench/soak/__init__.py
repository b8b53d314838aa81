"""Ten minutes of coming and going on one API process: does it give back what it took?

Owns the crowd, what it checks of every frame, and the verdict. Rates and costs are `bench.relay`'s.
"""
