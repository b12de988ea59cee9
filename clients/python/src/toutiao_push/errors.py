"""What a caller can expect to go wrong. Each is raised before anything is written."""


class PushError(Exception):
    """The base class of all errors of this package."""


class InvalidDeclarations(PushError):
    """The declarations of events are not those that `flask events export` writes. The message says where."""


class InvalidNotification(PushError, ValueError):
    """The arguments make no notification. `field` names the one that is wrong."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class UnknownEvent(InvalidNotification):
    """Nobody has declared an event of this name."""

    def __init__(self, event: object) -> None:
        super().__init__("event", f"{event!r:.80} is not declared")


class InvalidPayload(InvalidNotification):
    """The data does not fit the declaration of its event. `field` is a path such as `data.items[2].title`."""


class InvalidRecipient(InvalidNotification):
    """A recipient is no user id."""


class InvalidActor(InvalidNotification):
    """The actor is no user id."""


class InvalidKey(InvalidNotification):
    """The key is empty, too long, or holds characters that are not printable."""
