"""Refuses to check a password while earlier failures demand a pause, and counts how it ends."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.api import limits
from app.api.state import state
from app.services.credentials import WrongCredentials
from app.services.login_pauses import REASONS, TooManyFailures

for _reason in REASONS:
    limits.LIMITED.labels(_reason)


@contextmanager
def slowing_guesses(name: str) -> Iterator[None]:
    """Check a password of the user with this name inside the block; WrongCredentials counts as a failure.

    Raise TooManyFailures.
    """
    address = limits.address()
    try:
        state.login_pauses.check(name, address)
    except TooManyFailures as error:
        limits.LIMITED.labels(error.reason).inc()
        raise
    try:
        yield
    except WrongCredentials:
        state.login_pauses.note_failure(name, address)
        raise
    state.login_pauses.note_success(name, address)
