"""The benchmark suite: each folder is one benchmark, run as `python -m bench.<folder>`."""
