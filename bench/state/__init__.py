"""What a turn of a conversation costs, by the length of its thread.

turns  a conversation on a worker's own path, and the bytes that the store writes for it
"""
