"""Keys of a host's login, the tokens that it signs, and a provider that serves its public keys."""

import functools
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from core.foreign_tokens import ForeignRules
from core.token_verifier import TokenVerifier
from core.tokens import ANYBODY

_ALGORITHMS = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}
Answer = Callable[[BaseHTTPRequestHandler], None]


class SigningKey:
    """A private key of a host, and what it publishes of it."""

    def __init__(self, kind: str = "EC", kid: str | None = "first", *, bits: int = 2048) -> None:
        makers: dict[str, Callable[[], Any]] = {
            "RSA": lambda: rsa.generate_private_key(65537, bits),
            "EC": lambda: ec.generate_private_key(ec.SECP256R1()),
            "OKP": ed25519.Ed25519PrivateKey.generate,
        }
        self.private = makers[kind]()
        self.public = self.private.public_key()
        self.kid = kid
        self.algorithm = _ALGORITHMS[kind]

    @property
    def pem(self) -> str:
        kind = serialization.PublicFormat.SubjectPublicKeyInfo
        return str(self.public.public_bytes(serialization.Encoding.PEM, kind).decode())

    @property
    def private_pem(self) -> str:
        kind, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        return str(self.private.private_bytes(serialization.Encoding.PEM, kind, none).decode())

    @property
    def jwk(self) -> dict[str, Any]:
        found = jwt.get_algorithm_by_name(self.algorithm).to_jwk(self.public, as_dict=True)
        found.pop("key_ops", None)
        return {**found, "use": "sig", "alg": self.algorithm, **({"kid": self.kid} if self.kid else {})}

    def sign(self, *, headers: dict[str, Any] | None = None, **claims: Any) -> str:
        """Sign a token that ends in an hour. Ellipsis removes a claim."""
        now = int(time.time())
        given = {"iat": now, "exp": now + 3600, **claims}
        kept = {name: value for name, value in given.items() if value is not ...}
        named = {"kid": self.kid} if self.kid else {}
        payload = json.dumps(kept).encode()  # as it is: jwt.encode refuses some claims that others would sign
        return jwt.PyJWS().encode(payload, self.private, algorithm=self.algorithm, headers={**named, **(headers or {})})


@functools.cache
def key_of(kind: str, kid: str | None = "first") -> SigningKey:
    """Return the same key for the same arguments: a key of RSA takes long to make."""
    return SigningKey(kind, kid)


class Provider:
    """A login of a host that serves its JWK set. What it answers can be changed while it runs."""

    def __init__(self, *keys: SigningKey, port: int = 0) -> None:
        self.calls = 0
        self.answer: Answer = lambda request: send(request, self.jwks)
        self.jwks: dict[str, Any] = {"keys": [key.jwk for key in keys]}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.calls += 1
                try:
                    provider.answer(self)
                except OSError:
                    pass  # the client has gone

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/jwks.json"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def publish(self, *keys: SigningKey) -> None:
        self.jwks = {"keys": [key.jwk for key in keys]}

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def provider_of(*keys: SigningKey, port: int = 0) -> Iterator[Provider]:
    provider = Provider(*keys, port=port)
    try:
        yield provider
    finally:
        provider.stop()


def send(request: BaseHTTPRequestHandler, body: object, *, status: int = 200, **headers: str) -> None:
    """Answer a request with JSON, or with a text as it is."""
    data = (body if isinstance(body, str) else json.dumps(body)).encode()
    request.send_response(status)
    for name, value in {"Content-Length": str(len(data)), **headers}.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(data)


def own_verifier(secret: str) -> TokenVerifier:
    """Return a verifier as it is by default: for tokens of one secret."""
    return TokenVerifier((secret,), None, ForeignRules("user_id", ANYBODY, 30), has_own=True)
