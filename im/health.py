"""`/livez`, `/readyz` and `/metrics` beside the sockets."""

from collections.abc import Callable, Iterable
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis import Redis

from app.cache import RedisError

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Wsgi = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


class Health:
    """WSGI middleware."""

    def __init__(self, app: Wsgi, *, redis: Redis, message_queue: Callable[[], None]) -> None:
        """`message_queue` raises OSError or RedisError when the queue can't be reached."""
        self._app = app
        self._redis = redis
        self._message_queue = message_queue

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        match environ["PATH_INFO"]:
            case "/livez":
                return _answer(start_response, "200 OK", b"ok\n")
            case "/readyz":
                return self._readyz(start_response)
            case "/metrics":
                return _answer(start_response, "200 OK", generate_latest(), CONTENT_TYPE_LATEST)
        return self._app(environ, start_response)

    def _readyz(self, start_response: StartResponse) -> Iterable[bytes]:
        checks = {"redis": self._redis.ping, "message_queue": self._message_queue}
        failures = {name: _failure(check) for name, check in checks.items()}
        lines = "".join(f"{name}: {failure or 'ok'}\n" for name, failure in failures.items())
        status = "503 Service Unavailable" if any(failures.values()) else "200 OK"
        return _answer(start_response, status, lines.encode())


def _failure(check: Callable[[], object]) -> str | None:
    try:
        check()
    except (OSError, RedisError) as error:
        return f"away ({type(error).__name__})"
    return None


def _answer(start_response: StartResponse, status: str, body: bytes, kind: str = "text/plain") -> Iterable[bytes]:
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")])
    return [body]
