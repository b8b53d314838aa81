"""Threads: conversations over many jobs.

thread  for scripts: a thread's record, whose turn it is, the index of its log
"""
