"""What waits for a client that does not take it at once, or for more to be sent with it."""

from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Any

from eventlet import hubs

from im.backlog import Backlog

AT_ONCE = 64  # frames that one system call takes


def _pass(_error: BaseException) -> None:
    """The hub has forgotten the descriptor; the connection hears of it as a reader."""


class Writes(Backlog):
    """What waits for a slow client, while anything does."""

    __slots__ = ("_listener", "_on_gone", "_on_written", "_sock", "frames", "is_last")

    def __init__(self, sock: Any, *, on_written: Callable[[], None], on_gone: Callable[[], None]) -> None:
        """`on_written` is called when nothing waits any more outside of a batch, `on_gone` when the client has gone."""
        super().__init__()
        self._sock = sock
        self._on_written = on_written
        self._on_gone = on_gone
        self.frames: deque[bytes] = deque()
        self.is_last = False  # the connection ends when this is written
        self._listener: Any = None

    @property
    def is_unsent(self) -> bool:
        """Whether it only waits for more, and not for the client."""
        return self._listener is None

    def watch(self) -> None:
        """Go on when the client takes more."""
        if self._listener is None:
            self._listener = hubs.get_hub().add(hubs.hub.WRITE, self._sock.fileno(), self._on_writable, _pass, None)

    def append(self, frame: bytes) -> None:
        self.frames.append(frame)
        self.add(len(frame))

    def stop(self) -> None:
        self._rest()
        self.clear()

    def flush(self) -> None:
        """Send what the client takes now."""
        while self.frames:
            try:
                some = list(islice(self.frames, AT_ONCE))
                sent = self._sock.sendmsg(some)
            except BlockingIOError:
                sent = 0
            except OSError:
                self._on_gone()
                return
            self._forget(sent)
            if sent < sum(map(len, some)):
                self.watch()
                return
            if self._listener is not None:
                break  # others have their turn
        if self.frames:
            return
        if self.is_batch:
            self._rest()
        else:
            self._on_written()

    def _rest(self) -> None:
        """Watch no longer."""
        if self._listener is not None:
            hubs.get_hub().remove(self._listener)
            self._listener = None

    def _on_writable(self, _fileno: int) -> None:
        if self._listener is not None:  # else it was stopped by another callback of the same round
            self.flush()

    def _forget(self, sent: int) -> None:
        size, count = sent, 0
        while self.frames and sent >= len(self.frames[0]):
            sent -= len(self.frames.popleft())
            count += 1
        if sent:
            self.frames[0] = self.frames[0][sent:]
        self.remove(count, size)
