"""The benchmark suite: `python -m bench` runs its parts, a folder each, and holds them to goals.

A part has a `suite` with `measure`, which hands out a section: a table, goals, and every figure.
"""
