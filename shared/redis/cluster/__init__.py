"""A Redis Cluster with the interface of redis-py's client, so that no other module knows of it.

client  sends each command to the node that has its key, and follows keys that move
nodes   where the servers are, and a client of each
slots   who serves which slot, asked again when a node fails
"""
