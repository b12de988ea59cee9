"""Celery's remote control, with names that begin with the prefix. Celery would put it into the middle of most."""

from typing import Any

from celery.app import control
from kombu import pidbox

from core import keys


class _Mailbox(pidbox.Mailbox):
    def __init__(self, namespace: str, *args: Any, **options: Any) -> None:
        """`namespace` is the setting `control_exchange`."""
        self._prefix = namespace.removesuffix(keys.CONTROL)
        self.exchange_fmt = f"{self._prefix}%s.pidbox"
        self.reply_exchange_fmt = f"{self._prefix}reply.%s.pidbox"
        super().__init__(keys.CONTROL, *args, **options)

    def get_queue(self, hostname: str) -> Any:
        return super().get_queue(self._prefix + hostname)

    def get_reply_queue(self) -> Any:
        queue = super().get_reply_queue()
        queue.name = f"{self._prefix}{self.oid}.reply.{self.namespace}.pidbox"
        return queue


class Control(control.Control):
    """What an application of Celery is given as its `control`."""

    Mailbox = _Mailbox
