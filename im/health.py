"""`/livez`, `/readyz` and `/metrics` beside the sockets."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from eventlet.semaphore import Semaphore
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis import Redis

from app.cache import RedisError
from im.hearing import Hearing

# On every answer, also those of polling: browsers are told not to guess what it is, and not to frame it.
_SECURITY_HEADERS = [("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "DENY")]
_FRESH_SECONDS = 0.5

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Wsgi = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


class Health:
    """WSGI middleware."""

    def __init__(self, app: Wsgi, *, redis: Redis, hearing: Hearing) -> None:
        self._app = app
        self._redis = _Redis(redis)
        self._hearing = hearing
        self.is_stopping = False

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]]) -> Any:
            return start_response(status, headers + _SECURITY_HEADERS)

        return self._answer(environ, start)

    def _answer(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        match environ["PATH_INFO"]:
            case "/livez":
                return _answer(start_response, "200 OK", b"ok\n")
            case "/readyz":
                return self._readyz(start_response)
            case "/metrics":
                return _answer(start_response, "200 OK", generate_latest(), CONTENT_TYPE_LATEST)
        return self._app(environ, start_response)

    def _readyz(self, start_response: StartResponse) -> Iterable[bytes]:
        failures = {
            "redis": self._redis.failure(),
            "message_queue": "deaf: nothing of our own is heard" if self._hearing.is_deaf else None,
            "server": "stopping" if self.is_stopping else None,
        }
        lines = "".join(f"{name}: {failure or 'ok'}\n" for name, failure in failures.items())
        status = "503 Service Unavailable" if any(failures.values()) else "200 OK"
        return _answer(start_response, status, lines.encode())


class _Redis:
    """Asked by one at a time, and for all who ask within half a second: its connections are for the clients."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._asking = Semaphore(1)
        self._asked_at = -_FRESH_SECONDS
        self._failure: str | None = None

    def failure(self) -> str | None:
        """Say how it is away; None where it is there."""
        with self._asking:
            if time.monotonic() - self._asked_at >= _FRESH_SECONDS:
                self._failure = self._ask()
                self._asked_at = time.monotonic()
        return self._failure

    def _ask(self) -> str | None:
        try:
            self._redis.ping()
        except RedisError as error:
            return f"away ({type(error).__name__})"
        return None


def _answer(start_response: StartResponse, status: str, body: bytes, kind: str = "text/plain") -> Iterable[bytes]:
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")])
    return [body]
