"""Celery's consumer, made to drop what is no task: such a message ends a worker, comes back, and ends the next."""

import logging
import random
import time
from collections.abc import Callable
from typing import Any

from celery.worker import consumer, state

from app import service_faults
from app.broker import RedisTransport
from tasks.messages import BadMessage, check
from tasks.resources import counters

log = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0
_TICK_SECONDS = 0.5

_STEPS = consumer.Consumer.Blueprint.default_steps


class Consumer(consumer.Consumer):
    """Hands on to Celery what it can handle; logs, counts and acknowledges all else."""

    class Blueprint(consumer.Consumer.Blueprint):
        # By gossip workers hear each other's events, which no task here needs, and one that is no event ends them.
        default_steps = tuple(step for step in _STEPS if not step.endswith(":Gossip"))

    _pause_seconds = _FIRST_PAUSE_SECONDS

    def on_connection_error_before_connected(self, exc: Exception) -> None:
        service_faults.report(log, "broker", exc)
        self._wait_for_remedy(exc)

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        super().on_connection_error_after_connected(exc)
        service_faults.report(log, "broker", exc)
        self._wait_for_remedy(exc)

    def on_ready(self) -> None:
        super().on_ready()
        self._pause_seconds = _FIRST_PAUSE_SECONDS

    def _wait_for_remedy(self, error: Exception) -> None:
        """Pause, ever longer, where nothing helps but an operator. Celery itself would end, or try without a pause."""
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
                # Whoever sent it told the end by a clock that may differ from this machine's.
                message.headers.pop("expires", None)
                handle(message)

        return on_message

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        self._drop(message, "encoding", exc)

    def on_invalid_task(self, _body: Any, message: Any, exc: Exception) -> None:
        self._drop(message, "headers", exc)

    def _drop(self, message: Any, reason: str, error: Exception) -> None:
        log.error("dropped a message from the broker: %s; its body: %.200r", error, message.body)
        counters().add("dropped_messages", reason)
        message.ack_log_error(log, self.connection_errors)
