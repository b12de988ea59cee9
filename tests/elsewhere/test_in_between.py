"""Proxies and networks between clients and servers: configurations that people use, IPv4 and IPv6."""

import http.client
import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from websocket import WebSocketBadStatusException, create_connection

from core import tokens
from tests.clients import Client, status
from tests.im import Im
from tests.nginx import Nginx
from tests.services import Service
from tests.system import ROOT

UPGRADE = ("proxy_set_header Upgrade $http_upgrade;", "proxy_set_header Connection $connection_upgrade;")
FORGOTTEN = {"headers": UPGRADE, "version": ("proxy_http_version 1.1;",), "both": (*UPGRADE, "proxy_http_version 1.1;")}


@pytest.fixture(scope="module", params=["fast", "stock"])
def im(request: pytest.FixtureRequest, folder: Path, valkey: Service) -> Iterator[Im]:
    with Im(folder, valkey.url, transport=request.param) as server:
        yield server
        assert server.is_well(), server.process.log.read_text(errors="replace")[-4000:]


@pytest.fixture(scope="module", params=["fast", "stock"])
def ipv6(request: pytest.FixtureRequest, folder: Path, valkey: Service) -> Iterator[Im]:
    """A server that listens on an address of IPv6."""
    with Im(folder, valkey.url, transport=request.param, host="::1") as server:
        yield server
        assert server.is_well()


def in_front_of(im: Im, folder: Path, *left_out: str) -> Nginx:
    ports = dict.fromkeys(("api", "im1", "im2"), im.port)
    return Nginx(folder / f"nginx-{uuid.uuid4().hex[:6]}", ports, left_out=left_out)


class TestTrailingSlash:
    @pytest.fixture(params=["direct", "nginx"])
    def place(self, request: pytest.FixtureRequest, im: Im, folder: Path) -> Iterator[str]:
        """Host and port of the IM server, or of the nginx in front of it."""
        if request.param == "direct":
            yield urlsplit(im.url).netloc
            return
        with in_front_of(im, folder) as nginx:
            yield urlsplit(nginx.url).netloc

    @pytest.mark.parametrize("path", ["/socket.io", "/socket.io/"])
    def test_websocket_opens_with_or_without_a_trailing_slash(self, place: str, path: str) -> None:
        websocket = create_connection(f"ws://{place}{path}?EIO=4&transport=websocket", timeout=10)
        assert json.loads(str(websocket.recv())[1:])["sid"]
        websocket.close()

    @pytest.mark.parametrize("path", ["/socket.io", "/socket.io/"])
    def test_session_polls_with_or_without_a_trailing_slash(self, place: str, path: str) -> None:
        connection = http.client.HTTPConnection(place, timeout=10)
        connection.request("GET", f"{path}?EIO=4&transport=polling")
        answer = connection.getresponse()

        assert (answer.status, answer.read()[:1]) == (200, b"0")
        connection.close()

    def test_path_that_only_starts_like_socketio_is_not_found(self, im: Im) -> None:
        assert status(f"{im.url}/socket.iox?EIO=4&transport=polling") == 404


class TestProxyWithoutUpgrade:
    @pytest.fixture(params=FORGOTTEN)
    def nginx(self, request: pytest.FixtureRequest, im: Im, folder: Path) -> Iterator[Nginx]:
        with in_front_of(im, folder, *FORGOTTEN[request.param]) as nginx:
            yield nginx

    @pytest.mark.parametrize("transports", [["polling"], ["polling", "websocket"]])
    def test_client_falls_back_to_polling(self, im: Im, nginx: Nginx, transports: list[str]) -> None:
        client = Client([nginx.url], tokens.sign(im.secret, user_id=7), transports=transports)

        client.wait_for("sync")
        client.sio.emit("message", {"msg": "through"})

        assert client.wait_for("message", 2)[1]["msg"] == "I have received your msg: through"
        client.close()

    def test_websocket_only_client_is_refused_with_a_reason(self, im: Im, folder: Path) -> None:
        with in_front_of(im, folder, *UPGRADE) as nginx, pytest.raises(WebSocketBadStatusException) as refusal:
            create_connection(f"{nginx.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket", timeout=10)

        assert refusal.value.status_code == 400
        assert b"websocket" in (refusal.value.resp_body or b"")


class TestAddressFamilies:
    """Addresses of IPv4 and IPv6."""

    @pytest.mark.parametrize("transport", ["fast", "stock"])
    def test_ipv4_and_ipv6_clients_are_served(self, folder: Path, valkey: Service, transport: str) -> None:
        with Im(folder, valkey.url, transport=transport, host="::") as im:
            assert_served(im, "::", "[::1]", "127.0.0.1")

    def test_ipv6_clients_are_served_at_an_address_of_ipv6(self, ipv6: Im) -> None:
        assert_served(ipv6, "::1", "[::1]")

    def test_ipv6_origin_of_the_page_is_allowed(self, ipv6: Im) -> None:
        for origin, expected in (("http://[::1]:5000", 200), ("http://[::2]:5000", 400)):
            connection = http.client.HTTPConnection("::1", ipv6.port, timeout=10)
            connection.request("GET", "/socket.io/?EIO=4&transport=polling", headers={"Origin": origin})
            assert connection.getresponse().status == expected
            connection.close()

    @pytest.mark.parametrize("ipv6", ["fast"], indirect=True)
    def test_taken_port_is_named(self, ipv6: Im) -> None:
        command = [sys.executable, "im/main.py", str(ipv6.port)]
        second = subprocess.run(
            command, cwd=ROOT, env=ipv6.env, capture_output=True, text=True, timeout=60, check=False
        )

        assert second.returncode == 1
        assert second.stderr.startswith(f"can't listen on [::1]:{ipv6.port}: Address already in use")


def assert_served(im: Im, host: str, *reached_at: str) -> None:
    for name in reached_at:
        for transports in (["websocket"], ["polling"]):
            url = f"http://{name}:{im.port}"
            client = Client([url], tokens.sign(im.secret, user_id=7), transports=transports)
            client.wait_for("sync")
            client.close()
    assert im.process.says(f"serving on http://[{host}]:{im.port}")
    assert im.is_well()
