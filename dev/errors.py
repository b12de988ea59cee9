"""What ends `make run` early."""


class RunError(Exception):
    """The system can't start or go on. The message is a line for the person at the terminal."""


class StopRequested(Exception):
    """Somebody asked for the end: a signal, or make is gone."""
