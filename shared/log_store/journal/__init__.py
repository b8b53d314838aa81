"""What an attempt writes, in the graph's order, in one call under one fence.

journal  the calls
piece    a part of what is too large for one call
"""
