"""Garbage collection in long-lived processes."""

import gc


def freeze_startup_objects() -> None:
    """Have the collector ignore what exists now: modules and graphs stay.

    Going through all of them would delay every job or listener of the process each time.
    """
    gc.collect()
    gc.freeze()
