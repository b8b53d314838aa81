"""Identifies the client.

keys  API keys, and which job a stream ticket opens
"""
