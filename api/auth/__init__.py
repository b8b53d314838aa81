"""Which tenant a request belongs to.

keys  API keys, and which job a stream ticket opens
"""
