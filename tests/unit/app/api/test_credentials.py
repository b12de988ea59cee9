"""A user changes the password over HTTP."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.db import Database
from tests.accounts import sign_up
from tests.clients import PASSWORD
from tests.unit.app.conftest import Call, bearer

NAME, OLD, NEW = "zoe", PASSWORD, "a better password"


def log_in(client: FlaskClient, password: str) -> TestResponse:
    return client.post("/v1_0/authorizations", json={"user_name": NAME, "password": password})


def change(client: FlaskClient, token: str, **body: str) -> TestResponse:
    return client.put("/v1_0/user/password", json={"old": OLD, "new": NEW, **body}, **bearer(token))


@pytest.fixture
def zoe(database: Database, client: FlaskClient) -> Any:
    """The tokens of a user."""
    with database.transaction() as connection:
        sign_up(connection, NAME)
    return log_in(client, OLD).json


def test_all_other_tokens_end_and_the_callers_stay(client: FlaskClient, zoe: Any) -> None:
    other = log_in(client, OLD).json

    answer = change(client, zoe["token"])

    assert (answer.status_code, answer.data) == (204, b"")
    assert client.get("/v1_0/user", **bearer(other["token"])).json == {"message": "the token is revoked"}
    assert client.get("/v1_0/user", **bearer(zoe["token"])).status_code == 200
    assert client.put("/v1_0/authorizations", **bearer(zoe["refresh_token"])).status_code == 201


def test_only_the_new_password_is_right_from_then_on(client: FlaskClient, zoe: Any) -> None:
    change(client, zoe["token"])

    assert [log_in(client, password).status_code for password in (OLD, NEW)] == [401, 201]


def test_a_wrong_old_password_is_a_wrong_field_and_changes_nothing(client: FlaskClient, zoe: Any) -> None:
    answer = change(client, zoe["token"], old="a guess")

    assert (answer.status_code, list(answer.json["errors"])) == (422, ["old"])
    assert log_in(client, OLD).status_code == 201


def test_guesses_of_the_old_password_are_slowed_down(app: Flask, client: FlaskClient, zoe: Any) -> None:
    for _ in range(20):  # a real attempt takes the time of a password hash
        app.extensions["toutiao"].login_pauses.note_failure(NAME, "127.0.0.1")

    answer = change(client, zoe["token"])

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


def test_a_short_new_password_is_refused(client: FlaskClient, zoe: Any) -> None:
    assert list(change(client, zoe["token"], new="short").json["errors"]) == ["new"]


def test_a_user_without_an_account_has_no_password(call: Call) -> None:
    assert call(999, "PUT", "/user/password", json={"old": OLD, "new": NEW}).status_code == 401
