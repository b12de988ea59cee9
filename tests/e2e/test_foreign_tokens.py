"""Users of a host log in at the host: RS256 tokens with `sub`, whose keys the host's login serves."""

import json
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from websocket import WebSocketConnectionClosedException

from app.events import FollowingNotify
from core import inbox, service_keys
from core.db import Database
from dev.ports import find_free
from tests.clients import Client
from tests.im import Im
from tests.services import Service, wait_until
from tests.system import System, on_redis
from tests.token_keys import Provider, SigningKey, key_of, provider_of
from tests.wire import Websocket

KEY = key_of("RSA")
SERVICE_KEY, _SERVICE_LINE = service_keys.create("host")
INBOX = "/v1_0/user/notifications"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with provider_of(KEY) as running:
        yield running


@pytest.fixture(scope="module")
def host(folder: Path, valkeys: Callable[[], Service], provider: Provider) -> Iterator[System]:
    settings = {
        "JWT_JWKS_URL": provider.url,
        "JWT_USER_CLAIM": "sub",
        "JWT_AUDIENCE": "push",
        "SERVICE_KEYS": _SERVICE_LINE,
    }
    with System(folder / "host", **on_redis(valkeys().url), **settings) as system:
        yield system


def token_of(user_id: object, key: SigningKey = KEY, **claims: Any) -> str:
    return key.sign(**{"sub": user_id, "aud": "push", **claims})


def refusal(url: str, token: str) -> str | None:
    """Connect with a token; return why the server refuses, or "" if it does not, or None if it only hangs up."""
    with Websocket(int(url.rpartition(":")[2])) as session:
        session.send("40" + json.dumps({"token": token}))
        try:
            answer = str(session.receive())
        except (WebSocketConnectionClosedException, OSError):
            return None
    return str(json.loads(answer[2:]).get("message", ""))


def test_user_of_the_host_gets_pushes_until_their_tokens_are_revoked(host: System) -> None:
    user_id, other_id = (str(uuid.uuid4()) for _ in range(2))
    token = token_of(user_id, jti="first")
    client, other = Client(host.im_urls, token), Client(host.im_urls, token_of(other_id))

    with closing(Database(host.env["DATABASE_URL"], pool_size=1)) as database, database.transaction() as connection:
        inbox.add(connection, FollowingNotify(), recipient_id=user_id, actor_id=other_id)
    [pushed] = client.wait_for("following notify", seconds=30)
    read = host.api.call("GET", INBOX, token=token)[1]

    assert pushed["user_id"] == other_id
    assert [each["id"] for each in read["results"]] == [pushed["id"]]
    assert client.sio.call("refresh", {"token": token_of(user_id, jti="second")})["status"] == "ok"
    assert client.sio.call("refresh", {"token": token_of(other_id)}) == {"error": "token_of_another_user"}

    assert host.api.call("POST", f"/v1_0/users/{user_id}/disconnect", token=SERVICE_KEY)[0] == 204

    assert client.wait_for("closing")[0]["reason"] == "token_revoked"
    assert refusal(host.im_urls[0], token) == "token_revoked"
    assert host.api.call("GET", INBOX, token=token)[0] == 401
    assert not other.of("following notify")
    assert not other.of("closing")
    client.close()
    other.close()


def test_flood_of_invented_keys_costs_one_fetch_and_no_other_client(host: System, provider: Provider) -> None:
    [url], known = host.im_urls, token_of(host.user().id)
    assert refusal(url, known) == ""
    before, began = provider.calls, time.monotonic()

    answers = {refusal(url, token_of(1, headers={"kid": f"invented {number}"})) for number in range(30)}

    assert answers == {"token_invalid"}
    assert provider.calls - before <= 1 + (time.monotonic() - began) / 10
    assert refusal(url, known) == ""


def test_new_key_is_known_soon(host: System, provider: Provider) -> None:
    new = SigningKey("EC", "new")
    provider.publish(KEY, new)
    user = host.user()

    def is_known() -> bool:
        on_api = host.api.call("GET", INBOX, token=token_of(user.id, new))[0]
        on_im = refusal(host.im_urls[0], token_of(user.id, new))
        return (on_api, on_im) == (200, "")

    wait_until(is_known, seconds=40, what="the API and the IM server know the new key")


def test_server_that_starts_before_the_provider_lets_clients_try_again(
    folder: Path, valkeys: Callable[[], Service]
) -> None:
    port = find_free()
    settings = {"JWT_JWKS_URL": f"http://127.0.0.1:{port}/jwks.json", "JWT_USER_CLAIM": "sub", "JWT_SECRET": ""}
    im = Im(folder, valkeys().url, transport="fast", **settings)
    try:
        wait_until(lambda: is_live(im), seconds=30, what="the server answers")

        assert refusal(im.url, token_of(7)) is None

        with provider_of(KEY, port=port), im:
            assert refusal(im.url, token_of(7)) == ""
            assert im.is_well()
    finally:
        im.process.kill()


def is_live(im: Im) -> bool:
    try:
        with urllib.request.urlopen(f"{im.url}/livez", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
