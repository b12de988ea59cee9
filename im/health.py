"""`/livez`, `/readyz` and `/metrics`, on the same port as the sockets."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from core import capabilities, service_faults
from core.addresses import TrustedProxies
from im.subscription.watchdog import Watchdog

# On every response, those of polling too: browsers must not guess its type, show it in a frame, keep it, load anything
# for it, or pass on its address, which may have a token.
_SECURITY_HEADERS = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cache-Control", "no-store"),
]
_OVER_HTTPS = [*_SECURITY_HEADERS, ("Strict-Transport-Security", "max-age=31536000")]

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Wsgi = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


class Health:
    """WSGI middleware that answers health checks, and hands all other requests on."""

    def __init__(
        self,
        app: Wsgi,
        *,
        check_redis: capabilities.Check,
        watchdog: Watchdog,
        failures: Mapping[str, Callable[[], str | None]],
        proxies: TrustedProxies,
    ) -> None:
        self._app = app
        self._proxies = proxies
        self._check_redis = check_redis
        self._watchdog = watchdog
        self._failures = failures
        self._is_stopping = False

    def stop(self) -> None:
        """Make /readyz fail from now on."""
        self._is_stopping = True

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        proto = environ.get("HTTP_X_FORWARDED_PROTO")
        is_secure = proto and self._proxies.scheme_of(environ["REMOTE_ADDR"], "http", proto) == "https"
        added = _OVER_HTTPS if is_secure else _SECURITY_HEADERS

        def start(status: str, headers: list[tuple[str, str]]) -> Any:
            return start_response(status, headers + added)

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
            "message_queue": self._watchdog.failure(),
            **{name: failure() for name, failure in self._failures.items()},
            "server": "stopping" if self._is_stopping else None,
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
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]
