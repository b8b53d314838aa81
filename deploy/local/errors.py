"""What ends a local run, or keeps it from starting."""


class LocalError(Exception):
    """A run on this machine can't start or go on; its text is for the person at the terminal."""
