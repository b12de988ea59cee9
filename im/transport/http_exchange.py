"""HTTP below Engine.IO: a connection brings one request after the other. Each is read completely, by a deadline."""

import io
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from eventlet import wsgi

from im.hub.admission import AdmissionQueue
from im.transport.byte_stream import Stream
from im.transport.http_headers import BAD_REQUEST, Head, Refused, check_size

log = logging.getLogger(__name__)

IDLE_TIMEOUT_SECONDS = 75  # between two requests
_DRAIN_TIMEOUT_SECONDS = 1
_MAX_READ_BYTES = 8 * 1024  # in one call for a head; for a body, what is missing
_MAX_DRAIN_BYTES = 256 * 1024
_END_OF_HEAD = b"\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_REFUSAL = (
    "HTTP/1.1 {}\r\nConnection: close\r\nContent-Length: 0\r\nX-Content-Type-Options: nosniff\r\n"
    "Cache-Control: no-store\r\n\r\n"
)


ConnectionState = list[Any]  # Any: eventlet keeps the address, the socket and a state in it


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """`seconds` is the time for one whole request; that of the first begins when the client connects."""

    seconds: float
    body_bytes: int


class _NoMoreRequests(Exception):
    """The client closed between two requests, or sent none for too long."""


class _NullSocket:
    """Replaces the socket in the server's list. The server's clean-up would shut it down for both descriptors."""

    def shutdown(self, _how: int) -> None: ...

    def close(self) -> None: ...


class HttpExchange(wsgi.HttpProtocol):
    """Reads a request itself, and lets the library write the response.

    It reads the whole body before it calls the application: a body that is cut off, or that arrives very slowly, never
    reaches the application. It logs no requests, because their URLs can hold tokens.
    """

    def __init__(
        self, conn_state: ConnectionState, server: wsgi.Server, *, admission: AdmissionQueue, limits: RequestLimits
    ) -> None:
        self._admission = admission
        self._limits = limits
        self._is_first = True
        self._has_unread = False
        super().__init__(conn_state, server)

    def setup(self) -> None:
        self.connection = self.request
        self.rfile = io.BytesIO()
        self.wfile = self._stream = Stream(self.connection)

    def handle_one_request(self) -> None:
        """Read and answer a request. Switches greenlets."""
        try:
            head = self._read()
        except Refused as refusal:
            self._refuse(refusal.status)
        except (_NoMoreRequests, OSError):
            self.close_connection = True
        else:
            self._wait_for_admission()
            self._answer(head)
        self._is_first = False

    def log_message(self, format: str, *args: object) -> None: ...

    def finish(self) -> None:
        if getattr(self.connection, "is_detached", False):
            self.conn_state[1] = _NullSocket()
            self.connection.close()  # otherwise the garbage collector closes it later, at a bad time
            return
        if self._has_unread:
            self._stream.drain(_MAX_DRAIN_BYTES, time.monotonic() + _DRAIN_TIMEOUT_SECONDS)
        super().finish()

    def _read(self) -> Head:
        """Read a request, and its body into `rfile`; raise Refused, _NoMoreRequests or OSError. Switches greenlets."""
        self._stream.has_waited = False
        data, deadline = self._read_first()
        try:
            head, rest = self._read_head(data, deadline)
            self.rfile = io.BytesIO(self._read_body(head, rest, deadline))
        except TimeoutError:
            raise Refused("408 Request Timeout") from None
        return head

    def _read_first(self) -> tuple[bytes, float]:
        """Wait for the first bytes of a request; return them and the deadline of the request. Switches greenlets."""
        begun_at = time.monotonic()
        seconds = self._limits.seconds if self._is_first else IDLE_TIMEOUT_SECONDS
        data = self._stream.read(_MAX_READ_BYTES, begun_at + seconds)
        if not data:
            raise _NoMoreRequests
        self.conn_state[2] = wsgi.STATE_REQUEST
        return data, (begun_at if self._is_first else time.monotonic()) + self._limits.seconds

    def _read_head(self, data: bytes, deadline: float) -> tuple[Head, bytes]:
        """Return the head and the bytes that arrived after it. Can switch greenlets."""
        while (end := data.find(_END_OF_HEAD)) < 0:
            check_size(data)
            data += self._read_more(_MAX_READ_BYTES, deadline)
        head = data[:end]
        check_size(head)
        return Head(head), data[end + len(_END_OF_HEAD) :]

    def _read_body(self, head: Head, rest: bytes, deadline: float) -> bytes:
        """Return the body, of which `rest` has arrived. Can switch greenlets.

        Return nothing of a body that is too large: Engine.IO refuses it by its length.
        """
        self.close_connection = head.is_last
        if head.length > self._limits.body_bytes:
            self._end_after_this()
            return b""
        if len(rest) > head.length:
            if head.is_upgrade:
                raise Refused(BAD_REQUEST)  # the client sends frames before the handshake is answered
            self._end_after_this()  # a client that sent the next request before the response sends it again
            return rest[: head.length]
        if head.is_expecting and len(rest) < head.length:
            self.wfile.write(_CONTINUE)
            self.wfile.flush()
        while len(rest) < head.length:
            rest += self._read_more(head.length - len(rest), deadline)
        return rest

    def _read_more(self, most: int, deadline: float) -> bytes:
        """Wait for more bytes and return them; raise Refused if the request ends too early. Switches greenlets."""
        self._stream.wait(deadline)
        data = self._stream.read(most, deadline)
        if not data:
            raise Refused(BAD_REQUEST)
        return data

    def _end_after_this(self) -> None:
        self.close_connection = self._has_unread = True

    def _wait_for_admission(self) -> None:
        """Wait for admission, unless the connection's own admission still lasts, as for most. Can switch greenlets."""
        if self._stream.has_waited or not self._is_first:
            self._admission.wait()

    def _refuse(self, status: str) -> None:
        self._end_after_this()
        try:
            self.wfile.write(_REFUSAL.format(status).encode())
            self.wfile.flush()
        except OSError:
            log.debug("a client closed its connection before it was refused")

    def _answer(self, head: Head) -> None:
        self.command, self.path, self.request_version = head.method, head.target, head.version
        self.requestline, self.headers = head.line, head.headers
        self.environ = self.get_environ()
        self.environ["eventlet.input"].is_hundred_continue_response_sent = True  # if the client asked for it
        self.application = self._apply
        try:
            self.handle_one_response()
        except OSError:
            self.close_connection = True  # the client closed its connection

    def _apply(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            body: Iterable[bytes] = self.server.app(environ, start_response)
        except Exception:
            log.exception("a request failed")
            raise
        return body
