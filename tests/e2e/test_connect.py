"""Which clients are accepted or refused, and what they may send."""

import time
from typing import Any

import jwt
import pytest
import socketio

from tests.clients import Client
from tests.system import System

STRANGER = 2**50  # an id that no other test has signed up


def mint(secret: str, **changes: Any) -> str:
    now = int(time.time())
    claims = {"user_id": STRANGER, "refresh": False, "iat": now, "exp": now + 60, "jti": "one", **changes}
    return jwt.encode({name: value for name, value in claims.items() if value is not ...}, secret, algorithm="HS256")


def refusal(system: System, token: str) -> str:
    client = socketio.Client(reconnection=False)
    reasons: list[Any] = []
    client.on("connect_error", reasons.append)
    with pytest.raises(socketio.exceptions.ConnectionError):
        client.connect(system.im_urls[0], auth={"token": token}, wait_timeout=5)
    client.disconnect()
    return str(reasons[0]["message"] if isinstance(reasons[0], dict) else reasons[0])


class TestConnect:
    def test_token_of_another_issuer_with_our_secret_is_accepted(self, small: System) -> None:
        for url in (small.im_urls[0], f"{small.im_urls[0]}?token={mint(small.secret)}"):
            client = Client([url], mint(small.secret) if "?" not in url else None)
            assert client.wait_for("sync")[0]["offset"] == "0-0"
            client.close()

    @pytest.mark.parametrize(
        "changes",
        [{"refresh": True}, {"user_id": "77"}, {"user_id": 0}, {"user_id": True}, {"jti": ...}, {"exp": ...}],
    )
    def test_token_with_other_claims_is_refused(self, small: System, changes: dict[str, Any]) -> None:
        assert refusal(small, mint(small.secret, **changes)) == "token_invalid"

    def test_bad_and_expired_tokens_are_refused(self, small: System) -> None:
        assert refusal(small, "nonsense") == "token_invalid"
        assert refusal(small, mint("x" * 40)) == "token_invalid"
        assert refusal(small, mint(small.secret, exp=int(time.time()) - 5)) == "token_expired"

    def test_anonymous_client_gets_a_message_and_no_sync(self, small: System) -> None:
        client = small.client(None)
        assert client.wait_for("message")[0]["msg"] == "hello"
        assert client.of("sync") == []
        client.close()

    @pytest.mark.parametrize("senseless", [None, 5, "text", [], {}, {"msg": 5}, {"msg": None}])
    def test_invalid_message_is_acknowledged_as_an_error_and_the_socket_stays(
        self, small: System, senseless: object
    ) -> None:
        client = small.client(None)
        client.wait_for("message")

        assert "error" in client.sio.call("message", senseless, timeout=5)
        assert "error" in client.sio.call("nonsense", senseless, timeout=5)
        client.sio.emit("message", {"msg": "x", "timestamp": 1})

        assert client.wait_for("message", 2)[1]["msg"] == "I have received your msg: x"
        client.close()
