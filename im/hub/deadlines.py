"""Deadlines of sessions that must do something, all within the same time."""

from collections.abc import Callable

from im.hub.timer_wheel import TimerWheel


class Deadlines:
    """At most one deadline for each session. A session without a deadline costs nothing."""

    def __init__(self, wheel: TimerWheel, *, seconds: float, on_late: Callable[[str], None]) -> None:
        """`on_late` gets the id of a session that missed its deadline. It must not wait."""
        self._wheel = wheel
        self._seconds = seconds
        self._on_late = on_late
        self._running: dict[str, _Deadline] = {}

    def __len__(self) -> int:
        return len(self._running)

    def __contains__(self, eio_sid: str) -> bool:
        return eio_sid in self._running

    def start(self, eio_sid: str) -> None:
        """Start the deadline of a session, or start it again with the full time."""
        self.stop(eio_sid)
        deadline = self._running[eio_sid] = _Deadline(self, eio_sid)
        self._wheel.put(deadline, self._seconds)

    def stop(self, eio_sid: str) -> None:
        deadline = self._running.pop(eio_sid, None)
        if deadline is not None:
            self._wheel.remove(deadline)

    def _late(self, deadline: "_Deadline", eio_sid: str) -> None:
        if self._running.get(eio_sid) is deadline:  # if not, another call of the same tick stopped it
            del self._running[eio_sid]
            self._on_late(eio_sid)


class _Deadline:
    __slots__ = ("_deadlines", "_eio_sid", "due")

    def __init__(self, deadlines: Deadlines, eio_sid: str) -> None:
        self._deadlines = deadlines
        self._eio_sid = eio_sid
        self.due = -1

    def on_due(self) -> None:
        self._deadlines._late(self, self._eio_sid)
