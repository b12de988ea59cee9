"""Clients that mean no good, in processes of their own, so that they take no time from those who measure."""

import multiprocessing
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from app import tokens
from tests.im import Im

_CONTEXT = multiprocessing.get_context("spawn")  # the tests have threads, which no fork survives
_START_SECONDS = 20
_PATIENCE_SECONDS = 20
_NICENESS = 10  # where cores are few, those who measure come first
_PAUSE_SECONDS = 0.01  # after an error: an attack that is refused is not to become one of connecting


@dataclass(frozen=True, slots=True)
class Target:
    """An IM server, as its attackers know it."""

    port: int
    secret: str
    redis_url: str

    @classmethod
    def of(cls, im: Im) -> "Target":
        return cls(im.port, im.secret, im.redis_url)

    def connect(self) -> socket.socket:
        """Open a connection on which nothing takes longer than a while."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=_PATIENCE_SECONDS)

    def token(self, user_id: int) -> str:
        return tokens.sign(self.secret, user_id=user_id)


# One round. It is begun again for as long as others measure, after an OSError, as of a closed connection, too.
Attack = Callable[[Target], None]

ATTACKS: list[Attack] = []


def attack(act: Attack) -> Attack:
    """Have `python -m tests.attacks` measure this attack too. It has to stand in a module, to be found by its name."""
    ATTACKS.append(act)
    return act


@contextmanager
def attacked(target: Target, act: Attack, *, attackers: int = 1) -> Iterator[None]:
    """Attack for as long as this lasts, from the moment when every attacker has begun."""
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
