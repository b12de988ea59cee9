"""HTTP as it is spoken below Engine.IO: on a connection one request after the other, each read whole by a deadline."""

import io
import logging
import time
from typing import Any

from eventlet import wsgi

from im.headers import BAD_REQUEST, Head, Refused, check_size
from im.stream import Stream
from im.turns import Turns

log = logging.getLogger(__name__)

LARGEST_BODY = 64 * 1024  # bytes that a client may send at once

IDLE_SECONDS = 75  # between two requests
_REQUEST_SECONDS = 10  # for a request as a whole, and for the first from when its client has connected
_LINGER_SECONDS = 1
_READ_BYTES = 8 * 1024  # at once, of a head; of a body what is missing
_LINGER_BYTES = 256 * 1024
_END = b"\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_REFUSAL = "HTTP/1.1 {}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class _Gone(Exception):
    """The client has left between two requests, or has sent none for too long."""


class _Quiet:
    """Stands where the server's clean-up finds a socket, and would shut it down for both descriptors."""

    def shutdown(self, _how: int) -> None: ...

    def close(self) -> None: ...


class Protocol(wsgi.HttpProtocol):
    """Reads a request itself, and leaves the answer to the library.

    The body is there before the application is called: one that is cut short, or drips, never reaches it. Nothing is
    logged: the addresses of requests may hold tokens.
    """

    def __init__(self, conn_state: list[Any], server: Any, *, turns: Turns) -> None:
        self._turns = turns
        self._is_first = True
        self._has_unread = False
        super().__init__(conn_state, server)

    def setup(self) -> None:
        self.connection = self.request
        self.rfile = io.BytesIO()
        self.wfile = self._stream = Stream(self.connection)

    def handle_one_request(self) -> None:
        try:
            head = self._read()
        except Refused as refusal:
            self._refuse(refusal.status)
        except (_Gone, OSError):
            self.close_connection = True
        else:
            self._take_turn()
            self._answer(head)
        self._is_first = False

    def log_message(self, format: str, *args: object) -> None: ...

    def finish(self) -> None:
        if getattr(self.connection, "is_taken", False):
            self.conn_state[1] = _Quiet()
            self.connection.close()  # here, or the collector does it later, at a bad time
            return
        if self._has_unread:
            self._stream.drain(_LINGER_BYTES, time.monotonic() + _LINGER_SECONDS)
        super().finish()

    def _read(self) -> Head:
        """Read a request, its body into `rfile`; raise Refused, _Gone or OSError."""
        self._stream.has_waited = False
        data, deadline = self._read_first()
        try:
            head, rest = self._read_head(data, deadline)
            self.rfile = io.BytesIO(self._read_body(head, rest, deadline))
        except TimeoutError:
            raise Refused("408 Request Timeout") from None
        return head

    def _read_first(self) -> tuple[bytes, float]:
        """Wait for a request to begin; return its first bytes, and until when it has to be there."""
        begun_at = time.monotonic()
        data = self._stream.read(_READ_BYTES, begun_at + (_REQUEST_SECONDS if self._is_first else IDLE_SECONDS))
        if not data:
            raise _Gone
        self.conn_state[2] = wsgi.STATE_REQUEST
        return data, (begun_at if self._is_first else time.monotonic()) + _REQUEST_SECONDS

    def _read_head(self, data: bytes, deadline: float) -> tuple[Head, bytes]:
        """Return the head and what has come behind it."""
        while (end := data.find(_END)) < 0:
            check_size(data)
            data += self._read_more(_READ_BYTES, deadline)
        head = data[:end]
        check_size(head)
        return Head(head), data[end + len(_END) :]

    def _read_body(self, head: Head, rest: bytes, deadline: float) -> bytes:
        """Return the body, of which `rest` has come; of one that is too large nothing, for Engine.IO to refuse it."""
        self.close_connection = head.is_last
        if head.length > LARGEST_BODY:
            self._end_after_this()
            return b""
        if len(rest) > head.length:
            if head.is_upgrade:
                raise Refused(BAD_REQUEST)  # it speaks before it knows that it may
            self._end_after_this()  # whoever sends the next request before the answer sends it again
            return rest[: head.length]
        if head.is_expecting and len(rest) < head.length:
            self.wfile.write(_CONTINUE)
            self.wfile.flush()
        while len(rest) < head.length:
            rest += self._read_more(head.length - len(rest), deadline)
        return rest

    def _read_more(self, most: int, deadline: float) -> bytes:
        """Read on, others having had their turn; raise Refused where the request ends too early."""
        self._stream.wait(deadline)
        data = self._stream.read(most, deadline)
        if not data:
            raise Refused(BAD_REQUEST)
        return data

    def _end_after_this(self) -> None:
        self.close_connection = self._has_unread = True

    def _take_turn(self) -> None:
        """Wait for a turn where this is not, as with most connections, still the one in which they were accepted."""
        if self._stream.has_waited or not self._is_first:
            self._turns.wait()

    def _refuse(self, status: str) -> None:
        self._end_after_this()
        try:
            self.wfile.write(_REFUSAL.format(status).encode())
            self.wfile.flush()
        except OSError:
            log.debug("a client has gone before it was refused")

    def _answer(self, head: Head) -> None:
        self.command, self.path, self.request_version = head.method, head.target, head.version
        self.requestline, self.headers = head.line, head.headers
        self.environ = self.get_environ()
        self.environ["eventlet.input"].is_hundred_continue_response_sent = True  # where it was asked for
        self.application = self._apply
        try:
            self.handle_one_response()
        except OSError:
            self.close_connection = True  # the client has gone

    def _apply(self, environ: Any, start_response: Any) -> Any:
        try:
            return self.server.app(environ, start_response)
        except Exception:
            log.exception("a request failed")
            raise
