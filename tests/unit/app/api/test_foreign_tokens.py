"""The API of a host with a login of its own: its tokens open the inbox, and nobody logs in here."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.factory import create_app
from core import tokens
from core.db import Database
from dev.ports import find_free
from tests.system import on_redis
from tests.token_keys import key_of, provider_of
from tests.unit.app.conftest import SECRET, bearer

Open = Callable[..., AbstractContextManager[FlaskClient]]
KEY = key_of("EC")
INBOX = "/v1_0/user/notifications"


@pytest.fixture
def open_api(database: Database, away: str) -> Open:
    @contextmanager
    def open_api(**settings: str) -> Iterator[FlaskClient]:
        given: dict[str, Any] = {"DATABASE_URL": database.engine.url.render_as_string(), **on_redis(away)}
        app = create_app({**given, "JWT_SECRET": "", "JWT_USER_CLAIM": "sub", **settings})
        yield app.test_client()
        app.extensions["toutiao"].database.close()
        app.extensions["toutiao"].redis.close()

    return open_api


@pytest.mark.parametrize("user", [7, "7", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "auth0|Zoë"])
def test_token_of_the_host_opens_the_inbox(open_api: Open, user: object) -> None:
    with open_api(JWT_PUBLIC_KEY=KEY.pem) as client:
        assert client.get(INBOX, **bearer(KEY.sign(sub=user))).status_code == 200
        assert client.get(INBOX, **bearer(KEY.sign(sub=user, exp=1))).status_code == 401
        assert client.get(INBOX, **bearer(tokens.sign(SECRET, user_id=7))).status_code == 401


def test_nobody_logs_in_where_the_host_gives_the_tokens(open_api: Open) -> None:
    with open_api(JWT_PUBLIC_KEY=KEY.pem) as client:
        for method in ("POST", "PUT"):
            answer = client.open("/v1_0/authorizations", method=method, json={"user_name": "ann", "password": "x"})
            assert answer.status_code == 403
            assert answer.json == {"message": "this API gives no tokens here: log in to the app that it belongs to"}


def test_own_log_in_goes_on_beside_the_login_of_the_host(open_api: Open) -> None:
    parties = {"JWT_ISSUER": "https://login.example", "JWT_AUDIENCE": "push"}
    with open_api(JWT_PUBLIC_KEY=KEY.pem, JWT_SECRET=SECRET, **parties) as client:
        account = {"user_name": "zoe", "password": "long enough"}
        client.post("/v1_0/users", json=account)
        given = client.post("/v1_0/authorizations", json=account).json

        renewed = client.put("/v1_0/authorizations", **bearer(given["refresh_token"]))

        assert renewed.status_code == 201
        assert client.get(INBOX, **bearer(renewed.json["token"])).status_code == 200


@pytest.mark.parametrize("user", [7, "6ba7b810-9dad-11d1-80b4-00c04fd430c8"])
def test_token_of_the_host_can_be_revoked(open_api: Open, user: object) -> None:
    with open_api(JWT_PUBLIC_KEY=KEY.pem) as client:
        first, second = KEY.sign(sub=user, jti="a"), KEY.sign(sub=user, jti="b")

        assert client.delete("/v1_0/authorizations?token=this", **bearer(first)).status_code == 204

        assert client.get(INBOX, **bearer(first)).json == {"message": "the token is revoked"}
        assert client.get(INBOX, **bearer(second)).status_code == 200


def test_user_without_an_account_here_has_no_profile(open_api: Open) -> None:
    with open_api(JWT_PUBLIC_KEY=KEY.pem) as client:
        for user in ("6ba7b810-9dad-11d1-80b4-00c04fd430c8", 7_000_000):
            assert client.get("/v1_0/user", **bearer(KEY.sign(sub=user))).status_code == 401


def test_token_of_a_provider_is_accepted_and_that_of_another_key_is_not(open_api: Open) -> None:
    with provider_of(KEY) as provider, open_api(JWT_JWKS_URL=provider.url) as client:
        assert client.get(INBOX, **bearer(KEY.sign(sub=7))).status_code == 200
        assert client.get(INBOX, **bearer(KEY.sign(sub=7, headers={"kid": "unknown"}))).status_code == 401


def test_token_can_not_be_judged_before_the_provider_has_answered(open_api: Open) -> None:
    with open_api(JWT_JWKS_URL=f"http://127.0.0.1:{find_free()}/jwks.json") as client:
        answer = client.get(INBOX, **bearer(KEY.sign(sub=7)))

        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
        assert b"token_keys: no keys of the provider" in client.get("/readyz").data
