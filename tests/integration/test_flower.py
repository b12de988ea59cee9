"""Flower as `celery -A tasks flower` starts it, on a real broker: its log-in and its security headers."""

import http.client
import os
import re
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from flower.urls import handlers
from tornado.web import url

from dev.ports import find_free
from tests.clients import status
from tests.services import Service, wait_until
from tests.system import Process

LOGIN = {"Authorization": "Basic " + b64encode("admin:gehörig".encode()).decode()}
PATHS = [route.regex.pattern if isinstance(route, url) else route[0] for route in handlers]
# OK and no more, for health checks; Flower's own scripts and style sheets.
OPEN = ("/healthcheck", "/static/x")


@pytest.fixture(scope="module")
def port(folder: Path, valkey: Service) -> Iterator[int]:
    port = find_free()
    command = [sys.executable, "-m", "celery", "-A", "tasks", "flower"]
    env = {"PATH": os.environ["PATH"], "PYTHONWARNINGS": "ignore", "BROKER_URL": valkey.url}
    env |= {"FLOWER_BASIC_AUTH": "admin:gehörig", "FLOWER_PORT": str(port)}
    process = Process(command, env, folder / "flower.log")
    try:
        wait_until(lambda: status(f"http://127.0.0.1:{port}/healthcheck") == 200, seconds=30, what="Flower answers")
        yield port
    finally:
        process.kill()


def ask(port: int, method: str, path: str, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        return answer
    finally:
        connection.close()


@pytest.mark.parametrize("pattern", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_no_page_answers_without_the_password(port: int, method: str, pattern: str) -> None:
    path = {".*": "/none", "/login/?": "/login"}.get(pattern) or re.sub(r"\(.*\)", "x", pattern).rstrip("$")

    assert ask(port, method, path).status == 401 or path in OPEN


def test_password_of_any_letters_is_accepted(port: int) -> None:
    assert [ask(port, "GET", path, **LOGIN).status for path in ("/", "/metrics", "/api/workers")] == [200, 200, 200]


def test_wrong_password_of_any_letters_is_refused(port: int) -> None:
    for login in (b"admin:wrong", "admin:pässword".encode(), b"admin", b"\xff"):
        header = "Basic " + b64encode(login).decode()
        assert ask(port, "GET", "/workers", Authorization=header).status == 401


@pytest.mark.parametrize("path", ["/", "/metrics", "/healthcheck", "/static/css/flower.css", "/static/none", "/none"])
@pytest.mark.parametrize("login", [LOGIN, {}])
def test_every_answer_forbids_sniffing_and_framing(port: int, path: str, login: dict[str, str]) -> None:
    headers = ask(port, "GET", path, **login).headers

    assert headers.get_all("X-Content-Type-Options") == ["nosniff"]
    assert headers.get_all("X-Frame-Options") == ["DENY"]
