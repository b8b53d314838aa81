"""What an attempt writes, in the graph's order, in one call under one fence.

journal  the calls
ahead    elements of lists, where they are too much for one call
piece    a part of what is too large for one call
"""
