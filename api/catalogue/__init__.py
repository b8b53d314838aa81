"""What workers announced: which graphs are accepted, and whether a job fits them.

graphs   the graphs that are served now
misfits  where a value does not fit a schema
"""
