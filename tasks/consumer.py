"""Celery's consumer, made to drop what is no task: such a message ends a worker, comes back, and ends the next."""

import logging
from collections.abc import Callable
from typing import Any

from celery.worker import consumer

from app.broker import RedisTransport
from tasks.messages import BadMessage, check
from tasks.resources import counters

log = logging.getLogger(__name__)

_STEPS = consumer.Consumer.Blueprint.default_steps


class Consumer(consumer.Consumer):
    """Hands on to Celery what it can handle; logs, counts and acknowledges all else."""

    class Blueprint(consumer.Consumer.Blueprint):
        # By gossip workers hear each other's events, which no task here needs, and one that is no event ends them.
        default_steps = tuple(step for step in _STEPS if not step.endswith(":Gossip"))

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
