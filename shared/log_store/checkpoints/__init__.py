"""Checkpoints of graphs, in bytes.

checkpoint_store  put, read, list, prune, drop
parts             lists by their elements: trees of references
snapshots         the states of a thread, put together without its graph; their script
checkpoints       for scripts: how a checkpoint lies in its hash
drop              all checkpoints of a job
list              the checkpoints that match, newest first
prune             all but the newest
put               a checkpoint
read              a checkpoint with its writes
write             what a task wrote
"""
