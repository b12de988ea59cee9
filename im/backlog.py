"""How much may wait for one client, whatever its transport, before it counts as slow and is closed."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from eventlet import queue

from im import metrics

MOST_FRAMES = 1000
MOST_BYTES = 1024 * 1024


class Backlog:
    """Counts what waits, in the gauges too.

    A batch, such as a replay, is let in whole where there was room when it began, and is allowed for until nothing
    waits any more: it has a bound of its own, and a client that is cut off in the middle of one would never get it.
    """

    __slots__ = ("_batch_bytes", "_batch_frames", "count", "is_batch", "size")

    def __init__(self) -> None:
        self.count = self.size = 0
        self.is_batch = False
        self._batch_frames = self._batch_bytes = 0

    @property
    def is_full(self) -> bool:
        if self.is_batch:
            return False
        return self.count - self._batch_frames >= MOST_FRAMES or self.size - self._batch_bytes >= MOST_BYTES

    def begin_batch(self) -> None:
        self.is_batch = self.count < MOST_FRAMES and self.size < MOST_BYTES

    def end_batch(self) -> None:
        self.is_batch = False

    def add(self, size: int) -> None:
        self.count += 1
        self.size += size
        if self.is_batch:
            self._batch_frames += 1
            self._batch_bytes += size
        metrics.HOT.waiting_frames += 1
        metrics.HOT.waiting_bytes += size

    def remove(self, count: int, size: int) -> None:
        self.count -= count
        self.size -= size
        if not self.count:
            self._batch_frames = self._batch_bytes = 0
        metrics.HOT.waiting_frames -= count
        metrics.HOT.waiting_bytes -= size

    def clear(self) -> None:
        self.remove(self.count, self.size)


class Queue(queue.Queue):
    """Packets that wait for a poll, or for the library's own writer."""

    def _init(self, maxsize: int | None) -> None:
        super()._init(maxsize)
        self.backlog = Backlog()
        self._sizes: deque[int] = deque()  # of what is counted, in the same order
        self._is_counted = True

    @contextmanager
    def batch(self) -> Iterator[None]:
        self.backlog.begin_batch()
        try:
            yield
        finally:
            self.backlog.end_batch()

    def forget(self) -> None:
        """Count no longer: the client has gone, and what is here goes with it."""
        self._is_counted = False
        self.backlog.clear()
        self._sizes.clear()

    def drop(self) -> None:
        """Throw away what waits for a client that has to go."""
        self.forget()
        while self.queue:
            self.queue.popleft()
            self.task_done()

    def _put(self, item: Any) -> None:
        super()._put(item)
        if self._is_counted:
            size = _size_of(item)
            self._sizes.append(size)
            self.backlog.add(size)

    def _get(self) -> Any:
        item = super()._get()
        if self._sizes:
            self.backlog.remove(1, self._sizes.popleft())
        return item


def _size_of(packet: Any) -> int:
    """Return the bytes of a packet on the wire, about: those of what it carries."""
    data = packet and packet.data
    if isinstance(data, str) and not data.isascii():
        return len(data.encode(errors="replace"))
    return len(data) if isinstance(data, str | bytes) else 0
