"""A watchdog for the subscription: the server subscribes again when it delivers nothing for 6 s, or has lost messages.

Every server publishes a canary, a message to itself, every 2 s. So a subscription that works always delivers something.
RabbitMQ drops the oldest messages of a queue that is full, without an error. The canaries are numbered, so that a loss
shows. While the process stands still it publishes none: after such a time messages may be lost as well.
"""

import logging
import time

from core import service_faults
from im import metrics

log = logging.getLogger(__name__)

CANARY_SECONDS = 2
STALLED_SECONDS = 6
_MOST_MISSING = 100  # that are remembered, whatever number a message has


class Watchdog:
    """Knows when the subscription last delivered a message, what it lost, and which error may have stopped it."""

    def __init__(self) -> None:
        self._fault: str | None = None
        self._next_canary: int | None = None  # None until the subscription has delivered one
        self._missing: set[int] = set()  # canaries that a later one has overtaken
        self._missing_before: set[int] = set()  # the same at the last check()
        self._has_message = False  # since the last check(); any message proves as much as the canary
        self._alive_at: float | None = None
        self._renewed_at = self._checked_at = time.monotonic()

    @property
    def is_stalled(self) -> bool:
        return self._alive_at is None or time.monotonic() - self._alive_at > STALLED_SECONDS

    def failure(self) -> str | None:
        """Return why the subscription delivers nothing, as /readyz shows it; None while it delivers."""
        return (self._fault or "stalled: the subscription delivers nothing") if self.is_stalled else None

    def on_subscribed(self) -> None:
        self._next_canary = None
        self._missing.clear()

    def on_message(self) -> None:
        self._has_message = True

    def on_canary(self, number: int) -> None:
        expected = number if self._next_canary is None else self._next_canary
        self._missing.update(range(max(expected, number - _MOST_MISSING), number))
        self._missing.discard(number)
        self._next_canary = max(number + 1, expected)
        self._fault = None
        self._mark_alive()

    def on_fault(self, error: BaseException) -> None:
        """Log an error of the message queue. Keep it for /readyz where an operator has to act."""
        self._fault = service_faults.describe(error) if service_faults.fault_of(error).remedy else None
        service_faults.report(log, "message queue", error)

    def check(self) -> bool:
        """Return whether to subscribe again, and log and count the reason. Call it every second."""
        now = time.monotonic()
        stood_still = now - self._checked_at > STALLED_SECONDS
        self._checked_at = now
        # Two canaries of the same moment may change places, so one is given a second.
        is_missing, self._missing_before = bool(self._missing & self._missing_before), self._missing.copy()
        if self._has_message:
            # When many messages wait, the canary may be queued for longer than STALLED_SECONDS.
            self._has_message = False
            self._mark_alive()
        if is_missing or stood_still:
            metrics.LOSSES.inc()
            self._missing.clear()
            log.error("canaries are missing, or this process stood still: messages may be lost, subscribing again")
            return True
        # A new subscription also has STALLED_SECONDS to deliver its first message.
        if not self.is_stalled or now - self._renewed_at <= STALLED_SECONDS:
            return False
        self._renewed_at = now
        metrics.STALLS.inc()
        metrics.SUBSCRIPTION_IS_ALIVE.set(0)
        log.error("the subscription delivered nothing for %d s: subscribing again", STALLED_SECONDS)
        return True

    def _mark_alive(self) -> None:
        self._alive_at = time.monotonic()
        metrics.SUBSCRIPTION_IS_ALIVE.set(1)
