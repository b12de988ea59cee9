"""The names that processes share: events and their payload types, rooms and tasks.

The app declares the events that users are notified of, in the modules and files that the setting EVENTS names. What
declares and finds them is in core/declarations.py, and can be imported from here.
"""

from typing import NotRequired, TypedDict

from core.declarations import Event, declared, find, has_group, known_names, names_of_category, validate
from core.event_names import (
    ANONYMOUS,
    CLOSING,
    MESSAGE,
    REFRESH,
    STATE,
    SYNC,
    TOKEN_EXPIRING,
    UNREAD,
    WITHDRAWN,
)

__all__ = [
    "ANONYMOUS",
    "CLOSING",
    "MESSAGE",
    "REFRESH",
    "STATE",
    "SYNC",
    "TOKEN_EXPIRING",
    "UNREAD",
    "WITHDRAWN",
    "Event",
    "declared",
    "find",
    "has_group",
    "known_names",
    "names_of_category",
    "validate",
]

DISPATCH_TASK = "tasks.notifications.dispatch"
TELL_UNREAD_TASK = "tasks.notifications.tell_unread"
TELL_STATE_TASK = "tasks.notifications.tell_state"
WEB_PUSH_TASK = "tasks.web_pushes.send"


class Sync(TypedDict):
    """Sent once for each connect, after the replay. `unread_count` is None where no cache knows it."""

    recovered: bool
    offset: str
    unread_count: int | None


class Unread(TypedDict):
    """How many notifications are unread, and how many of these nobody has seen. 1000 means 1,000 or more.

    Without `unseen_count` the server was cut off for a moment, and may have missed marks: read the inbox.
    """

    count: int
    unseen_count: NotRequired[int]


class State(TypedDict):
    """Notifications that were marked, here or on another device: each time that changed, null where it was taken back.

    What is read counts as seen. `more` is true where others that are not named changed as well: read the inbox.
    """

    ids: list[int]
    seen_at: NotRequired[int | None]
    read_at: NotRequired[int | None]
    archived_at: NotRequired[int | None]
    more: NotRequired[bool]


class Withdrawn(TypedDict):
    """Notifications that were taken back: `ids` are those of the inbox, `offset` is the position in the history."""

    ids: list[int]
    offset: str


class Message(TypedDict):
    """Chat: `hello` on connect, then a reply to each message. `timestamp` is in milliseconds."""

    msg: str
    timestamp: int


class ClientMessage(TypedDict):
    """Chat: the server answers with the event of the same name."""

    msg: str


class Refresh(TypedDict):
    """Sent by a client to keep its socket open: a new access token of the same user.

    The acknowledgement is {status, expires_at}, or {error}.
    """

    token: str


class Anonymous(TypedDict):
    """Sent to a client that seems to want to log in, but whose token is empty or has a wrong name."""

    reason: str
    message: str


class TokenExpiring(TypedDict):
    """Sent a minute before the token of a socket ends, in Unix seconds."""

    expires_at: int


class Closing(TypedDict):
    """Sent before the server closes a socket for good: the client should not come back by itself."""

    reason: str
    message: str
