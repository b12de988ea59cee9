"""The vocabulary between processes: names of events, payload types, rooms, and the names of tasks and queues."""

from typing import TypedDict

import orjson

FOLLOWING_NOTIFY = "following notify"
# What users are told of. app/static/events.js has the words for each.
NOTIFICATIONS = frozenset({FOLLOWING_NOTIFY})

SYNC = "sync"
UNREAD = "unread"
MESSAGE = "message"
ANONYMOUS = "anonymous"
TOKEN_EXPIRING = "token_expiring"  # noqa: S105  (an event's name)

CHANNEL = "socketio"  # of the message queue; what python-socketio's own managers take
QUEUE = "notifications"  # what workers are told to tell
DISPATCH_QUEUE = "dispatches"  # requests to look at the outbox; each covers all that was committed before it is taken
DISPATCH_TASK = "tasks.notifications.dispatch"
TELL_UNREAD_TASK = "tasks.notifications.tell_unread"


class FollowingNotify(TypedDict):
    """Somebody began to follow the recipient. `timestamp` in Unix seconds, `id` the inbox's, `offset` the history's."""

    user_id: int
    user_name: str
    user_photo: str
    timestamp: int
    id: int
    offset: str


class Sync(TypedDict):
    """Sent once per connect, after the replay. `unread_count` is None when no cache knows it."""

    recovered: bool
    offset: str
    unread_count: int | None


class Unread(TypedDict):
    """An absolute number."""

    count: int


class Anonymous(TypedDict):
    """Told to a client that seems to have meant to log in, and gave no token that could be found."""

    reason: str
    message: str


def room_of(user_id: int) -> str:
    """Name the room that holds every open socket of a user."""
    return str(user_id)


def encode_push(room: str, packet: bytes, *, previous: str = "", offset: str = "") -> bytes:
    """Lay out one push as the IM servers take it from the message queue: room, place in the history, packet.

    The packet is as it goes on the wire, so a server neither parses nor builds JSON. The room "" means everybody.
    `previous` is the offset before this one: a server whose client has not had that one knows that one is missing.
    """
    return b"P%b\0%b\0%b\0%b" % (room.encode(), previous.encode(), offset.encode(), packet)


PUSH_MARK = b"P"  # a stock manager's messages are JSON objects and begin with a brace
PUSH_SEPARATOR = b"\n"  # stands between pushes that share a message; JSON on one line never holds it


def encode_packet(event: str, data: object) -> bytes:
    """Encode an event as the Engine.IO message that a client of the namespace / receives."""
    return b"42" + orjson.dumps([event, data])
