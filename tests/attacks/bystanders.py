"""Ordinary clients during an attack, and what is measured: their pushes, their `sync`, and the server's memory.

One thread publishes, connects and reads, so that there is one clock.
"""

import errno
import json
import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import psutil
import redis

from bench.websocket import Closed, Frames, handshake, text_frame
from core import wire
from tests.attacks.attackers import Attack, Target, attacked
from tests.im import Im

_CHANNEL = "socketio"
_PATH = "/socket.io/?EIO=4&transport=websocket"
_PONG = text_frame(b"3")
_FIRST_USER = 1_000_000
_BYSTANDERS = 20
_PUSH_SECONDS = 0.01
_NEWCOMER_SECONDS = 0.2
_MEMORY_SECONDS = 0.05
_TURN_SECONDS = 0.005
_PATIENCE_SECONDS = 30  # to wait for pushes after the attack
_MEASUREMENTS = 3


@dataclass(frozen=True, slots=True)
class Felt:
    """What ordinary clients measured. Times are in seconds; `memory` is the largest growth of the server in bytes."""

    pushes: int
    missing: int
    p50: float
    p99: float
    longest: float
    slowest_sync: float
    memory: int


@dataclass(frozen=True, slots=True)
class Measured:
    calm: Felt
    attacked: Felt

    def assert_unharmed(self) -> None:
        """Assert that everything arrived and that no client waited long."""
        assert self.attacked.missing == 0, self
        assert self.is_prompt, self

    @property
    def is_prompt(self) -> bool:
        """Whether no client waited long. The limits allow for a busy machine."""
        calm, attacked = self.calm, self.attacked
        return (
            attacked.p50 < max(0.1, 10 * calm.p50)
            and attacked.longest < max(1.0, 10 * calm.longest)
            and attacked.slowest_sync < max(2.0, 10 * calm.slowest_sync)
        )


def measure(
    im: Im,
    act: Attack,
    *,
    seconds: float = 1,
    attackers: int = 1,
    has_effect: Callable[[], bool] = lambda: True,
) -> Measured:
    """Measure without an attack, and then during one.

    Measure again, three times at most, when a client waited long: other work on the machine delays one measurement, an
    attack that harms delays each of them. A busy machine also slows the attack, so measure again until it `has_effect`.
    """
    target = Target.of(im)
    with Bystanders(target, im.process.popen.pid) as bystanders:
        for _ in range(_MEASUREMENTS):
            calm = bystanders.watch(seconds=0.5)
            with attacked(target, act, attackers=attackers):
                measured = Measured(calm, bystanders.watch(seconds=seconds))
            if (measured.is_prompt and has_effect()) or measured.attacked.missing:
                break
        return measured


class Bystanders:
    """Users with a websocket each. During a measurement they get pushes in turn, and new clients connect."""

    def __init__(self, target: Target, pid: int) -> None:
        self._target = target
        self._server = psutil.Process(pid)
        self._queue = redis.Redis.from_url(target.redis_url)
        self._selector = selectors.DefaultSelector()
        self._users = 0
        self._published = 0
        self._latencies: list[float] = []
        self._syncs: list[float] = []
        self._waiting = 0  # new clients that have not got a `sync`
        self._lost = 0  # connections that ended

    def __enter__(self) -> Self:
        for _ in range(_BYSTANDERS):
            self._come()
        self._run(lambda: not self._waiting, _PATIENCE_SECONDS)
        assert not self._waiting, "the bystanders do not come in"
        return self

    def __exit__(self, *_: object) -> None:
        for key in list(self._selector.get_map().values()):
            key.data.sock.close()
        self._selector.close()
        self._queue.close()

    def watch(self, *, seconds: float) -> Felt:
        """Measure for some seconds, and until everything has arrived; what has not arrived after 30 s is missing."""
        self._published, self._latencies, self._syncs, self._lost = 0, [], [], 0
        memory = peak = self._server.memory_info().rss
        begun_at = time.perf_counter()
        dues = {self._push: begun_at, self._come: begun_at}
        pauses = {self._push: _PUSH_SECONDS, self._come: _NEWCOMER_SECONDS}
        look_at = begun_at
        while (now := time.perf_counter()) < begun_at + seconds:
            for act, due in dues.items():
                if due <= now:
                    act()
                    dues[act] = due + pauses[act]
            if look_at <= now:
                peak = max(peak, self._server.memory_info().rss)
                look_at = now + _MEMORY_SECONDS
            self._turn()
        self._run(lambda: self._missing == 0, _PATIENCE_SECONDS)
        ordered = sorted(self._latencies) or [float("inf")]
        return Felt(
            pushes=self._published,
            missing=self._missing + self._lost,
            p50=ordered[len(ordered) // 2],
            p99=ordered[int(0.99 * (len(ordered) - 1))],
            longest=ordered[-1],
            slowest_sync=max(self._syncs, default=float("inf")),
            memory=max(peak, self._server.memory_info().rss) - memory,
        )

    @property
    def _missing(self) -> int:
        return self._published - len(self._latencies) + self._waiting

    def _push(self) -> None:
        user_id = _FIRST_USER + self._published % _BYSTANDERS
        self._published += 1
        packet = wire.encode_packet("following notify", {"t": time.perf_counter()})
        self._queue.publish(_CHANNEL, wire.encode_push(str(user_id), packet))

    def _come(self) -> None:
        user_id = _FIRST_USER + self._users
        self._users += 1
        self._waiting += 1
        client = _Client(self._target, user_id)
        self._selector.register(client.sock, selectors.EVENT_WRITE, client)

    def _run(self, is_done: Callable[[], bool], seconds: float) -> None:
        deadline = time.perf_counter() + seconds
        while not is_done() and time.perf_counter() < deadline:
            self._turn()

    def _turn(self) -> None:
        for key, mask in self._selector.select(_TURN_SECONDS):
            client: _Client = key.data
            try:
                if mask & selectors.EVENT_WRITE:
                    client.sock.send(client.hello)
                    self._selector.modify(client.sock, selectors.EVENT_READ, client)
                else:
                    self._read(client)
            except (OSError, Closed):
                self._selector.unregister(client.sock)
                client.sock.close()
                self._lost += 1

    def _read(self, client: "_Client") -> None:
        data = client.sock.recv(64 * 1024)
        if not data:
            raise Closed
        now = time.perf_counter()
        for payload in client.frames.feed(data):
            if payload.startswith(b'42["following'):
                self._latencies.append(now - float(payload[payload.index(b'"t":') + 4 : -2]))
            elif payload == b"2":
                client.sock.send(_PONG)
            elif payload.startswith(b"0{"):
                client.sock.send(client.auth)
            elif payload.startswith(b'42["sync"'):
                self._syncs.append(now - client.begun_at)
                self._waiting -= 1


class _Client:
    def __init__(self, target: Target, user_id: int) -> None:
        self.hello = handshake(_PATH, target.port)
        self.auth = text_frame(b"40" + json.dumps({"token": target.token(user_id)}).encode())
        self.frames = Frames()
        self.begun_at = time.perf_counter()
        self.sock = socket.socket()
        self.sock.setblocking(False)
        status = self.sock.connect_ex(("127.0.0.1", target.port))
        if status not in (0, errno.EINPROGRESS):
            raise OSError(status, "connect")
