"""What stands between clients and servers: proxies as people configure them, and the addresses of networks."""

import http.client
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from websocket import WebSocketBadStatusException, create_connection

from app import tokens
from tests.clients import Client, status
from tests.im import Im
from tests.nginx import Nginx
from tests.services import Service

UPGRADE = ("proxy_set_header Upgrade $http_upgrade;", "proxy_set_header Connection $connection_upgrade;")
FORGOTTEN = {"headers": UPGRADE, "version": ("proxy_http_version 1.1;",), "both": (*UPGRADE, "proxy_http_version 1.1;")}


@pytest.fixture(scope="module", params=["fast", "stock"])
def im(request: pytest.FixtureRequest, folder: Path, valkey: Service) -> Iterator[Im]:
    with Im(folder, valkey.url, transport=request.param) as server:
        yield server
        assert server.is_well(), server.process.log.read_text(errors="replace")[-4000:]


def in_front_of(im: Im, folder: Path, *left_out: str) -> Nginx:
    ports = dict.fromkeys(("api", "im1", "im2"), im.port)
    return Nginx(folder / f"nginx-{uuid.uuid4().hex[:6]}", ports, left_out=left_out)


class TestSlash:
    @pytest.fixture(params=["direct", "nginx"])
    def place(self, request: pytest.FixtureRequest, im: Im, folder: Path) -> Iterator[str]:
        """Host and port of the IM server, or of the nginx before it."""
        if request.param == "direct":
            yield urlsplit(im.url).netloc
            return
        with in_front_of(im, folder) as nginx:
            yield urlsplit(nginx.url).netloc

    @pytest.mark.parametrize("path", ["/socket.io", "/socket.io/"])
    def test_a_websocket_opens_with_it_or_without(self, place: str, path: str) -> None:
        websocket = create_connection(f"ws://{place}{path}?EIO=4&transport=websocket", timeout=10)
        assert json.loads(str(websocket.recv())[1:])["sid"]
        websocket.close()

    @pytest.mark.parametrize("path", ["/socket.io", "/socket.io/"])
    def test_a_session_polls_with_it_or_without(self, place: str, path: str) -> None:
        connection = http.client.HTTPConnection(place, timeout=10)
        connection.request("GET", f"{path}?EIO=4&transport=polling")
        answer = connection.getresponse()

        assert (answer.status, answer.read()[:1]) == (200, b"0")
        connection.close()

    def test_what_only_begins_so_is_somewhere_else(self, im: Im) -> None:
        assert status(f"{im.url}/socket.iox?EIO=4&transport=polling") == 404


class TestForgetfulProxy:
    @pytest.fixture(params=FORGOTTEN)
    def nginx(self, request: pytest.FixtureRequest, im: Im, folder: Path) -> Iterator[Nginx]:
        with in_front_of(im, folder, *FORGOTTEN[request.param]) as nginx:
            yield nginx

    @pytest.mark.parametrize("transports", [["polling"], ["polling", "websocket"]])
    def test_a_client_polls_on(self, im: Im, nginx: Nginx, transports: list[str]) -> None:
        client = Client([nginx.url], tokens.sign(im.secret, user_id=7), transports=transports)

        client.wait_for("sync")
        client.sio.emit("message", {"msg": "through"})

        assert client.wait_for("message", 2)[1]["msg"] == "I have received your msg: through"
        client.close()

    def test_a_client_of_websockets_alone_is_refused_with_a_reason(self, im: Im, folder: Path) -> None:
        with in_front_of(im, folder, *UPGRADE) as nginx, pytest.raises(WebSocketBadStatusException) as refusal:
            create_connection(f"{nginx.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket", timeout=10)

        assert refusal.value.status_code == 400
        assert b"websocket" in (refusal.value.resp_body or b"")
