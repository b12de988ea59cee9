"""Celery's consumer, changed to drop bad messages: in Celery a bad message ends one worker after the other."""

import logging
import random
import time
from collections.abc import Callable
from typing import Any

from celery.worker import consumer, state

from core import service_faults
from core.broker import RedisTransport
from tasks.messages import BadMessage, check
from tasks.resources import counters

log = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0
_TICK_SECONDS = 0.5

_STEPS = consumer.Consumer.Blueprint.default_steps
_LEFT_OUT = (
    # With it workers receive each other's events. No task here needs them, and a bad event ends a worker.
    ":Gossip",
    # It makes 28 queues in RabbitMQ for tasks that are due later, on a connection that ignores the URL's TLS options.
    # No task here is due later. One with a countdown would be held by a worker until it is due, as on Redis: with or
    # without this step, because the queues' exchange is a direct one, which has no delays.
    ":DelayedDelivery",
)


class Consumer(consumer.Consumer):
    """Gives Celery the messages that it can handle. Logs, counts and acknowledges all others."""

    class Blueprint(consumer.Consumer.Blueprint):
        default_steps = tuple(step for step in _STEPS if not step.endswith(_LEFT_OUT))

    _pause_seconds = _FIRST_PAUSE_SECONDS

    def on_connection_error_before_connected(self, exc: Exception) -> None:
        service_faults.report(log, "broker", exc)
        self._wait_for_operator(exc)

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        super().on_connection_error_after_connected(exc)
        service_faults.report(log, "broker", exc)
        self._wait_for_operator(exc)

    def on_ready(self) -> None:
        super().on_ready()
        self._pause_seconds = _FIRST_PAUSE_SECONDS

    def _wait_for_operator(self, error: Exception) -> None:
        """Pause, longer each time, if only an operator can help. Celery would end, or retry without a pause."""
        if not service_faults.is_lasting(error):
            return
        until = time.monotonic() + self._pause_seconds * random.uniform(0.5, 1)  # noqa: S311  (jitter)
        self._pause_seconds = min(2 * self._pause_seconds, _LONGEST_PAUSE_SECONDS)
        while time.monotonic() < until:
            state.maybe_shutdown()
            time.sleep(_TICK_SECONDS)

    def connect(self) -> Any:
        connection = super().connect()
        if isinstance(connection.transport, RedisTransport):
            connection.transport.on_dropped = lambda: counters().add("dropped_messages", "envelope")
        return connection

    def create_task_handler(self, *args: Any, **options: Any) -> Callable[[Any], None]:
        handle = super().create_task_handler(*args, **options)

        def on_message(message: Any) -> None:
            try:
                check(message, self.app.tasks)
            except BadMessage as error:
                self._drop(message, error.reason, error)
            else:
                # `expires` is a time by the sender's clock, which may differ from this machine's clock.
                message.headers.pop("expires", None)
                handle(message)

        return on_message

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        self._drop(message, "encoding", exc)

    def on_invalid_task(self, _body: Any, message: Any, exc: Exception) -> None:
        self._drop(message, "headers", exc)

    def _drop(self, message: Any, reason: str, error: Exception) -> None:
        log.error("dropped a bad message from the broker: %s; its body: %.200r", error, message.body)
        counters().add("dropped_messages", reason)
        message.ack_log_error(log, self.connection_errors)
