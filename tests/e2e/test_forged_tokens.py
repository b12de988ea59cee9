"""The API and the IM servers refuse the same forged tokens."""

import json

import pytest

from tests.forged_tokens import FOREIGN, MISTAKEN, Forge, claims, encode
from tests.system import System
from tests.wire import Websocket

_FORGED = {**FOREIGN, **MISTAKEN}


def connect(system: System, token: str) -> str:
    """Connect with a token; return the answer."""
    with Websocket(system.im_ports[0]) as session:
        session.send("40" + json.dumps({"token": token}))
        return str(session.receive())


@pytest.mark.parametrize("forge", _FORGED.values(), ids=_FORGED)
def test_forged_token_opens_neither_api_nor_socket(small: System, forge: Forge) -> None:
    token = forge(small.secret)

    assert connect(small, token).startswith('44{"message":"token_')
    if token.isprintable():  # a header can hold no NUL
        for method, path in (("GET", "/v1_0/user"), ("GET", "/v1_0/user/notifications")):
            assert small.api.call(method, path, token=token)[0] == 401


def test_valid_token_that_is_made_in_the_same_way_opens_both(small: System) -> None:
    user = small.user()
    token = encode(small.secret, json.dumps(claims(user_id=user.id)))

    assert connect(small, token).startswith('40{"sid"')
    assert small.api.call("GET", "/v1_0/user", token=token)[0] == 200


def test_access_token_renews_nothing(small: System) -> None:
    user = small.user()

    assert small.api.call("PUT", "/v1_0/authorizations", token=user.token)[0] == 401
    assert small.api.call("PUT", "/v1_0/authorizations", token=user.refresh_token)[0] == 201
