"""Reads the message queue as long as the process runs."""

import logging
import random
from collections.abc import Callable, Iterator
from typing import Protocol

import eventlet
from eventlet.semaphore import Semaphore

from core import service_faults
from im import metrics
from im.subscription.receiver import PushReceiver
from im.subscription.watchdog import CANARY_SECONDS, Watchdog

log = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0


class Reader(Protocol):
    """An open subscription."""

    def messages(self) -> Iterator[bytes]:
        """Yield messages until the subscription ends; then raise one of service_faults.ERRORS. Switches greenlets."""

    def close(self) -> None: ...


class MessageQueue(Protocol):
    def open_reader(self, on_subscribed: Callable[[], None]) -> Reader:
        """Subscribe. The reader calls `on_subscribed` when the subscription is active. Switches greenlets."""

    def publish_canary(self) -> None:
        """Publish a message to this server itself. May switch greenlets."""

    def drop_publisher(self) -> None:
        """Close the connection that publishes. It may be half-open, as the subscription's connection may be."""


class Subscription:
    """Subscribes again when a subscription ends, stalls or has lost messages. Then every socket catches up."""

    def __init__(
        self, queue: MessageQueue, receiver: PushReceiver, watchdog: Watchdog, *, on_subscribed: Callable[[], None]
    ) -> None:
        self._queue = queue
        self._receiver = receiver
        self._watchdog = watchdog
        self._on_subscribed = on_subscribed
        self._reader: Reader | None = None
        self._publishing = Semaphore()  # two greenlets at once can't write to one TLS connection

    def renew(self) -> None:
        """Close the current subscription; `read_for_ever` subscribes again. May switch greenlets."""
        reader, self._reader = self._reader, None
        if reader is not None:
            ignore_errors(reader.close)
        self._queue.drop_publisher()

    def read_for_ever(self) -> None:
        """Read, in place of the library's own thread: that subscribes again after each message that it can't read."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                reader = self._reader = self._queue.open_reader(self._subscribed)
                for message in reader.messages():
                    pause = _FIRST_PAUSE_SECONDS
                    self._watchdog.on_message()
                    self._receiver.receive(message)
                    if self._reader is not reader:
                        break
            except service_faults.ERRORS as error:
                self._watchdog.on_fault(error)
            except Exception:
                log.exception("the subscription ended with an unexpected error, subscribing again")
            self.renew()
            metrics.SUBSCRIPTION_IS_ALIVE.set(0)
            eventlet.sleep(pause * random.uniform(0.5, 1))  # noqa: S311  (jitter)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def watch_for_ever(self) -> None:
        """Renew a subscription that is stalled or has lost messages."""
        while True:
            eventlet.sleep(1)
            if self._watchdog.check():
                self.renew()

    def publish_canaries_for_ever(self) -> None:
        """Give the watchdog a message to expect, every CANARY_SECONDS."""
        while True:
            self._publish_canary()
            eventlet.sleep(CANARY_SECONDS)

    def _publish_canary(self) -> None:
        with self._publishing:
            self._queue.publish_canary()

    def _subscribed(self) -> None:
        self._watchdog.on_subscribed()
        metrics.SUBSCRIPTIONS.inc()
        log.info("subscribed to the message queue")
        self._on_subscribed()
        eventlet.spawn_n(ignore_errors, self._publish_canary)


def ignore_errors(act: Callable[[], object]) -> None:
    """Call `act` on a connection that may be lost, when libraries raise errors of any type. May switch greenlets."""
    try:
        act()
    except Exception as error:  # noqa: BLE001
        log.info("ignored an error of a connection that may be lost: %r", error)
