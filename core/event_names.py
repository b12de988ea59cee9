"""The names of the events that are no notifications: nobody can declare an event with one of them."""

SYNC = "sync"
UNREAD = "unread"
STATE = "state"
MESSAGE = "message"
ANONYMOUS = "anonymous"
CLOSING = "closing"
REFRESH = "refresh"
WITHDRAWN = "withdrawn"
TOKEN_EXPIRING = "token_expiring"  # noqa: S105  (an event's name)

_OURS = (SYNC, UNREAD, STATE, MESSAGE, ANONYMOUS, CLOSING, REFRESH, WITHDRAWN, TOKEN_EXPIRING)
_OF_SOCKET_IO = ("connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener", "*")
TAKEN = frozenset((*_OURS, *_OF_SOCKET_IO))
