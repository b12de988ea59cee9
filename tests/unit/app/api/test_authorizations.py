"""Log-in, renewal and log-out over HTTP."""

import logging
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from app.models import TokenFamily
from core import tokens
from core.db import Database
from tests.accounts import sign_up
from tests.clients import PASSWORD
from tests.unit.app.conftest import SECRET, bearer

PATH = "/v1_0/authorizations"
CREDENTIALS = {"user_name": "zoe", "password": PASSWORD}


@pytest.fixture
def zoe(database: Database) -> int:
    with database.transaction() as connection:
        return sign_up(connection, "zoe")


def log_in(client: FlaskClient, **fields: Any) -> TestResponse:
    return client.post(PATH, json={**CREDENTIALS, **fields})


def read_profile(client: FlaskClient, token: str) -> TestResponse:
    return client.get("/v1_0/user", **bearer(token))


def assert_revoked(answer: TestResponse) -> None:
    assert (answer.status_code, answer.json) == (401, {"message": "the token is revoked"})


@pytest.fixture
def replaced_long_ago(database: Database) -> Any:
    """Let the grace of every replaced token end."""

    def end_grace() -> None:
        with database.transaction() as connection:
            connection.execute(update(TokenFamily).values(replaced_at=1))

    return end_grace


class TestLogIn:
    def test_answer_has_both_tokens_and_no_cookie(self, client: FlaskClient, zoe: int) -> None:
        answer = log_in(client)

        assert answer.status_code == 201
        assert tokens.verify((SECRET,), answer.json["token"]).user_id == str(zoe)
        assert tokens.verify((SECRET,), answer.json["refresh_token"], refresh=True).user_id == str(zoe)
        assert "Set-Cookie" not in answer.headers

    def test_wrong_password_is_refused(self, client: FlaskClient, zoe: int) -> None:
        answer = log_in(client, password="wrong")

        assert (answer.status_code, list(answer.json)) == (401, ["message"])


class TestRenewal:
    def test_each_use_gives_new_tokens(self, client: FlaskClient, zoe: int) -> None:
        old = log_in(client).json

        answer = client.put(PATH, **bearer(old["refresh_token"]))

        assert answer.status_code == 201
        assert answer.json["refresh_token"] != old["refresh_token"]
        assert read_profile(client, answer.json["token"]).status_code == 200

    def test_a_token_that_was_just_replaced_gets_the_same_answer(self, client: FlaskClient, zoe: int) -> None:
        old = log_in(client).json["refresh_token"]

        first, again = (client.put(PATH, **bearer(old)).json for _ in range(2))

        assert first["refresh_token"] == again["refresh_token"]

    def test_reuse_of_an_old_token_ends_the_family_and_is_logged_without_it(
        self, client: FlaskClient, zoe: int, replaced_long_ago: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        old = log_in(client).json
        new = client.put(PATH, **bearer(old["refresh_token"])).json
        other = log_in(client).json
        replaced_long_ago()

        with caplog.at_level(logging.WARNING):
            assert_revoked(client.put(PATH, **bearer(old["refresh_token"])))

        assert_revoked(client.put(PATH, **bearer(new["refresh_token"])))
        assert_revoked(read_profile(client, new["token"]))
        assert read_profile(client, other["token"]).status_code == 200
        family = tokens.verify((SECRET,), new["token"]).family
        [said] = [record.getMessage() for record in caplog.records if "used again" in record.getMessage()]
        assert f"user {zoe} " in said
        assert family in said
        assert old["refresh_token"] not in caplog.text

    def test_an_access_token_renews_nothing(self, client: FlaskClient, zoe: int) -> None:
        assert client.put(PATH, **bearer(log_in(client).json["token"])).status_code == 401


class TestLogOut:
    def test_every_token_ends_and_a_new_log_in_is_valid_at_once(self, client: FlaskClient, zoe: int) -> None:
        first, second = log_in(client).json, log_in(client).json

        answer = client.delete(PATH, **bearer(first["token"]))

        assert (answer.status_code, answer.data) == (204, b"")
        for old in (first, second):
            assert_revoked(read_profile(client, old["token"]))
            assert_revoked(client.put(PATH, **bearer(old["refresh_token"])))
        assert read_profile(client, log_in(client).json["token"]).status_code == 200

    def test_this_ends_only_the_family_of_the_token(self, client: FlaskClient, zoe: int) -> None:
        mine, other = log_in(client).json, log_in(client).json

        assert client.delete(f"{PATH}?token=this", **bearer(mine["token"])).status_code == 204

        assert_revoked(read_profile(client, mine["token"]))
        assert_revoked(client.put(PATH, **bearer(mine["refresh_token"])))
        assert read_profile(client, other["token"]).status_code == 200

    def test_a_refresh_token_as_bearer_logs_nobody_out(self, client: FlaskClient, zoe: int) -> None:
        mine = log_in(client).json

        assert client.delete(PATH, **bearer(mine["refresh_token"])).status_code == 401
        assert read_profile(client, mine["token"]).status_code == 200

    @pytest.mark.parametrize(("query", "field"), [("token=that", "token"), ("tokn=this", "tokn")])
    def test_another_query_than_token_this_is_refused(
        self, client: FlaskClient, zoe: int, query: str, field: str
    ) -> None:
        mine = log_in(client).json

        answer = client.delete(f"{PATH}?{query}", **bearer(mine["token"]))

        assert (answer.status_code, list(answer.json["errors"])) == (422, [field])
        assert read_profile(client, mine["token"]).status_code == 200


class TestCookie:
    def test_refresh_token_is_in_the_cookie_alone(self, client: FlaskClient, zoe: int) -> None:
        answer = log_in(client, cookie=True)

        assert answer.json == {"token": answer.json["token"], "refresh_token": None}
        cookie = answer.headers["Set-Cookie"]
        token = cookie.removeprefix("refresh_token=").partition(";")[0]
        assert tokens.verify((SECRET,), token, refresh=True).user_id == str(zoe)
        parts = {part for part in cookie.split("; ")[1:] if not part.startswith("Expires=")}
        assert parts == {"HttpOnly", "Max-Age=1209600", "Path=/v1_0/authorizations", "SameSite=Strict"}

    def test_it_is_secure_under_https(self, app: Flask, client: FlaskClient, zoe: int) -> None:
        answer = client.post(PATH, json={**CREDENTIALS, "cookie": True}, base_url="https://news.example")

        assert "; Secure;" in answer.headers["Set-Cookie"]

    def test_it_renews_itself(self, client: FlaskClient, zoe: int) -> None:
        old = log_in(client, cookie=True).headers["Set-Cookie"]

        answer = client.put(PATH)

        assert (answer.status_code, answer.json["refresh_token"]) == (201, None)
        assert answer.headers["Set-Cookie"] != old
        assert read_profile(client, answer.json["token"]).status_code == 200
        assert client.put(PATH).status_code == 201

    def test_bearer_goes_before_it(self, client: FlaskClient, zoe: int) -> None:
        log_in(client, cookie=True)
        mine = log_in(client).json

        answer = client.put(PATH, **bearer(mine["refresh_token"]))

        assert answer.json["refresh_token"]
        assert "Set-Cookie" not in answer.headers

    @pytest.mark.parametrize("header", [{}, bearer("expired")["headers"]], ids=["no header", "a bad token"])
    def test_it_logs_out_where_the_access_token_does_not(
        self, client: FlaskClient, zoe: int, header: dict[str, str]
    ) -> None:
        mine = log_in(client, cookie=True).json

        answer = client.delete(f"{PATH}?token=this", headers=header)

        assert answer.status_code == 204
        assert "Max-Age=0" in answer.headers["Set-Cookie"]
        assert_revoked(read_profile(client, mine["token"]))
        assert client.put(PATH).status_code == 401

    @pytest.mark.parametrize("method", ["PUT", "DELETE"])
    @pytest.mark.parametrize(
        ("headers", "is_own"),
        [
            ({}, True),
            ({"Origin": "http://localhost"}, True),
            ({"Origin": "http://127.0.0.1:5000"}, True),  # of the settings
            ({"Sec-Fetch-Site": "same-origin"}, True),
            ({"Origin": "https://evil.example"}, False),
            ({"Origin": "http://localhost.evil.example"}, False),
            ({"Origin": "null"}, False),
            ({"Sec-Fetch-Site": "same-site"}, False),
            ({"Sec-Fetch-Site": "cross-site"}, False),
        ],
    )
    def test_only_pages_of_this_site_use_it(
        self, client: FlaskClient, zoe: int, method: str, headers: dict[str, str], is_own: bool
    ) -> None:
        mine = log_in(client, cookie=True).json

        answer = client.open(PATH, method=method, headers=headers)

        assert (answer.status_code == 403) == (not is_own)
        assert is_own or read_profile(client, mine["token"]).status_code == 200

    def test_it_opens_no_other_call(self, client: FlaskClient, zoe: int) -> None:
        log_in(client, cookie=True)

        assert client.get("/v1_0/user").status_code == 401
