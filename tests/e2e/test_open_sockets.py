"""Who may not stay in is out: on every server, over each transport, with the official client."""

import time
import uuid
from contextlib import ExitStack

import pytest

from core import tokens
from tests.clients import PASSWORD, User
from tests.e2e.js_client import JsClient
from tests.services import PATIENCE
from tests.system import System

TRANSPORTS = ("websocket", "polling")


def connected(stack: ExitStack, system: System, token: str) -> list[JsClient]:
    """One client for each server and transport."""
    clients = [
        stack.enter_context(JsClient(url, token, transport)) for url in system.im_urls for transport in TRANSPORTS
    ]
    for client in clients:
        client.next("connected")
    return clients


def refusals(system: System, token: str) -> list[str]:
    with ExitStack() as stack:
        clients = [
            stack.enter_context(JsClient(url, token, transport)) for url in system.im_urls for transport in TRANSPORTS
        ]
        return [client.next("connect_error") for client in clients]


def log_in(system: System, user: User) -> User:
    status, pair = system.api.post("/v1_0/authorizations", {"user_name": user.name, "password": PASSWORD})
    assert status == 201, pair
    return User(user.id, user.name, pair["token"], pair["refresh_token"])


@pytest.mark.parametrize("system", ["small", "big"], indirect=True)
def test_logged_out_user_is_out_on_every_server(system: System) -> None:
    bob, other = system.api.sign_up(f"bob-{uuid.uuid4().hex}"), system.user()
    with ExitStack() as stack:
        clients = connected(stack, system, bob.token)
        [bystander, *_] = connected(stack, system, other.token)

        assert system.api.call("DELETE", "/v1_0/authorizations", token=bob.token)[0] == 204

        assert [client.next("closing")["reason"] for client in clients] == ["token_revoked"] * 4
        assert [client.next("disconnect") for client in clients] == ["io server disconnect"] * 4
        assert refusals(system, bob.token) == ["token_revoked"] * 4
        assert system.api.get("/v1_0/user", bob)[0] == 401
        assert system.api.call("PUT", "/v1_0/authorizations", token=bob.refresh_token)[0] == 401

        again = log_in(system, bob)
        with JsClient(system.im_urls[0], again.token, "websocket") as client:
            client.next("connected")
        system.api.follow(again, other)
        assert bystander.next("following notify")["user_id"] == bob.id


def test_client_is_warned_and_refreshes_or_is_closed(small: System) -> None:
    bob = small.user()
    ends_in = 4 * PATIENCE  # seconds; all clients have to be there before
    ending = tokens.sign(small.secret, user_id=bob.id, issued_at=int(time.time()) - tokens.ACCESS_SECONDS + ends_in)
    with ExitStack() as stack:
        clients = connected(stack, small, ending)
        for client in clients:
            client.next("token_expiring")
        refreshing, silent = clients[::2], clients[1::2]
        for client in refreshing:
            assert client.emit("refresh", {"token": bob.token})["status"] == "ok"

        assert [client.next("closing")["reason"] for client in silent] == ["token_expired"] * 2
        assert refusals(small, ending) == ["token_expired"] * 4
        small.api.follow(small.user(), bob)
        assert {client.next("following notify")["id"] for client in refreshing}
