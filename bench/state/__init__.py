"""What a turn of a conversation costs, by the length of its thread.

Owns the conversation, and how the bytes that the store writes are counted: in its append-only file.
"""
