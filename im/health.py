"""`/livez`, `/readyz` and `/metrics` beside the sockets."""

from collections.abc import Callable, Iterable
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis import Redis

from app import capabilities, service_faults
from im.hearing import Hearing

# On every answer, also those of polling: browsers are told not to guess what it is, and not to frame it.
_SECURITY_HEADERS = [("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "DENY")]

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Wsgi = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


class Health:
    """WSGI middleware."""

    def __init__(self, app: Wsgi, *, redis: Redis, hearing: Hearing) -> None:
        self._app = app
        self._check_redis = capabilities.of_cache(redis)
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
            "redis": _failure(self._check_redis),
            "message_queue": self._hearing.failure(),
            "server": "stopping" if self.is_stopping else None,
        }
        lines = "".join(f"{name}: {failure or 'ok'}\n" for name, failure in failures.items())
        status = "503 Service Unavailable" if any(failures.values()) else "200 OK"
        return _answer(start_response, status, lines.encode())


def _failure(check: capabilities.Check) -> str | None:
    try:
        check()
    except service_faults.ERRORS as error:
        return service_faults.describe(error)
    return None


def _answer(start_response: StartResponse, status: str, body: bytes, kind: str = "text/plain") -> Iterable[bytes]:
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")])
    return [body]
