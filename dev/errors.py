"""The exceptions that end `make run`."""


class RunError(Exception):
    """The system can't start or continue. The message is one line for the user at the terminal."""


class StopRequested(Exception):
    """A signal requests a stop, or make has ended."""
