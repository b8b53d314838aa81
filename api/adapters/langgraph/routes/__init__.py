"""One function per operation.

meta        `/ok`, `/info`
assistants  `/assistants`
runs        `/runs`: runs without a thread
answers     what the routes respond with
"""
