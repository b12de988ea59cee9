"""Reads bodies, a few at a time: a body that arrives slowly, or never ends, keeps its thread.

granian has no time limit for a body, and what waits for one cannot be interrupted. So slow clients may keep some
threads of a process, and the others still answer all that has no body. A proxy in front that reads bodies first, as
nginx does, keeps slow clients away altogether.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import Flask, Request, current_app, request
from werkzeug.exceptions import ServiceUnavailable

from app.services.admission import Admission, TooManyAtOnce

P = ParamSpec("P")
R = TypeVar("R")

_WAIT_SECONDS = 2
_MOST_WAITING = 4  # each keeps a thread as well


def init_app(app: Flask, *, at_once: int, wait_seconds: float = _WAIT_SECONDS) -> None:
    app.extensions["bodies"] = Admission(at_once=at_once, most_waiting=_MOST_WAITING, wait_seconds=wait_seconds)


def up_to(largest: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a view have bodies of another size than most: at most `largest` bytes. It stands above the arguments."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def limited(*args: P.args, **kwargs: P.kwargs) -> R:
            request.max_content_length = largest
            return view(*args, **kwargs)

        return limited

    return decorate


def read(request: Request) -> bytes:
    """Return the whole body; raise ServiceUnavailable if others take too long to send theirs."""
    admission: Admission = current_app.extensions["bodies"]
    try:
        with admission.entered():
            return request.get_data()
    except TooManyAtOnce:
        message = "many requests arrive slowly, try again in a moment"
        raise ServiceUnavailable(message, retry_after=_WAIT_SECONDS) from None
