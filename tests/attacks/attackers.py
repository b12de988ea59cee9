"""Hostile clients. They run in their own processes, so that they take no time from the measuring clients."""

import multiprocessing
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from core import tokens
from tests.im import Im

# The tests have threads, which make a fork unsafe. This server has none, and imports everything once for all attackers.
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__])
_START_SECONDS = 20
_PATIENCE_SECONDS = 20
_NICENESS = 10  # on few cores, the measuring clients come first
_PAUSE_SECONDS = 0.01  # after an error, so that a refused attack does not become a flood of connects


@dataclass(frozen=True, slots=True)
class Target:
    """The address of an IM server, and what an attacker needs to know about it."""

    port: int
    secret: str
    redis_url: str

    @classmethod
    def of(cls, im: Im) -> "Target":
        return cls(im.port, im.secret, im.redis_url)

    def connect(self) -> socket.socket:
        """Open a connection with a timeout."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=_PATIENCE_SECONDS)

    def token(self, user_id: int) -> str:
        return tokens.sign(self.secret, user_id=user_id)


# One round. It is repeated while others measure, also after an OSError such as a closed connection.
Attack = Callable[[Target], None]

ATTACKS: list[Attack] = []


def attack(act: Attack) -> Attack:
    """Register an attack for `python -m tests.attacks`. It has to be at module level, to be found by its name."""
    ATTACKS.append(act)
    return act


@contextmanager
def attacked(target: Target, act: Attack, *, attackers: int = 1) -> Iterator[None]:
    """Attack during the block, which begins when every attacker has started."""
    begun = _CONTEXT.Semaphore(0)
    processes = [_CONTEXT.Process(target=_repeat, args=(act, target, begun), daemon=True) for _ in range(attackers)]
    try:
        for process in processes:
            process.start()
        for _ in processes:
            assert begun.acquire(timeout=_START_SECONDS), "an attacker does not begin"
        yield
        assert all(process.is_alive() for process in processes), "an attacker has ended"
    finally:
        for process in processes:
            process.kill()
            process.join()


def _repeat(act: Attack, target: Target, begun: Any) -> None:
    os.nice(_NICENESS)
    begun.release()
    while True:
        with suppress(OSError):
            act(target)
            continue
        time.sleep(_PAUSE_SECONDS)
