"""deploy/nginx.conf: which paths it forwards, what it logs, and the headers of its own pages."""

import http.client
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dev.ports import find_free
from tests.nginx import Nginx
from tests.services import wait_until

REACHED = b"reached"


class _Upstream(BaseHTTPRequestHandler):
    """Answers every path, but closes the connection under /broken. A path may name a header to be shown."""

    def do_GET(self) -> None:
        if "broken" in self.path:
            self.close_connection = True
            return
        body = self.headers[self.path[1:]].encode() if self.path.startswith("/X-") else REACHED
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        if self.path.startswith("/own"):
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("X-Frame-Options", "SAMEORIGIN")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture(scope="module")
def upstream() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Upstream)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def nginx(module_folder: Path, upstream: int) -> Iterator[Nginx]:
    with Nginx(module_folder / "nginx", {"api": upstream, "im1": upstream, "im2": upstream}) as nginx:
        yield nginx


@pytest.fixture(scope="module")
def alone(module_folder: Path) -> Iterator[Nginx]:
    """An nginx without a running upstream."""
    with Nginx(module_folder / "nginx-alone", {name: find_free() for name in ("api", "im1", "im2")}) as nginx:
        yield nginx


def get(nginx: Nginx, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    """Request a path unchanged; urllib would normalize it."""
    connection = http.client.HTTPConnection(urlsplit(nginx.url).netloc, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


class TestPaths:
    @pytest.mark.parametrize("path", ["/", "/livez", "/v1_0/users", "/socket.io/?EIO=4&transport=polling"])
    def test_path_for_browsers_is_reachable(self, nginx: Nginx, path: str) -> None:
        assert get(nginx, path)[1] == REACHED

    @pytest.mark.parametrize("name", ["metrics", "readyz"])
    @pytest.mark.parametrize(
        "spelling", ["/{}", "//{}", "/./{}", "/{}?x=1", "/socket.io/../{}", "/socket.io/%2e%2e/{}", "/a/..%2f{}"]
    )
    def test_path_for_operators_is_hidden(self, nginx: Nginx, name: str, spelling: str) -> None:
        answer, body = get(nginx, spelling.format(name))

        assert (answer.status, body == REACHED) == (404, False)


class TestClient:
    def test_its_address_is_appended_to_what_it_says(self, nginx: Nginx) -> None:
        _, body = get(nginx, "/X-Forwarded-For", **{"X-Forwarded-For": "203.0.113.7", "X_Forwarded_For": "203.0.113.8"})

        assert body == b"203.0.113.7, 127.0.0.1"

    def test_its_scheme_is_not_what_it_says(self, nginx: Nginx) -> None:
        assert get(nginx, "/X-Forwarded-Proto", **{"X-Forwarded-Proto": "https"})[1] == b"http"


class TestLog:
    @pytest.mark.parametrize("headers", [{}, {"Connection": "Upgrade", "Upgrade": "websocket"}])
    def test_token_is_not_logged_when_upstreams_are_unavailable(self, alone: Nginx, headers: dict[str, str]) -> None:
        answer, _ = get(alone, "/socket.io/?EIO=4&token=not-for-logs", **headers)

        assert answer.status == 502
        wait_until(lambda: '"GET /socket.io/" 502 ' in alone.log, seconds=10, what="the request is logged")
        assert "not-for-logs" not in alone.log

    def test_token_is_not_logged_when_an_upstream_closes_early(self, nginx: Nginx) -> None:
        answer, _ = get(nginx, "/socket.io/broken?token=not-for-logs")

        assert answer.status == 502
        wait_until(lambda: '"GET /socket.io/broken" 502 ' in nginx.log, seconds=10, what="the request is logged")
        assert "not-for-logs" not in nginx.log

    def test_access_line_names_the_upstream(self, nginx: Nginx, upstream: int) -> None:
        get(nginx, "/named")

        wait_until(lambda: "/named" in nginx.log, seconds=10, what="the request is logged")
        [line] = [line for line in nginx.log.splitlines() if "/named" in line]
        assert line.endswith(f"127.0.0.1:{upstream} 200")

    def test_path_cannot_forge_an_access_line(self, nginx: Nginx) -> None:
        get(nginx, '/forged%0a203.0.113.7%20-%20"GET%20/%22%1b[31m')

        wait_until(lambda: "203.0.113.7" in nginx.log, seconds=10, what="the request is logged")
        [line] = [line for line in nginx.log.splitlines() if "203.0.113.7" in line]
        assert line.startswith("127.0.0.1 ")
        assert r"/forged\x0A203.0.113.7 - \x22GET /\x22\x1B[31m" in line


class TestHeaders:
    def test_pages_of_nginx_forbid_sniffing_and_framing(self, alone: Nginx, nginx: Nginx) -> None:
        for asked, path in ((alone, "/"), (alone, "/socket.io/"), (nginx, "/metrics")):
            answer, _ = get(asked, path)
            assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]
            assert answer.headers.get_all("X-Frame-Options") == ["DENY"]

    def test_security_headers_of_an_upstream_are_not_repeated(self, nginx: Nginx) -> None:
        answer, _ = get(nginx, "/own")

        assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]
        assert answer.headers.get_all("X-Frame-Options") == ["SAMEORIGIN"]
