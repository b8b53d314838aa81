"""Clients of a Cluster on three real nodes: at rest, while a slot moves, while a node dies.

contenders  who is measured, each as the service would use it
load        writers, and what became of what they wrote
steady      throughput, latency, CPU, blocked reads
faults      slots that move, nodes that die, return or stand still
"""
