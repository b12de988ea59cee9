"""The package within a Flask app: the app's session, the bell, and the inbox of who is logged in."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jwt
import pytest
from flask import Flask, render_template_string, session
from flask.testing import FlaskClient
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import scoped_session, sessionmaker

from tests.unit.clients import tables
from toutiao_push.flask import ToutiaoPush

SECRET = "a secret that only the tests use"


class Server:
    """Stands in for the server's API: answers as told, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[SimpleNamespace] = []
        self.status = 200
        self.body = b'{"unread_count": 0, "results": []}'
        self.headers: dict[str, str] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                [scheme, token] = self.headers["Authorization"].split()
                claims = jwt.decode(token, SECRET, algorithms=["HS256"])
                asked = {"method": self.command, "path": self.path, "content": content}
                languages = self.headers.get("Accept-Language")
                outer.asked.append(SimpleNamespace(**asked, scheme=scheme, claims=claims, languages=languages))
                self.send_response(outer.status)
                for name, value in {"Content-Length": str(len(outer.body)), **outer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(outer.body)

            do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815  (the library's names)

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1_0"


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.http.shutdown()
    server.http.server_close()
    thread.join()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tables.create(tmp_path)}")
    yield engine
    engine.dispose()


@pytest.fixture
def push() -> ToutiaoPush:
    return ToutiaoPush()


@pytest.fixture
def app(server: Server, engine: Engine, push: ToutiaoPush) -> Flask:
    app = Flask("host")
    app.config.update(
        SECRET_KEY=SECRET,
        TOUTIAO_PUSH_EVENTS=tables.EVENTS,
        TOUTIAO_PUSH_API_URL=server.url,
        TOUTIAO_PUSH_JWT_KEY=SECRET,
        TOUTIAO_PUSH_SOCKET_URL='https://im.example/"',
    )
    db = SimpleNamespace(session=scoped_session(sessionmaker(engine)))
    push.init_app(app, db)
    app.register_blueprint(push.inbox_blueprint(current_user_id=lambda: session.get("user_id")))
    app.add_url_rule("/log-in/<int:user_id>", "log_in", lambda user_id: session.update(user_id=user_id) or "")

    @app.post("/notify")
    def notify() -> dict[str, Any]:
        id_ = push.notify("greeted", to=3)
        count = push.notify_many("greeted", to=[4, 5])
        db.session.commit()
        db.session.remove()
        return {"id": id_, "count": count}

    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Somebody who is logged in."""
    client = app.test_client()
    client.get("/log-in/7")
    return client


def test_notify_uses_the_session_of_the_app(client: FlaskClient, tmp_path: Path) -> None:
    answer = client.post("/notify").json

    rows = tables.rows(tmp_path / "host.sqlite3")
    assert [row["recipient_id"] for row in rows] == ["3", "4", "5"]
    assert answer == {"id": rows[0]["id"], "count": 2}


class TestInbox:
    def test_a_page_is_that_of_who_is_logged_in(self, client: FlaskClient, server: Server) -> None:
        answer = client.get("/push/user/notifications?limit=5&before=9&user_id=8")

        assert (answer.status_code, answer.json) == (200, {"unread_count": 0, "results": []})
        assert answer.headers["Cache-Control"] == "no-store"
        [asked] = server.asked
        assert (asked.method, asked.path, asked.scheme) == (
            "GET",
            "/v1_0/user/notifications?limit=5&before=9",
            "Bearer",
        )
        assert asked.claims["user_id"] == 7

    def test_groups_and_the_languages_of_the_reader_are_handed_on(self, client: FlaskClient, server: Server) -> None:
        client.get("/push/user/notifications?groups=true&group=liking:5", headers={"Accept-Language": "zh-CN,en;q=0.5"})

        [asked] = server.asked
        assert asked.path == "/v1_0/user/notifications?group=liking%3A5&groups=true"
        assert asked.languages == "zh-CN,en;q=0.5"

    def test_a_change_is_handed_on(self, client: FlaskClient, server: Server) -> None:
        assert client.post("/push/user/notifications/read", json={"up_to": 5}).status_code == 200

        [asked] = server.asked
        assert (asked.method, json.loads(asked.content)) == ("POST", {"up_to": 5})

    @pytest.mark.parametrize("method", ["PUT", "DELETE"])
    def test_a_person_is_muted_and_unmuted(self, client: FlaskClient, server: Server, method: str) -> None:
        server.status, server.body = 204, b""

        answer = client.open("/push/user/preferences/muted/a b", method=method)

        assert (answer.status_code, answer.data) == (204, b"")
        [asked] = server.asked
        assert (asked.method, asked.path) == (method, "/v1_0/user/preferences/muted/a%20b")
        assert asked.claims["user_id"] == 7

    @pytest.mark.parametrize("path", ["/push/token", "/push/user/notifications"])
    def test_who_is_not_logged_in_is_told_so(self, app: Flask, server: Server, path: str) -> None:
        assert app.test_client().get(path).status_code == 401
        assert server.asked == []

    def test_a_token_is_for_who_is_logged_in(self, client: FlaskClient) -> None:
        answer = client.get("/push/token")

        assert answer.json is not None
        assert jwt.decode(answer.json["token"], SECRET, algorithms=["HS256"])["user_id"] == 7
        assert answer.headers["Cache-Control"] == "no-store"

    @pytest.mark.parametrize(
        ("given", "status"),
        [({"data": {"up_to": "5"}}, 415), ({"json": [1]}, 400), ({"json": {"ids": "x" * 300_000}}, 413)],
        ids=["form", "list", "large"],
    )
    def test_a_bad_change_is_not_handed_on(
        self, client: FlaskClient, server: Server, given: dict[str, Any], status: int
    ) -> None:
        assert client.post("/push/user/notifications/read", **given).status_code == status
        assert server.asked == []

    @pytest.mark.parametrize(
        ("status", "body", "told"),
        [
            (422, b'{"message": "wrong"}', 422),
            (429, b'{"message": "later"}', 429),
            (503, b'{"message": "later"}', 503),
            (401, b'{"message": "the token is invalid"}', 502),
            (200, b"<html>", 502),
            (504, b"<html>", 503),
        ],
        ids=["field", "limit", "away", "token", "no JSON", "proxy"],
    )
    def test_an_error_of_the_server_is_translated(
        self, client: FlaskClient, server: Server, status: int, body: bytes, told: int
    ) -> None:
        server.status, server.body, server.headers = status, body, {"Retry-After": "9"}
        answer = client.get("/push/user/notifications")

        assert answer.status_code == told
        assert (answer.headers.get("Retry-After") == "9") is (told not in (502,))

    def test_a_server_that_is_away_is_503(self, app: Flask, client: FlaskClient) -> None:
        app.config["TOUTIAO_PUSH_API_URL"] = "http://127.0.0.1:1/v1_0"
        answer = client.get("/push/user/notifications")

        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


def test_the_bell_is_escaped(app: Flask) -> None:
    with app.test_request_context():
        page = render_template_string("{{ push.bell() }}")

    assert page == (
        '<script src="/static/push-bell.js" defer></script>'
        '<push-bell src="/push" token-url="/push/token" socket-url="https://im.example/&#34;"></push-bell>'
    )
