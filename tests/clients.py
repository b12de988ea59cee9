"""Clients of the system: an HTTP client, and a Socket.IO client that records its events."""

import json
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

import socketio

from tests.services import wait_until

PASSWORD = "a good password"


@dataclass(frozen=True)
class User:
    id: int
    name: str
    token: str
    refresh_token: str


class Api:
    """Requests to one API server."""

    def __init__(self, url: str) -> None:
        self.url = url

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        raw: bytes | None = None,
        content_type: str = "application/json",
    ) -> tuple[int, Any]:
        """Return the status and the decoded body."""
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": content_type} if data is not None else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, _decode(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _decode(error.read())

    def get(self, path: str, user: User | None = None) -> tuple[int, Any]:
        return self.call("GET", path, token=user.token if user else None)

    def post(self, path: str, body: object, user: User | None = None) -> tuple[int, Any]:
        return self.call("POST", path, body, token=user.token if user else None)

    def sign_up(self, name: str) -> User:
        credentials = {"user_name": name, "password": PASSWORD}
        status, profile = self.post("/v1_0/users", credentials)
        assert status == 201, profile
        status, tokens = self.post("/v1_0/authorizations", credentials)
        assert status == 201, tokens
        return User(profile["id"], name, tokens["token"], tokens["refresh_token"])

    def follow(self, follower: User, target: User) -> int:
        """Return the status; no status raises."""
        return self.post("/v1_0/user/followings", {"target": target.id}, follower)[0]


class Client:
    """A Socket.IO client that reconnects with its last offset, as a real one does, and records every event."""

    def __init__(self, urls: list[str], token: str | None, *, transports: list[str] | None = None, **auth: Any) -> None:
        self.events: list[tuple[str, Any]] = []
        self.last_offset: str | None = auth.get("last_offset")
        self._auth = {**auth, **({"token": token} if token else {})}
        self._urls = urls
        self._transports = transports
        self._is_closed = threading.Event()
        self._changed = threading.Event()
        self.sio = socketio.Client(reconnection=False, request_timeout=15)
        self.sio.on("*", self._keep)
        self._connect(0)

    def _connect(self, attempt: int) -> None:
        auth = {**self._auth, **({"last_offset": self.last_offset} if self.last_offset else {})}
        url = self._urls[attempt % len(self._urls)]
        self.sio.connect(url, auth=auth, transports=self._transports, wait_timeout=15)

    def stay(self) -> "Client":
        """Reconnect to the next server whenever the connection ends."""
        threading.Thread(target=self._stay, daemon=True).start()
        return self

    def _stay(self) -> None:
        attempt = 0
        while not self._is_closed.wait(0.1):
            if self.sio.connected:
                continue
            attempt += 1
            try:
                self._disconnect()
                self._connect(attempt)
            except Exception:
                time.sleep(0.2)

    def _keep(self, event: str, *data: Any) -> None:
        value = data[0] if data else None
        is_of_history = event == "sync" or (isinstance(value, dict) and "id" in value)
        offset = value.get("offset") if is_of_history else None
        if offset and (event == "sync" or self.last_offset is None or _order(offset) > _order(self.last_offset)):
            self.last_offset = offset
        self.events.append((event, value))

    def of(self, event: str) -> list[Any]:
        return [data for name, data in list(self.events) if name == event]

    def ids(self) -> list[int]:
        """The ids of the notifications in the order of arrival."""
        return [data["id"] for data in self.of("following notify")]

    def wait_for(self, event: str, count: int = 1, *, seconds: float = 10) -> list[Any]:
        wait_until(lambda: len(self.of(event)) >= count, seconds=seconds, what=f"{count} x {event!r} in {self.events}")
        return self.of(event)

    def close(self) -> None:
        self._is_closed.set()
        self._disconnect()

    def _disconnect(self) -> None:
        self.sio.disconnect()
        if self.sio.eio.ws is not None:
            self.sio.eio.ws.shutdown()  # when the server ends the connection, the library leaves its own end open


def status(url: str) -> int:
    """GET a URL; return the status, or 0 when there is no answer."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return 0


def _order(offset: str) -> tuple[int, ...]:
    return tuple(int(part) for part in offset.split("-"))


def _decode(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content.decode()
