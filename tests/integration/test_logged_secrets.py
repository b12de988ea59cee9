"""No token, password, cookie or secret gets into a log, whatever clients do and whatever fails."""

import http.client
import json
import re
import time
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import urlencode, urlsplit

import psycopg
import pytest
import socketio

from core import tokens
from tests.clients import PASSWORD, Client, User
from tests.nginx import Nginx
from tests.services import wait_until
from tests.stack import SECRETS, Stack

WRONG = {"password": "wrong-password-9f27", "cookie": "cookie-of-a-client-41ab", "key": "service_not-a-key-77c1"}
# What only secrets look like: JWTs, hashes of passwords, URLs with a password that is not shown as asterisks.
FORMS = re.compile(r"eyJ[\w-]{8}|argon2id?\$|://[^/\s:@'\"]*:[^/\s@*'\"]+@")


# PostgreSQL quotes the row in its error, as it does for a constraint.
BREAK = """
UPDATE users SET password_hash = concat('unreadable ', password_hash);
CREATE FUNCTION break() RETURNS trigger AS 'BEGIN RAISE EXCEPTION USING MESSAGE = NEW::text; END' LANGUAGE plpgsql;
CREATE TRIGGER break BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION break();
CREATE TRIGGER break BEFORE INSERT ON token_families FOR EACH ROW EXECUTE FUNCTION break();
"""
REPAIR = """
DROP FUNCTION break CASCADE;
UPDATE users SET password_hash = replace(password_hash, 'unreadable ', '');
"""


@pytest.fixture
def broken_database(stack: Stack) -> Iterator[None]:
    """A database that refuses new users and log-ins, and in which no hash of a password can be read."""
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        connection.execute(BREAK)
        yield
        connection.execute(REPAIR)


@pytest.fixture
def ann(front: Nginx, stack: Stack) -> User:
    return stack.api.sign_up(f"ann-{time.time_ns()}")


@pytest.fixture
def bob(front: Nginx, stack: Stack) -> User:
    return stack.api.sign_up(f"bob-{time.time_ns()}")


def send(url: str, method: str, path: str, body: object = None, **headers: str) -> int:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    try:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, json.dumps(body), {"Content-Type": "application/json", **names})
        return connection.getresponse().status
    finally:
        connection.close()


def call_in_all_ways(url: str, ann: User, bob: User) -> None:
    """Call the API with good and bad secrets in every place where a client may put one."""
    login = {"user_name": ann.name, "password": WRONG["password"]}
    for token in (ann.token, ann.token[:-4], ann.refresh_token):
        send(url, "GET", f"/v1_0/user?token={token}", Authorization=f"Bearer {token}", Referer=f"{url}/?token={token}")
        send(url, "PUT", "/v1_0/authorizations", Authorization=f"Bearer {token}", Cookie=f"refresh={WRONG['cookie']}")
    send(url, "POST", "/v1_0/authorizations", login)
    send(url, "POST", "/v1_0/authorizations", {"user_name": ann.name, "password": PASSWORD})
    send(url, "POST", "/v1_0/users", {"user_name": f"new-{time.time_ns()}", "password": WRONG["password"]})
    send(url, "PUT", "/v1_0/user/password", {"old": PASSWORD, "new": WRONG["password"]}, Authorization="Bearer x")
    send(url, "POST", f"/v1_0/users/{bob.id}/disconnect", Authorization=f"Bearer {WRONG['key']}")
    send(url, "POST", "/v1_0/user/followings", {"target": bob.id}, Authorization=f"Bearer {ann.token}")


def connect_in_all_ways(url: str, ann: User, secret: str) -> None:
    """Connect with good and bad tokens over both transports, and send a token where none belongs."""
    expired = tokens.sign(secret, user_id=ann.id)[:-1] + "A"
    for transport in ("websocket", "polling"):
        for token in (ann.token, ann.refresh_token, expired):
            sio = socketio.Client(reconnection=False)
            try:
                address = f"{url}?{urlencode({'token': token})}"
                sio.connect(address, transports=[transport], headers={"Cookie": f"a={WRONG['cookie']}"}, wait_timeout=5)
                sio.emit("refresh", {"token": token})
                sio.emit("message", {"token": token})
                sio.emit(token, token)
                sio.sleep(0.1)
            except socketio.exceptions.ConnectionError:
                pass
            finally:
                sio.disconnect()
    for query in (f"sid={ann.token}", f"EIO=4&transport={ann.token}", f"EIO=3&transport=polling&token={ann.token}"):
        send(url, "GET", f"/socket.io/?{query}", Authorization=f"Bearer {ann.token}")


def flower_tasks(stack: Stack) -> str:
    login = b64encode(stack.secret("FLOWER_BASIC_AUTH").encode()).decode()
    request = urllib.request.Request(stack.url("flower") + "/api/tasks", headers={"Authorization": f"Basic {login}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.read().decode())


@pytest.mark.timeout(400)
def test_no_secret_is_in_a_log(
    stack: Stack, front: Nginx, ann: User, bob: User, request: pytest.FixtureRequest
) -> None:
    client = Client([front.url], bob.token)
    call_in_all_ways(front.url, ann, bob)
    client.wait_for("following notify", seconds=60)
    client.close()
    connect_in_all_ways(front.url, ann, stack.secret("JWT_SECRET"))
    send(stack.url("flower"), "GET", "/workers", Authorization="Basic " + b64encode(b"admin:wrong").decode())
    request.getfixturevalue("broken_database")
    call_in_all_ways(front.url, ann, bob)
    stack.valkey.stop()
    call_in_all_ways(front.url, ann, bob)
    stack.valkey.start()
    for name in ("api", "worker", "beat"):
        stack.rabbitmq.close_connections(name)
    stack.replace("im1", "worker")
    wait_until(lambda: "tasks." in flower_tasks(stack), seconds=60, what="a task in Flower")

    texts = {name: process.log.read_text(errors="replace") for name, process in stack.processes.items()}
    texts |= {"nginx": front.log, "Flower's tasks": flower_tasks(stack)}

    known = [*SECRETS.values(), *(text.partition(":")[2] for text in SECRETS.values()), *WRONG.values(), PASSWORD]
    found = {
        (name, line)
        for name, text in texts.items()
        for line in text.splitlines()
        if FORMS.search(line) or any(secret in line for secret in known if secret)
    }
    assert "Traceback" in texts["api"], "an error of the program is logged"
    assert "/socket.io" in texts["nginx"]
    assert found == set()
