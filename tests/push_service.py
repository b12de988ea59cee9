"""A push service on this machine, as browsers' makers run them: it checks who sends, and hands on to a device."""

import ssl
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec

from core.vapid import decode
from tests.push_device import PushDevice


@dataclass(frozen=True, slots=True)
class Received:
    """A call, as it came, and what the device read of it."""

    path: str
    headers: Message
    shown: dict[str, Any]
    at: float


@dataclass
class PushService:
    """`answers` has, by path, what to answer next: a status with headers, or a function that is called before 201."""

    url: str = ""
    devices: dict[str, PushDevice] = field(default_factory=dict)
    answers: dict[str, list[tuple[int, dict[str, str]] | Callable[[], None]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    calls: list[Received] = field(default_factory=list)

    def add_device(self, name: str) -> dict[str, Any]:
        """Make a device; return what its browser tells the API."""
        device = self.devices[f"/{name}"] = PushDevice()
        return device.subscription(f"{self.url}/{name}")

    def of(self, name: str) -> list[Received]:
        return [call for call in self.calls if call.path == f"/{name}"]

    def take(self, path: str, headers: Message, body: bytes) -> tuple[int, dict[str, str]]:
        self._check(headers)
        self.calls.append(Received(path, headers, orjson.loads(self.devices[path].decrypt(body)), time.monotonic()))
        answer = self.answers[path].pop(0) if self.answers[path] else (201, {})
        if isinstance(answer, tuple):
            return answer
        answer()
        return 201, {}

    def _check(self, headers: Message) -> None:
        scheme, _, rest = headers["Authorization"].partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decode(parts["k"]))
        claims = jwt.decode(parts["t"], key, algorithms=["ES256"], audience=self.url)
        assert scheme == "vapid"
        assert claims["sub"].startswith(("mailto:", "https:"))
        assert time.time() < claims["exp"] <= time.time() + 24 * 3600
        assert headers["Content-Encoding"] == "aes128gcm"
        assert int(headers["TTL"]) >= 0


@contextmanager
def running_push_service(
    certificate: tuple[Path, Path] | None = None, host: str = "127.0.0.1"
) -> Iterator[PushService]:
    """Run one, over HTTPS with a certificate and its key. A call that it refuses ends without an answer."""
    service = PushService()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, headers = service.take(urlsplit(self.path).path, self.headers, body)
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 128  # many connect at once
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    service.url = f"{'https' if certificate else 'http'}://{host}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
