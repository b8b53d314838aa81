"""Who calls.

keys  API keys, and which job a stream ticket opens
"""
