"""Clients of other people: tokens in other places and formats, old protocols, other keyboards."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import socketio
from flask.testing import FlaskClient

from app.factory import create_app
from app.models import Base
from core import tokens
from core.db import Database
from tests.im import Im
from tests.services import PostgreSQL, Service, wait_until
from tests.system import on_redis


@pytest.fixture(scope="module", params=["fast", "stock"])
def im(request: pytest.FixtureRequest, folder: Path, valkey: Service) -> Iterator[Im]:
    with Im(folder, valkey.url, transport=request.param) as server:
        yield server
        assert server.is_well(), server.process.log.read_text(errors="replace")[-4000:]


@pytest.fixture(params=["polling", "websocket"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Visitor:
    """A standard client that records its events until it knows whether it is logged in."""

    def __init__(self, im: Im, transport: str, *, query: str = "", **options: Any) -> None:
        self.told: list[tuple[str, Any]] = []
        sio = socketio.Client(reconnection=False)
        sio.on("*", lambda event, data: self.told.append((event, data)))
        sio.connect(im.url + query, transports=[transport], **options)
        try:
            sio.emit("message", {"msg": "done"})
            wait_until(lambda: self._messages() == 2, seconds=10, what=f"an answer in {self.told}")
        finally:
            sio.disconnect()

    @property
    def is_logged_in(self) -> bool:
        return any(event == "sync" for event, _ in self.told)

    @property
    def complaints(self) -> list[str]:
        return [data["reason"] for event, data in self.told if event == "anonymous"]

    def _messages(self) -> int:
        return sum(event == "message" for event, _ in self.told)


class TestToken:
    @pytest.fixture
    def token(self, im: Im) -> str:
        return tokens.sign(im.secret, user_id=7)

    def test_prefix_bearer_is_ignored(self, im: Im, transport: str, token: str) -> None:
        assert Visitor(im, transport, auth={"token": f"Bearer {token}"}).is_logged_in
        assert Visitor(im, transport, query=f"?token=Bearer%20{token}").is_logged_in

    def test_token_is_read_from_the_authorization_header(self, im: Im, transport: str, token: str) -> None:
        assert Visitor(im, transport, headers={"Authorization": f"Bearer {token}"}).is_logged_in

    @pytest.mark.parametrize("nothing", ["", "undefined", "null", None])
    def test_empty_token_connects_as_anonymous_with_a_reason(self, im: Im, transport: str, nothing: str | None) -> None:
        visitor = Visitor(im, transport, auth={"token": nothing})

        # The client handles each packet in a thread of its own, so in any order.
        assert sorted(event for event, _ in visitor.told) == ["anonymous", "message", "message"]
        assert visitor.complaints == ["token_empty"]

    def test_misnamed_token_connects_as_anonymous_with_a_reason(self, im: Im, transport: str, token: str) -> None:
        visitor = Visitor(im, transport, auth={"access_token": token})

        assert (visitor.is_logged_in, visitor.complaints) == (False, ["token_misnamed"])

    def test_client_without_a_token_gets_no_reason(self, im: Im, transport: str) -> None:
        visitor = Visitor(im, transport)

        assert (visitor.is_logged_in, visitor.complaints) == (False, [])

    def test_invalid_token_is_refused(self, im: Im, transport: str) -> None:
        with pytest.raises(socketio.exceptions.ConnectionError):
            Visitor(im, transport, auth={"token": "Bearer nonsense"})


class TestOldProtocol:
    def test_client_of_socketio_2_is_told_the_supported_versions(self, im: Im, transport: str) -> None:
        refused = im.metric('toutiao_im_refused_total{reason="protocol_version"}')

        status, kind, answer = self._ask(im, transport)

        assert (status, kind) == (400, "application/json")
        assert answer["code"] == 5
        assert "EIO=4" in answer["message"]
        assert im.metric('toutiao_im_refused_total{reason="protocol_version"}') == refused + 1
        assert im.process.says("a client with EIO=3 is refused")

    def _ask(self, im: Im, transport: str) -> tuple[int, str | None, Any]:
        handshake = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
        handshake["Sec-WebSocket-Key"] = "dGhlIHNhbXBsZSBub25jZQ=="
        connection = http.client.HTTPConnection("127.0.0.1", im.port, timeout=10)
        try:
            path = f"/socket.io/?EIO=3&transport={transport}"
            connection.request("GET", path, headers=handshake if transport == "websocket" else {})
            answer = connection.getresponse()
            return answer.status, answer.getheader("Content-Type"), json.loads(answer.read())
        finally:
            connection.close()


class TestKeyboards:
    """Names and passwords that are typed on another keyboard than at sign-up."""

    @pytest.fixture(params=["sqlite", "postgresql"])
    def api(self, request: pytest.FixtureRequest, tmp_path: Path, valkey: Service) -> Iterator[FlaskClient]:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path}/toutiao.sqlite3"
        else:
            server: PostgreSQL = request.getfixturevalue("postgresql")
            url = server.create_database()
        urls = on_redis(valkey.url)
        app = create_app({"DATABASE_URL": url, "JWT_SECRET": "a secret that only the tests use", **urls})
        database: Database = app.extensions["toutiao"].database
        Base.metadata.create_all(database.engine)
        yield app.test_client()
        database.close()

    @pytest.mark.parametrize(
        ("name", "typed"), [("Zoë", "zoë "), ("Zoë", "ZOE\u0308"), ("zoe\u0308", "Zoë"), ("Weiß", "WEISS")]
    )
    def test_user_logs_in_from_another_keyboard(self, api: FlaskClient, name: str, typed: str) -> None:
        signed_up = api.post("/v1_0/users", json={"user_name": name, "password": "gehörig gut"})
        logged_in = api.post("/v1_0/authorizations", json={"user_name": typed, "password": "geho\u0308rig\u00a0gut"})
        again = api.post("/v1_0/users", json={"user_name": typed, "password": "gehörig gut"})

        assert (signed_up.status_code, logged_in.status_code, again.status_code) == (201, 201, 409)
