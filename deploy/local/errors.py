"""What ends a local run, or keeps it from starting."""


class LocalError(Exception):
    """A run on this machine can't start or continue; its text is for the person at the terminal."""
