"""Connections to RabbitMQ that bound how long a publisher waits, also while an alarm blocks RabbitMQ.

When RabbitMQ is short of memory or disk, it stops reading from each connection that has published. It then confirms
nothing, declares nothing, and does not notice that a client closes. A client that reconnects for each attempt would
leave more and more open connections, and their number is limited too. So this module keeps a blocked connection, which
refuses to publish at once, until RabbitMQ unblocks it.
"""

from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from amqp.exceptions import MessageNacked, RecoverableConnectionError
from kombu.exceptions import OperationalError
from kombu.transport import pyamqp

from core import tls, versions

_CONFIRM_SECONDS = 2


class Blocked(OperationalError):
    """RabbitMQ takes no messages now. A new connection would not help."""


class TooOld(OperationalError):
    """RabbitMQ would not do all that it is asked for."""


class _Channel(pyamqp.Channel):
    _confirm_selected: bool

    def __init__(self, *args: Any, **options: Any) -> None:
        self._published = 0
        self._unconfirmed: set[int] = set()
        self._nacked: set[int] = set()
        super().__init__(*args, **options)

    def basic_publish_confirm(self, *args: Any, confirm_timeout: float | None = None, **options: Any) -> Any:
        """Publish, and wait for the confirm; raise Blocked.

        The timeout has a default, since Celery has no setting for it and its events would wait for ever.
        """
        if not self._confirm_selected:
            self.confirm_select()
            self._confirm_selected = True
        published = self._basic_publish(*args, **options)
        self._published += 1
        self._unconfirmed.add(self._published)
        self._wait_for_confirm(self._published, confirm_timeout or _CONFIRM_SECONDS)
        return published

    def _basic_publish(self, *args: Any, **options: Any) -> Any:
        self._refuse_while_blocked()
        return super()._basic_publish(*args, **options)

    basic_publish = _basic_publish

    def send_method(self, sig: Any, *args: Any, wait: Any = None, **options: Any) -> Any:
        if wait:
            self._refuse_while_blocked()  # no answer would come
        return super().send_method(sig, *args, wait=wait, **options)

    def close(self, *args: Any, **options: Any) -> None:
        if self.connection is not None and self.connection.is_blocked:
            self.collect()
        else:
            super().close(*args, **options)

    def _wait_for_confirm(self, tag: int, seconds: float) -> None:
        # Wait for this message's own number: a late confirm, after an alarm, must not count for a later message.
        while tag in self._unconfirmed:
            if self.connection is None:
                raise RecoverableConnectionError("connection already closed")
            try:
                self.connection.drain_events(timeout=seconds)
            except TimeoutError:
                if self.connection is not None and self.connection.is_blocked:
                    raise Blocked("RabbitMQ confirms no messages: it is short of memory or disk") from None
                raise
        if tag in self._nacked:
            self._nacked.discard(tag)
            raise MessageNacked

    def _refuse_while_blocked(self) -> None:
        if self.connection is None or not self.connection.is_blocked:
            return
        with suppress(TimeoutError):
            while True:
                self.connection.drain_events(timeout=0)
        if self.connection.is_blocked:
            raise Blocked("RabbitMQ takes no messages: it is short of memory or disk")

    def _on_basic_ack(self, delivery_tag: int, multiple: bool) -> None:
        self._unconfirmed -= self._covered(delivery_tag, multiple)
        super()._on_basic_ack(delivery_tag, multiple)

    def _on_basic_nack(self, delivery_tag: int, multiple: bool) -> None:
        covered = self._covered(delivery_tag, multiple)
        self._nacked |= covered
        self._unconfirmed -= covered
        super()._on_basic_nack(delivery_tag, multiple)

    def _covered(self, delivery_tag: int, multiple: bool) -> set[int]:
        return {tag for tag in self._unconfirmed if tag == delivery_tag or (multiple and tag < delivery_tag)}


class _Connection(pyamqp.Connection):
    Channel = _Channel
    is_blocked = False

    def _on_blocked(self) -> None:
        self.is_blocked = True

    def _on_unblocked(self) -> None:
        self.is_blocked = False

    def close(self, *args: Any, **options: Any) -> None:
        if self.is_blocked:
            self.collect()  # no answer would come
        else:
            super().close(*args, **options)


class Transport(pyamqp.Transport):
    """For amqp://."""

    Connection = _Connection


class SSLTransport(pyamqp.SSLTransport):
    """For amqps://."""

    Connection = _Connection


def check_version(connection: Any) -> None:
    """Raise TooOld for the server of one of Kombu's connections, which is made."""
    if shortfall := versions.shortfall("RabbitMQ", str(connection.connection.server_properties.get("version", ""))):
        raise TooOld(shortfall)


def secured(url: str) -> tuple[str, dict[str, Any]]:
    """Return the URL and the options of a connection for Kombu, with the TLS that the URL asks for."""
    kombu_url, tls_options = tls.for_kombu(url)
    return kombu_url, {"transport": TRANSPORTS[urlsplit(url).scheme], "ssl": tls_options}


def bounded(url: str, *, timeout_seconds: float) -> tuple[str, dict[str, Any]]:
    """Return the same for a publisher, with this bound on each of its waits."""
    kombu_url, options = secured(url)
    waits = dict.fromkeys(("confirm_timeout", "read_timeout", "write_timeout"), timeout_seconds)
    transport_options = {"confirm_publish": True, **waits}
    return kombu_url, {**options, "connect_timeout": timeout_seconds, "transport_options": transport_options}


TRANSPORTS = {"amqp": "core.rabbitmq:Transport", "amqps": "core.rabbitmq:SSLTransport"}
