"""A websocket at rest: a bare descriptor that the hub watches. No greenlet, and no queue while nothing waits."""

import _socket
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from im import frames, metrics
from im.budget import FLOOD, PAUSE_SECONDS, Verdict
from im.turns import Turns
from im.watched import BUDGET, END, OWNER, TURN, Watched
from im.wheel import Wheel
from im.writes import AT_ONCE, Writes

log = logging.getLogger(__name__)

# Neither is looked at in sending and receiving; without them Python asks the kernel.
_KIND = {"family": _socket.AF_INET, "type": _socket.SOCK_STREAM, "proto": 0}

_READ_BYTES = 64 * 1024  # in one go; what else has arrived waits for the next round of the hub
_FRAMES_A_TURN = 64  # of one client; what else was read waits until others had their turn
_LINGER_SECONDS = 5  # for the last frames, and the other side's close frame


class Shared(Protocol):
    """What all connections have together."""

    wheel: Wheel
    turns: Turns


class Owner(Protocol):
    """Who a connection belongs to. Called in the hub: may not wait."""

    def on_message(self, payload: str | bytes) -> None: ...

    def on_gone(self) -> None:
        """Nothing comes from this connection any more. May be called again."""


class Connection(Watched):
    """Reads messages, answers control frames, and writes at once what the socket takes at once.

    It is also its client's budget: what it reads it pays for.
    """

    __slots__ = ("_is_finishing", "_parser", "_shared", "_sock", "_writes", "due", "owner")

    def __init__(self, green: Any, owner: Owner, *, limit: int, shared: Shared) -> None:
        """Take over the socket of an HTTP connection whose answer has been sent; its own object may then be closed."""
        # A descriptor of its own, or the collector closes it with the object that the HTTP server has.
        self._sock = _socket.socket(fileno=os.dup(green.fileno()), **_KIND)
        self._sock.setblocking(False)
        super().__init__(self._sock.fileno())
        self.owner = owner
        self._parser: frames.Parser | None = frames.Parser(limit)
        self._shared = shared
        self._writes: Writes | None = None
        self._is_finishing = False
        self.due = -1
        self.resume()

    @property
    def is_open(self) -> bool:
        return self.fileno >= 0

    @property
    def waiting(self) -> int:
        """How many frames wait for the socket."""
        return len(self._writes.frames) if self._writes else 0

    def write(self, frame: bytes) -> None:
        """Send a frame, now or when the client takes it; close a client that lets too much wait."""
        if self._is_finishing or self.fileno < 0:
            return
        if self._writes is not None:
            self._wait(self._writes, frame)
            return
        try:
            sent = self._sock.send(frame)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._gone()
            return
        if sent != len(frame):
            self._writes = self._new_writes()
            self._writes.watch()
            self._wait(self._writes, frame[sent:])

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Keep what is written meanwhile, and send it with as few system calls as it takes."""
        if self.fileno >= 0 and not self._is_finishing:
            self._writes = self._writes or self._new_writes()
            self._writes.begin_batch()
        try:
            yield
        finally:
            if self._writes is not None:
                self._writes.end_batch()
                self._writes.flush()

    def finish(self, code: int | None = frames.NORMAL, reason: str = "") -> None:
        """Send what waits and a close frame, and close when the other side has done so too, or after a few seconds."""
        if self._is_finishing or self.fileno < 0:
            return
        self.write(frames.encode_close(code, reason))
        self._is_finishing = True
        self._shared.wheel.put(self, _LINGER_SECONDS)
        for why in (OWNER, BUDGET):
            self._read_on(why)

    def drop(self) -> None:
        """Close without a word."""
        if self.fileno < 0:
            return
        self._shared.wheel.remove(self)
        # The hub forgets the descriptor before its number can belong to another connection.
        self._stop_reading(END)
        if self._writes is not None:
            self._writes.stop()
            self._writes = None
        self.fileno = -1
        self._sock.close()

    def pause(self) -> None:
        """Leave what arrives to the kernel, whose buffer then fills and holds the client back."""
        if not self._is_finishing:
            self._stop_reading(OWNER)

    def resume(self) -> None:
        self._read_on(OWNER)

    def refuse(self, code: int, reason: str = "") -> None:
        """Say what was wrong, and read on without listening: a close with something unread takes back what was said."""
        self._parser = None
        self.finish(code, reason)

    def on_due(self) -> None:
        """Wait no longer for the end, or read on after a pause."""
        if self._is_finishing:
            self._gone()
        else:
            self._read_on(BUDGET)

    def defang(self) -> None:
        """The hub found this descriptor given to another socket: it was closed behind our back."""
        self._pauses_for |= END  # the hub has forgotten it
        self._sock.detach()  # not ours to close
        self._gone()

    def cb(self, _fileno: int) -> None:
        """Read what has arrived. Called by the hub, which takes the socket away from who raises an error."""
        if self.fileno < 0:
            return  # closed by another callback of the same round
        try:
            self._read()
        except Exception:
            log.exception("a client's connection is dropped")
            self._gone()

    def _read_on(self, why: int) -> None:
        """Take away a reason to pause; without any, go on with what was read before, and then with the socket."""
        if self._pauses_for == why and self._parser is not None and self._parser.has_rest:
            self._await_turn()
        self._watch_without(why)

    def _await_turn(self) -> None:
        """Go on with what was read when others have had their turn."""
        if not self._pauses_for & TURN:
            self._stop_reading(TURN)
            self._shared.turns.spawn(self._take_turn)

    def _take_turn(self) -> None:
        try:
            # With another reason to pause the turn is given up: who takes that reason away asks for a new one.
            if self._pauses_for == TURN and self._parse(b""):
                self._shared.turns.spawn(self._take_turn)
            else:
                self._watch_without(TURN)
        except Exception:
            log.exception("a client's connection is dropped")
            self._gone()

    def _read(self) -> None:
        try:
            data = self._sock.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._gone()
        elif self._parse(data):
            self._await_turn()

    def _parse(self, data: bytes) -> bool:
        """Take as many frames as one turn allows, and pay for them; say whether there may be more."""
        if self._parser is None:
            return False
        taken = 0
        parsed = self._parser.feed(data)
        try:
            for message in parsed:
                taken += 1
                if message is not None:
                    self._take(*message)
                if taken == _FRAMES_A_TURN:
                    break
        except frames.BrokenFrame as error:
            self.refuse(error.code)
            self.owner.on_gone()
            return False
        finally:
            parsed.close()
        self._pay(taken, len(data))
        return taken == _FRAMES_A_TURN

    def _pay(self, messages: int, size: int) -> None:
        if self._is_finishing or self.fileno < 0:
            return
        verdict = self.spend(messages, size)
        if verdict is Verdict.CLOSE:
            metrics.SENT_AWAY.labels(FLOOD).inc()
            self.refuse(frames.BEYOND_LIMITS, FLOOD)
            self.owner.on_gone()
        elif verdict is Verdict.PAUSE:
            self._stop_reading(BUDGET)
            self._shared.wheel.put(self, PAUSE_SECONDS)

    def _take(self, opcode: int, payload: Any) -> None:
        if self.fileno < 0:
            return
        if opcode == frames.CLOSE:
            self._answer_close(frames.close_code(payload))
        elif self._is_finishing:
            return  # nobody listens any more
        elif opcode <= frames.BINARY:
            self.owner.on_message(payload)
        elif opcode == frames.PING:
            self.write(frames.encode(frames.PONG, payload))

    def _answer_close(self, code: int | None) -> None:
        """Say goodbye as the other side did, after what still waits."""
        if not self._is_finishing:
            self.write(frames.encode_close(code))
            self._is_finishing = True
        if self._writes is None:
            self._gone()
        elif self.fileno >= 0:
            self._stop_reading(END)
            self._writes.is_last = True
            self._shared.wheel.put(self, _LINGER_SECONDS)

    def _wait(self, writes: Writes, frame: bytes) -> None:
        if writes.is_full:
            metrics.SENT_AWAY.labels("slow").inc()
            self._gone()
            return
        writes.append(frame)
        if writes.is_unsent and writes.count >= AT_ONCE:
            writes.flush()

    def _new_writes(self) -> Writes:
        return Writes(self._sock, on_written=self._written, on_gone=self._gone)

    def _written(self) -> None:
        """Go back to rest: nothing waits any more."""
        writes, self._writes = self._writes, None
        if writes is not None:
            writes.stop()
            if writes.is_last:
                self._gone()

    def _gone(self) -> None:
        if self.fileno >= 0:
            self.drop()
            self.owner.on_gone()
