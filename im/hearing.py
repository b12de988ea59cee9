"""No deaf server: each hears its own word over the message queue every few seconds, or subscribes anew."""

import logging
import time
from collections.abc import Callable

import eventlet

from im import metrics

log = logging.getLogger(__name__)

_SAY_SECONDS = 2
DEAF_SECONDS = 6


class Hearing:
    def __init__(self, *, say: Callable[[], None], subscribe_anew: Callable[[], None]) -> None:
        """`say` publishes a word that leads to `heard`; `subscribe_anew` drops the present subscription."""
        self._say = say
        self._subscribe_anew = subscribe_anew
        self.fault: str | None = None  # why it may be deaf, as /readyz shows it
        self.messages = 0  # that have come over the subscription: each is as good a sign as the own word
        self._messages_before = 0
        self._heard_at: float | None = None
        self._judged_at = time.monotonic()

    @property
    def is_deaf(self) -> bool:
        return self._heard_at is None or time.monotonic() - self._heard_at > DEAF_SECONDS

    def failure(self) -> str | None:
        """Say why nothing is heard; None where the server hears itself."""
        return (self.fault or "deaf: nothing of our own is heard") if self.is_deaf else None

    def heard(self) -> None:
        self.fault = None
        self._heard_at = time.monotonic()
        metrics.IS_HEARING.set(1)

    def say_for_ever(self) -> None:
        while True:
            self._say()
            eventlet.sleep(_SAY_SECONDS)

    def watch_for_ever(self) -> None:
        while True:
            eventlet.sleep(1)
            self.look()

    def look(self) -> None:
        """Subscribe anew where nothing was heard for too long."""
        if self.messages != self._messages_before:
            # In a flood the own word may stand in line for longer than a deaf server is given.
            self._messages_before = self.messages
            self.heard()
        # A new subscription is given its time to prove itself.
        if self.is_deaf and time.monotonic() - self._judged_at > DEAF_SECONDS:
            self._judged_at = time.monotonic()
            metrics.DEAF.inc()
            metrics.IS_HEARING.set(0)
            log.error("nothing of our own is heard over the message queue: subscribing anew")
            self._subscribe_anew()
