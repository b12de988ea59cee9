"""A socket does not outlive its token: its client is warned, refreshes, or is told why it is closed."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
import socketio
from redis import Redis

from core.presence import is_online
from core.revocation_stream import Closing, RevocationStream
from core.revoked_tokens import Revocation
from core.sessions import Sessions
from tests.im import Im
from tests.services import Service, Valkey, wait_until

STALE_SECONDS = 12
_users = iter(range(2**40, 2**41))

Shape = tuple[Im, str]  # a server, and the transport of a client


@pytest.fixture(scope="module")
def redis_server(folder: Path) -> Iterator[Service]:
    service = Valkey(folder / "token-lifetime")
    yield service.start()
    service.stop()


@pytest.fixture(scope="module")
def servers(folder: Path, redis_server: Service) -> Iterator[dict[str, Im]]:
    settings = {"TOKEN_GRACE_SECONDS": "1", "REVOCATION_STALE_SECONDS": str(STALE_SECONDS)}
    with (
        Im(folder, redis_server.url, transport="fast", **settings) as fast,
        Im(folder, redis_server.url, transport="stock", **settings) as stock,
    ):
        yield {"fast": fast, "stock": stock}


@pytest.fixture
def shapes(servers: dict[str, Im]) -> list[Shape]:
    return [(servers[server], transport) for server in ("fast", "stock") for transport in ("websocket", "polling")]


@pytest.fixture
def redis(redis_server: Service) -> Iterator[Redis]:
    with Redis.from_url(redis_server.url) as client:
        yield client


@pytest.fixture
def user_id() -> int:
    return next(_users)


class Socket:
    """A client that stays away once it was disconnected, and remembers what it was told."""

    def __init__(self, im: Im, transport: str, token: str) -> None:
        self.events: list[tuple[str, Any]] = []
        self.reasons: list[str] = []
        self.sio = socketio.Client(reconnection=False, request_timeout=5)
        self.sio.on("*", lambda event, *data: self.events.append((event, data[0] if data else None)))
        self.sio.on("disconnect", self.reasons.append)
        self.sio.connect(im.url, auth={"token": token}, transports=[transport], wait_timeout=5)
        self.wait_for("sync")

    def of(self, event: str) -> list[Any]:
        return [data for name, data in list(self.events) if name == event]

    def wait_for(self, event: str) -> Any:
        wait_until(lambda: bool(self.of(event)), seconds=10, what=f"{event} arrives")
        return self.of(event)[0]

    def wait_for_end(self) -> str:
        """Wait until it is closed; return the reason in the event that came before."""
        wait_until(lambda: bool(self.reasons), seconds=10, what="the socket is closed")
        return str(self.wait_for("closing")["reason"])


def mint(im: Im, user_id: int, *, seconds: float = 3600, family: str = "family") -> str:
    now = int(time.time())
    claims = {"user_id": user_id, "refresh": False, "iat": now, "exp": now + seconds, "jti": "one", "family": family}
    return jwt.encode(claims, im.secret, algorithm="HS256")


def refusal(im: Im, transport: str, token: str) -> str:
    client = socketio.Client(reconnection=False)
    reasons: list[Any] = []
    client.on("connect_error", reasons.append)
    with pytest.raises(socketio.exceptions.ConnectionError):
        client.connect(im.url, auth={"token": token}, transports=[transport], wait_timeout=5)
    client.disconnect()
    return str(reasons[0]["message"] if isinstance(reasons[0], dict) else reasons[0])


def is_shut_out(im: Im, token: str) -> bool:
    """Say whether a client gets no answer to its token, not even a refusal: its session has ended."""
    url = f"{im.url}/socket.io/?EIO=4&transport=polling"
    with urllib.request.urlopen(url, timeout=5) as answer:
        url += "&sid=" + json.loads(answer.read()[1:])["sid"]
    try:
        with urllib.request.urlopen(url, data=b"40" + json.dumps({"token": token}).encode(), timeout=5) as answer:
            answer.read()
        with urllib.request.urlopen(url, timeout=5) as answer:
            assert answer.read().startswith(b"40"), "refused"
    except urllib.error.HTTPError as error:
        with error:
            return error.code == 400
    return False


def ids(redis: Redis, user_id: int) -> set[str]:
    """Return the ids in the list of a user's open sockets."""
    return {session.id for session in Sessions(redis).of(str(user_id))}


def sids(sockets: list[Socket]) -> set[str]:
    return {str(socket.sio.get_sid()) for socket in sockets}


def close(*sockets: Socket) -> None:
    for socket in sockets:
        socket.sio.disconnect()


def revocation(user_id: int) -> Revocation:
    now = int(time.time())
    return Revocation(str(user_id), created_at=now, issued_until=now)


class TestTokenOfAnOpenSocket:
    def test_client_is_warned_and_closed_at_the_end_unless_it_refreshes(
        self, shapes: list[Shape], redis: Redis, user_id: int
    ) -> None:
        tokens = [mint(im, user_id, seconds=2) for im, _ in shapes]
        lazy = [Socket(*shape, token) for shape, token in zip(shapes, tokens, strict=True)]
        eager = [Socket(*shape, mint(shape[0], user_id, seconds=2)) for shape in shapes]
        for socket in (*lazy, *eager):
            assert socket.wait_for("token_expiring")["expires_at"] <= time.time() + 2
        for (im, _), socket in zip(shapes, eager, strict=True):
            refused = socket.sio.call("refresh", {"token": mint(im, user_id + 1)})
            assert refused == {"error": "token_of_another_user"}
            answer = socket.sio.call("refresh", {"token": mint(im, user_id)})
            assert answer["status"] == "ok"
            assert answer["expires_at"] > time.time() + 3000

        assert {socket.wait_for_end() for socket in lazy} == {"token_expired"}

        assert [refusal(*shape, token) for shape, token in zip(shapes, tokens, strict=True)] == ["token_expired"] * 4
        assert all(socket.sio.connected for socket in eager)
        wait_until(lambda: ids(redis, user_id) == sids(eager), seconds=5, what="only open sockets are listed")
        close(*eager)

    def test_revoked_sockets_are_closed_and_their_token_refused(
        self, shapes: list[Shape], redis: Redis, user_id: int
    ) -> None:
        tokens = [mint(im, user_id) for im, _ in shapes]
        sockets = [Socket(*shape, token) for shape, token in zip(shapes, tokens, strict=True) for _ in range(2)]
        others = [Socket(*shape, mint(shape[0], user_id + 1)) for shape in shapes]

        RevocationStream(redis).append([revocation(user_id)])

        assert {socket.wait_for_end() for socket in sockets} == {"token_revoked"}
        assert [refusal(*shape, token) for shape, token in zip(shapes, tokens, strict=True)] == ["token_revoked"] * 4
        assert all(socket.sio.connected for socket in others)
        close(*others)

    def test_one_socket_can_be_closed_by_its_id_in_the_list(
        self, shapes: list[Shape], redis: Redis, user_id: int
    ) -> None:
        sockets = [Socket(*shape, mint(shape[0], user_id, family=f"login {n}")) for n, shape in enumerate(shapes)]
        wait_until(lambda: ids(redis, user_id) == sids(sockets), seconds=5, what="all are listed")
        [last] = [session for session in Sessions(redis).of(str(user_id)) if session.family == "login 3"]
        assert (last.address, last.server.rpartition(":")[2]) == ("127.0.0.1", str(shapes[3][0].port))

        RevocationStream(redis).append([Closing(str(user_id), last.id)])

        assert sockets[3].wait_for_end() == "session_closed"
        assert all(socket.sio.connected for socket in sockets[:3])
        close(*sockets[:3])


class TestServices:
    def test_server_goes_on_for_a_while_without_redis_and_closes_what_was_revoked_meanwhile(
        self, servers: dict[str, Im], redis_server: Service, user_id: int
    ) -> None:
        im = servers["fast"]
        token = mint(im, user_id)
        socket = Socket(im, "websocket", token)
        redis_server.stop()
        stopped_at = time.monotonic()
        close(Socket(im, "websocket", token))
        assert time.monotonic() < stopped_at + STALE_SECONDS, "the machine was too slow for this test"

        wait_until(lambda: is_shut_out(im, token), seconds=STALE_SECONDS + 10, what="tokens are not accepted")
        assert im.metric('toutiao_im_disconnects_total{reason="revocations_unknown"}') > 0
        anonymous = socketio.Client(reconnection=False)
        anonymous.connect(im.url, transports=["websocket"], wait_timeout=5)
        anonymous.disconnect()

        redis_server.start()
        with Redis.from_url(redis_server.url) as redis:
            RevocationStream(redis).fill(lambda after_id: ([revocation(user_id)] if after_id == 0 else [], 1))
        assert socket.wait_for_end() == "token_revoked"
        assert refusal(im, "websocket", token) == "token_revoked"

    def test_sockets_of_a_killed_server_are_listed_no_more(
        self, servers: dict[str, Im], redis: Redis, user_id: int
    ) -> None:
        im = servers["stock"]
        wait_until(im._is_ready, seconds=20, what="the server has found Redis again")
        socket = Socket(im, "websocket", mint(im, user_id))
        sessions = Sessions(redis, alive_seconds=4)
        wait_until(lambda: len(sessions.of(str(user_id))) == 1, seconds=5, what="the socket is listed")

        im.process.kill()

        wait_until(lambda: sessions.of(str(user_id)) == [], seconds=10, what="the socket is listed no more")
        assert is_online(redis, str(user_id))  # it may come back to another server
        close(socket)
