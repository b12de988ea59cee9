"""The messages of the queue, read with suspicion: whoever reaches the queue can publish what it likes."""

import logging
import re
from typing import Any

import orjson

from im import encoding, metrics
from im.log_limit import LogLimit

log = logging.getLogger(__name__)
log.addFilter(LogLimit(10))

LARGEST = 1024 * 1024  # bytes of a message that is read
_SHOWN = 100  # bytes of a bad one that are logged

_PUSH = re.compile(rb"P([^\0]*)\0(\?|\d{1,20}-\d{1,20}|)\0(\d{1,20}-\d{1,20}|)\0(42\[.*\])", re.DOTALL)
_METHODS = frozenset({"emit", "callback", "disconnect", "enter_room", "leave_room", "close_room", "nonce"})
# Events that the client libraries keep for themselves: a browser that gets one ends its connection.
_RESERVED = frozenset({"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"})


class BadMessage(ValueError):
    """A message, or a push in one, that can't be read. `reason` is a label of toutiao_im_bad_messages_total."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_push(push: bytes) -> tuple[str, bytes, bytes, bytes]:
    """Return room, previous offset, offset and packet of what events.encode_push made.

    Raise BadMessage where the packet would end a client's connection. That it is JSON is taken from how it begins and
    ends, unless it goes to everybody.
    """
    match = _PUSH.fullmatch(push)
    if match is None:
        raise BadMessage("push")
    room, previous, offset, packet = match.groups()
    try:
        packet.decode()
        if not room:
            orjson.loads(packet[2:])
        return room.decode(), previous, offset, packet
    except ValueError:
        raise BadMessage("push") from None


def read_message(message: bytes) -> dict[str, Any]:
    """Return a message of python-socketio's managers; raise BadMessage for what none of them publishes."""
    try:
        content = encoding.loads(message)
    except (ValueError, RecursionError):
        raise BadMessage("json") from None
    if not isinstance(content, dict) or not isinstance(content.get("method"), str):
        raise BadMessage("shape")
    if content["method"] not in _METHODS or (content["method"] == "emit" and not _is_event(content.get("event"))):
        raise BadMessage("shape")
    return content


def drop(message: bytes, error: Exception) -> None:
    """Count and log a message, or a push in one, that could not be read or not be handled."""
    reason = error.reason if isinstance(error, BadMessage) else "failed"
    metrics.BAD_MESSAGES.labels(reason).inc()
    log.warning("a message of the queue is dropped, %s: %.100r: %r", reason, error, message[:_SHOWN])


def _is_event(name: object) -> bool:
    return isinstance(name, str) and name not in _RESERVED
