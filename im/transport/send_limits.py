"""Limits on what waits for one client, over any transport. A client above a limit is slow, and is closed."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from engineio.packet import Packet
from eventlet import queue

from im import metrics

MAX_WAITING_FRAMES = 1000
MAX_WAITING_BYTES = 1024 * 1024


class Backlog:
    """Counts the frames and bytes that wait, also in the gauges.

    A batch, for example a replay, is accepted as a whole if the backlog was not full when it began. It then does not
    count until nothing waits any more. It has a limit of its own, and a client that is closed in the middle of a batch
    would never get all of it.
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
        return (
            self.count - self._batch_frames >= MAX_WAITING_FRAMES or self.size - self._batch_bytes >= MAX_WAITING_BYTES
        )

    def begin_batch(self) -> None:
        self.is_batch = self.count < MAX_WAITING_FRAMES and self.size < MAX_WAITING_BYTES

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
    """Packets that wait for a poll, or for the library's websocket writer."""

    def _init(self, maxsize: int | None) -> None:
        super()._init(maxsize)
        self.backlog = Backlog()
        self._sizes: deque[int] = deque()  # of the packets that are counted, in the same order
        self._is_counted = True

    @contextmanager
    def batch(self) -> Iterator[None]:
        self.backlog.begin_batch()
        try:
            yield
        finally:
            self.backlog.end_batch()

    def stop_counting(self) -> None:
        """Remove the packets from the count, because the session has ended. They can still be taken out."""
        self._is_counted = False
        self.backlog.clear()
        self._sizes.clear()

    def drop(self) -> None:
        """Throw away all packets of a client that the server closes."""
        self.stop_counting()
        while self.queue:
            self.queue.popleft()
            self.task_done()

    def _put(self, item: Packet | None) -> None:
        super()._put(item)
        if self._is_counted:
            size = _size_of(item)
            self._sizes.append(size)
            self.backlog.add(size)

    def _get(self) -> Packet | None:
        item: Packet | None = super()._get()
        if self._sizes:
            self.backlog.remove(1, self._sizes.popleft())
        return item


def _size_of(packet: Packet | None) -> int:
    """Return the approximate size of a packet on the wire in bytes: that of its data."""
    data = packet and packet.data
    if isinstance(data, str) and not data.isascii():
        return len(data.encode(errors="replace"))
    return len(data) if isinstance(data, str | bytes) else 0
