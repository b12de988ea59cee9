"""The admin UI: an operator sees numbers, and can change nothing."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import argon2
import pytest
import socketio

from core import tokens
from tests.clients import Client
from tests.im import Im
from tests.services import Service, wait_until
from tests.wire import Websocket

_NAMESPACE = "/admin"
_PASSWORD = "a good password"
_CREDENTIALS = {"username": "admin", "password": _PASSWORD}
_USER_ID = 7


@pytest.fixture(scope="module", params=["fast", "stock"])
def admin_im(request: pytest.FixtureRequest, folder: Path, valkey: Service) -> Iterator[Im]:
    password_hash = argon2.PasswordHasher().hash(_PASSWORD)
    with Im(folder, valkey.url, transport=request.param, ADMIN_UI=f"admin:{password_hash}") as server:
        yield server
        assert server.is_well(), server.process.log.read_text(errors="replace")[-4000:]


@pytest.fixture(scope="module")
def admin(admin_im: Im) -> Iterator[Any]:
    """A client that is logged in, and the events that it got."""
    with connected(admin_im, _CREDENTIALS) as client:
        yield client


@contextmanager
def connected(im: Im, auth: object) -> Iterator[Any]:
    client: Any = socketio.Client(reconnection=False, request_timeout=5)
    client.events = []
    client.on("*", lambda event, data=None: client.events.append((event, data)), namespace=_NAMESPACE)
    try:
        client.connect(im.url, auth=auth, namespaces=[_NAMESPACE], wait_timeout=10)
        yield client
    finally:
        client.disconnect()


@pytest.fixture
def user(admin_im: Im) -> Iterator[Client]:
    client = Client([admin_im.url], tokens.sign(admin_im.secret, user_id=_USER_ID))
    client.wait_for("sync")
    yield client
    client.close()


def of(client: Any, event: str) -> list[Any]:
    return [data for name, data in list(client.events) if name == event]


def test_operator_sees_the_numbers_of_the_server(admin: Any, user: Client) -> None:
    def is_counted() -> bool:
        return any(
            stats["clientsCount"] >= 2 and {"name": "/", "socketsCount": 1} in stats["namespaces"]
            for stats in of(admin, "server_stats")
        )

    wait_until(is_counted, seconds=20, what="both clients are counted")
    assert of(admin, "config") == [{"supportedFeatures": ["AGGREGATED_EVENTS"]}]
    assert user.sio.connected


def test_operator_can_change_nothing(admin: Any, user: Client) -> None:
    sid = user.sio.get_sid()
    for event, arguments in [
        ("emit", ("/", None, "forged", 1)),
        ("join", ("/", "8", sid)),
        ("leave", ("/", str(_USER_ID), sid)),
        ("_disconnect", ("/", True, sid)),
        ("_disconnect", ("/", True)),
    ]:
        admin.emit(event, arguments, namespace=_NAMESPACE)
    seen = len(of(admin, "server_stats"))
    wait_until(lambda: len(of(admin, "server_stats")) > seen, seconds=20, what="the server has read all of it")

    user.sio.emit("message", {"msg": "x"})
    user.wait_for("message", 2)
    assert user.of("forged") == []
    assert user.sio.connected


def test_nobody_else_gets_in(admin_im: Im) -> None:
    refused = admin_im.metric('toutiao_im_refused_total{reason="admin"}')
    wrong = {**_CREDENTIALS, "password": "another"}
    for auth in (wrong, {"token": tokens.sign(admin_im.secret, user_id=_USER_ID)}, {}):
        with Websocket(admin_im.port) as session:
            session.send(f"40{_NAMESPACE},{json.dumps(auth)}")
            assert session.receive() == '44/admin,{"message":"authentication failed"}'

    assert admin_im.metric('toutiao_im_refused_total{reason="admin"}') - refused == 3


def test_operator_is_nobody_in_the_namespace_of_users(admin_im: Im) -> None:
    before = admin_im.metric('toutiao_im_connections{kind="anonymous"}')
    client = Client([admin_im.url], None, **_CREDENTIALS)

    client.wait_for("message")
    assert client.of("sync") == []
    assert admin_im.metric('toutiao_im_connections{kind="anonymous"}') == before + 1
    client.close()


def test_there_is_no_such_namespace_by_default(im: Im) -> None:
    with Websocket(im.port) as session:
        session.send('40/admin,{"username":"admin","password":""}')
        assert session.receive() == '44/admin,{"message":"Invalid namespace"}'
