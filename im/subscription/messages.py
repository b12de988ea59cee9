"""Reads and checks the messages of the queue: everyone who can reach the queue can publish anything."""

import logging

from core import wire
from im import metrics
from im.log_limit import LogLimit
from im.transport import json_encoding

log = logging.getLogger(__name__)
log.addFilter(LogLimit(10))

LARGEST = 1024 * 1024  # bytes; a larger message is dropped
_LOGGED = 100  # bytes of a bad message

_METHODS = frozenset({"emit", "callback", "disconnect", "enter_room", "leave_room", "close_room", wire.CANARY})
# Event names that the client libraries reserve: a browser that gets one closes its connection.
_RESERVED = frozenset({"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"})


class BadMessage(ValueError):
    """A message, or one push in it, that can't be read. `reason` is a label of toutiao_im_bad_messages_total."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_push(push: bytes) -> wire.Push:
    """Decode a push that wire.encode_push made; raise BadMessage."""
    try:
        return wire.decode_push(push)
    except ValueError:
        raise BadMessage("push") from None


def read_canary(message: bytes) -> int:
    """Return the number of a canary of this server; raise BadMessage."""
    number = read_message(message).get("number")
    if not isinstance(number, int):
        raise BadMessage("shape")
    return number


def read_message(message: bytes) -> dict[str, object]:
    """Decode a message of python-socketio's managers; raise BadMessage for anything that they do not publish."""
    try:
        content = json_encoding.loads(message)
    except (ValueError, RecursionError):
        raise BadMessage("json") from None
    if not isinstance(content, dict) or not isinstance(content.get("method"), str):
        raise BadMessage("shape")
    if content["method"] not in _METHODS or (content["method"] == "emit" and not _is_event(content.get("event"))):
        raise BadMessage("shape")
    return content


def drop(message: bytes, error: Exception) -> None:
    """Count and log a message, or one push in it, that can't be read or handled."""
    reason = error.reason if isinstance(error, BadMessage) else "failed"
    metrics.BAD_MESSAGES.labels(reason).inc()
    log.warning("dropped a message of the queue (%s): %.100r; it begins with %r", reason, error, message[:_LOGGED])


def _is_event(name: object) -> bool:
    return isinstance(name, str) and name not in _RESERVED
