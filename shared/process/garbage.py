"""Garbage collection of processes that live long."""

import gc


def freeze_startup_objects() -> None:
    """Have the collector look only at what is made from here on: modules and graphs stay.

    Each look at all of them would hold up every job or listener of the process.
    """
    gc.collect()
    gc.freeze()
