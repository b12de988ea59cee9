"""Frames of one connection that wait, because the client does not take them yet or because a batch is not complete."""

import _socket
from collections import deque
from collections.abc import Callable
from itertools import islice

from eventlet import hubs

from im.transport.send_limits import Backlog

MAX_FRAMES_PER_SEND = 64  # in one system call

# The results of a flush: no frame waits any more, the client takes no more for now, the socket has an error.
DONE, BLOCKED, BROKEN = range(3)


def _ignore(_error: BaseException) -> None:
    """Do nothing when the hub has removed the descriptor: the connection learns it as a listener for reading."""


class WriteBuffer(Backlog):
    """Exists only while frames wait, so an idle connection has none."""

    __slots__ = ("_listener", "_sock", "frames")

    def __init__(self, sock: _socket.socket) -> None:
        super().__init__()
        self._sock = sock
        self.frames: deque[bytes] = deque()
        self._listener: hubs.hub.FdListener | None = None

    @property
    def is_watched(self) -> bool:
        """Return whether the client blocks. If it does not, the frames wait for the rest of a batch."""
        return self._listener is not None

    def watch(self, on_writable: Callable[[int], None]) -> None:
        """Let the hub call `on_writable` each time the client takes more. The call must not switch greenlets."""
        if self._listener is None:
            self._listener = hubs.get_hub().add(hubs.hub.WRITE, self._sock.fileno(), on_writable, _ignore, None)

    def unwatch(self) -> None:
        if self._listener is not None:
            hubs.get_hub().remove(self._listener)
            self._listener = None

    def append(self, frame: bytes) -> None:
        self.frames.append(frame)
        self.add(len(frame))

    def flush(self) -> int:
        """Send what the client takes now; return DONE, BLOCKED or BROKEN. Does not switch greenlets.

        A client that blocks gets one system call in each round of the hub, so that other clients are served too.
        """
        while self.frames:
            try:
                some = list(islice(self.frames, MAX_FRAMES_PER_SEND))
                sent = self._sock.sendmsg(some)
            except BlockingIOError:
                sent = 0
            except OSError:
                return BROKEN
            self._remove_sent(sent)
            if sent < sum(map(len, some)) or (self.frames and self.is_watched):
                return BLOCKED
        return DONE

    def stop(self) -> None:
        """Throw away all frames."""
        self.unwatch()
        self.clear()

    def _remove_sent(self, sent: int) -> None:
        size, count = sent, 0
        while self.frames and sent >= len(self.frames[0]):
            sent -= len(self.frames.popleft())
            count += 1
        if sent:
            self.frames[0] = self.frames[0][sent:]
        self.remove(count, size)
