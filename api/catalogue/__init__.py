"""What workers announced: which graphs are accepted, and whether a job fits them.

graphs   the graphs that are currently served
misfits  where a value does not match a schema
"""
