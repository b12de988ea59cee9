"""A websocket as a file descriptor that the hub watches. It has no greenlet, and no queue while no frame waits.

All methods run without a greenlet switch.

Sections in comments are those of RFC 6455.
"""

import _socket
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from im import metrics
from im.hub.admission import AdmissionQueue
from im.hub.rate_limit import FLOOD, PAUSE_SECONDS, Budget, ClientRate, Verdict
from im.hub.timer_wheel import TimerWheel
from im.transport import frames
from im.transport.hub_listener import HubListener
from im.transport.write_buffer import BLOCKED, BROKEN, MAX_FRAMES_PER_SEND, WriteBuffer

log = logging.getLogger(__name__)

# The states of a connection. It can skip a state, but never goes back. The RFC calls the three in the middle CLOSING
# (section 7.1.3). They are plain integers because every push compares one.
OPEN = 0  # both sides send
CLOSING = 1  # our close frame is sent; we wait for the client's close frame (section 7.1.2)
FAILED = 2  # our close frame is sent; we throw away what arrives (section 7.1.7)
FLUSHING = 3  # the client's close frame is here; our last frames wait in the write buffer (section 5.5.1)
CLOSED = 4  # the TCP connection is closed (section 7.1.4)

# The reasons to read nothing from a client, one bit each: the owner is busy, the client's budget is spent, bytes that
# were read before wait in the admission queue, or the connection ends.
OWNER_BUSY, BUDGET_SPENT, IN_ADMISSION_QUEUE, ENDED = 1, 2, 4, 8

# send() and recv() do not use these values, but without them Python asks the kernel for each.
_SOCKET_KIND = {"family": _socket.AF_INET, "type": _socket.SOCK_STREAM, "proto": 0}

_MAX_READ_BYTES = 64 * 1024  # in one call; the rest waits for the next round of the hub
_MAX_FRAMES_PER_ROUND = 64  # of one client; the rest waits until other clients were served
_CLOSE_TIMEOUT_SECONDS = 5  # to send the last frames and to receive the client's close frame


class HasFileno(Protocol):
    def fileno(self) -> int: ...


class Shared(Protocol):
    """What all connections of a server share."""

    wheel: TimerWheel
    admission: AdmissionQueue
    client_rate: ClientRate


class Owner(Protocol):
    """Handles the messages of a connection. The hub calls it, so it must not switch greenlets."""

    def on_message(self, payload: str | bytes) -> None: ...

    def on_end(self) -> None:
        """Learn that this connection brings no more messages. This can be called several times."""


class Connection(HubListener, Budget):
    """Reads messages, answers control frames, and writes a frame immediately when the socket takes it.

    It is also the client's budget, and pays for what it reads: this saves an object for each client.
    """

    __slots__ = ("_parser", "_paused_by", "_shared", "_sock", "_writes", "due", "fileno", "owner", "state")

    def __init__(self, green: HasFileno, owner: Owner, *, limit: int, shared: Shared) -> None:
        """Take over the socket of an HTTP connection after its response is sent; the caller can then close `green`."""
        super().__init__()
        # Duplicate the descriptor. The garbage collector would close the original with the HTTP server's object.
        self._sock = _socket.socket(fileno=os.dup(green.fileno()), **_SOCKET_KIND)
        self._sock.setblocking(False)
        self.fileno = self._sock.fileno()
        self.owner = owner
        self.state = OPEN
        self._parser = frames.Parser(limit)
        self._paused_by = OWNER_BUSY
        self._shared = shared
        self._writes: WriteBuffer | None = None
        self.due = -1
        self.resume()

    @property
    def waiting(self) -> int:
        """Return how many frames wait for the client."""
        return len(self._writes.frames) if self._writes else 0

    def write(self, frame: bytes) -> None:
        """Send a frame now, or as soon as the client takes it; close a client for which too much waits."""
        if self.state != OPEN:
            return  # section 5.5.1: no data follows a close frame
        if self._writes is not None:
            self._queue(self._writes, frame)
            return
        try:
            sent = self._sock.send(frame)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._end()
            return
        if sent != len(frame):
            self._writes = WriteBuffer(self._sock)
            self._writes.watch(self._on_writable)
            self._writes.append(frame[sent:])

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Collect the frames that are written inside the block, and send them with few system calls."""
        if self.state == OPEN:
            self._writes = self._writes or WriteBuffer(self._sock)
            self._writes.begin_batch()
        try:
            yield
        finally:
            if self._writes is not None:
                self._writes.end_batch()
                self._flush(self._writes)

    def finish(self, code: int | None = frames.NORMAL_CLOSURE, reason: str = "") -> None:
        """Send what waits and a close frame; close when the client's close frame arrives, or after a few seconds."""
        if self.state == OPEN:  # section 7.1.2: start the closing handshake
            self.write(frames.encode_close(code, reason))
            self._wait_for_end(CLOSING)

    def fail(self, code: int, reason: str = "") -> None:
        """Send a close frame with a code, and throw away what still arrives."""
        # Section 7.1.7: after the close frame, process nothing more, not even the client's close frame. Section 7.1.1:
        # read and discard the rest. If unread bytes were left, the kernel would reset the connection, and the client
        # could lose the close frame.
        self._parser.clear()
        self.finish(code, reason)
        self.state = max(self.state, FAILED)

    def drop(self) -> None:
        """Close without a close frame."""
        if self.state == CLOSED:
            return
        self._shared.wheel.remove(self)
        # Remove the descriptor from the hub first: after close() the kernel can give its number to another connection.
        self._pause_reading(ENDED)
        if self._writes is not None:
            self._writes.stop()
            self._writes = None
        self.state = CLOSED
        self._sock.close()

    def pause(self) -> None:
        """Stop reading. The kernel's buffer fills, and TCP flow control slows the client down."""
        if self.state == OPEN:
            self._pause_reading(OWNER_BUSY)

    def resume(self) -> None:
        self._resume(OWNER_BUSY)

    def on_due(self) -> None:
        """Continue to read after a pause, or close a connection whose client did not close in time."""
        if self.state == OPEN:
            self._resume(BUDGET_SPENT)
        else:
            self._end()

    def on_descriptor_reused(self) -> None:
        self._paused_by |= ENDED  # the hub has already removed it from its table
        self._sock.detach()  # the descriptor belongs to another socket now, so do not close it
        self._end()

    def on_readable(self) -> None:
        if self.state == CLOSED:
            return  # another callback of the same round closed it
        try:
            try:
                data = self._sock.recv(_MAX_READ_BYTES)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._end()
            elif self._parse(data):
                self._parse_later()
        except Exception:  # otherwise the hub prints the error and removes the socket, and the owner does not learn it
            log.exception("a connection failed and is closed")
            self._end()

    def _on_writable(self, _fileno: int) -> None:
        if self._writes is not None and self._writes.is_watched:  # if not, another callback of this round stopped it
            self._flush(self._writes)

    def _pause_reading(self, why: int) -> None:
        if not self._paused_by:
            self.unwatch()
        self._paused_by |= why

    def _resume(self, why: int) -> None:
        """Remove a reason to pause. Without any reason left, parse what was read before, and then read the socket."""
        if self._paused_by == why and self._parser.has_rest:
            self._parse_later()
        self._resume_reading(why)

    def _resume_reading(self, why: int) -> None:
        if self._paused_by & why:
            self._paused_by &= ~why
            if not self._paused_by:
                self.watch()

    def _parse_later(self) -> None:
        """Parse the rest of what was read after other clients were served."""
        if not self._paused_by & IN_ADMISSION_QUEUE:
            self._pause_reading(IN_ADMISSION_QUEUE)
            self._shared.admission.spawn(self._parse_rest)

    def _parse_rest(self) -> None:
        try:
            # With another reason to pause, stop here: _resume() of that reason queues the rest again.
            if self._paused_by == IN_ADMISSION_QUEUE and self._parse(b""):
                self._shared.admission.spawn(self._parse_rest)
            else:
                self._resume_reading(IN_ADMISSION_QUEUE)
        except Exception:  # otherwise nobody closes the connection
            log.exception("a connection failed and is closed")
            self._end()

    def _parse(self, data: bytes) -> bool:
        """Handle the frames that one round allows, and pay for them; return whether more can be left."""
        if self.state == FAILED:
            return False
        taken = 0
        parsed = self._parser.feed(data)
        try:
            for message in parsed:
                taken += 1
                if message is not None:
                    self._take(*message)
                if taken == _MAX_FRAMES_PER_ROUND:
                    break
        except frames.InvalidFrame as error:
            self.fail(error.code)
            self.owner.on_end()
            return False
        finally:
            parsed.close()
        self._pay(taken, len(data))
        return taken == _MAX_FRAMES_PER_ROUND

    def _pay(self, messages: int, size: int) -> None:
        if self.state != OPEN:
            return
        verdict = self.spend(messages, size, self._shared.client_rate)
        if verdict is Verdict.CLOSE:
            metrics.DISCONNECTED.labels(FLOOD).inc()
            self.fail(frames.POLICY_VIOLATION, FLOOD)
            self.owner.on_end()
        elif verdict is Verdict.PAUSE:
            self._pause_reading(BUDGET_SPENT)
            self._shared.wheel.put(self, PAUSE_SECONDS)

    def _take(self, opcode: int, payload: Any) -> None:  # Any: str for a text and bytes for all else, by the opcode
        if self.state == OPEN and opcode <= frames.BINARY:
            self.owner.on_message(payload)
        elif self.state == OPEN and opcode == frames.PING:
            # Sections 5.5.2 and 5.5.3: answer soon, and with the same payload. A pong needs no answer.
            self.write(frames.encode(frames.PONG, payload))
        elif self.state != CLOSED and opcode == frames.CLOSE:
            self._answer_close(frames.close_code(payload))

    def _answer_close(self, code: int | None) -> None:
        """Send what waits and a close frame, and close."""
        # Section 5.5.1: answer with the same code, unless our own close frame is already sent. Then close the TCP
        # connection: the server closes first (section 7.1.1).
        if self.state == OPEN:
            self.write(frames.encode_close(code))
        if self._writes is None:
            self._end()
        else:
            self._pause_reading(ENDED)
            self._wait_for_end(FLUSHING)

    def _wait_for_end(self, state: int) -> None:
        """Go on reading until the connection can close, for a few seconds at most."""
        if self.state == CLOSED:
            return  # the socket had an error when the close frame was sent
        self.state = state
        self._shared.wheel.put(self, _CLOSE_TIMEOUT_SECONDS)
        for why in (OWNER_BUSY, BUDGET_SPENT):
            self._resume(why)

    def _queue(self, writes: WriteBuffer, frame: bytes) -> None:
        if writes.is_full:
            metrics.DISCONNECTED.labels("slow").inc()
            self._end()
            return
        writes.append(frame)
        if writes.count >= MAX_FRAMES_PER_SEND and not writes.is_watched:
            self._flush(writes)

    def _flush(self, writes: WriteBuffer) -> None:
        outcome = writes.flush()
        if outcome == BROKEN:
            self._end()
        elif outcome == BLOCKED:
            writes.watch(self._on_writable)
        elif writes.is_batch:
            writes.unwatch()
        elif self.state == FLUSHING:
            self._end()
        else:
            writes.stop()
            self._writes = None

    def _end(self) -> None:
        """Close, and tell the owner."""
        if self.state != CLOSED:
            self.drop()
            self.owner.on_end()
