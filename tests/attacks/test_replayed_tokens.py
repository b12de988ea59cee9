"""A thief has a copy of somebody's tokens, and uses it after the log-out, or beside the owner."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from app.factory import create_app
from app.models import Base, TokenFamily
from dev.ports import find_free
from tests.system import on_redis

PATH = "/v1_0/authorizations"
ZOE = {"user_name": "zoe", "password": "a good password"}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[FlaskClient]:
    """The API, while Redis is unavailable: that lets no revoked token in."""
    settings = {
        "DATABASE_URL": f"sqlite:///{tmp_path}/toutiao.sqlite3",
        "JWT_SECRET": "a secret that only the tests use",
    }
    app = create_app({**settings, **on_redis(f"redis://127.0.0.1:{find_free()}/0")})
    state = app.extensions["toutiao"]
    Base.metadata.create_all(state.database.engine)
    yield app.test_client()
    state.database.close()
    state.redis.close()


@pytest.fixture
def stolen(client: FlaskClient) -> Any:
    client.post("/v1_0/users", json=ZOE)
    return client.post(PATH, json=ZOE).json


def call(client: FlaskClient, method: str, path: str, token: str) -> TestResponse:
    return client.open(path, method=method, headers={"Authorization": f"Bearer {token}"})


def test_revoked_tokens_that_are_replayed_are_refused(client: FlaskClient, stolen: Any) -> None:
    call(client, "DELETE", PATH, stolen["token"])

    assert call(client, "GET", "/v1_0/user", stolen["token"]).status_code == 401
    assert call(client, "PUT", PATH, stolen["refresh_token"]).status_code == 401


def test_refresh_token_that_owner_and_thief_use_locks_both_out(client: FlaskClient, stolen: Any) -> None:
    of_thief = call(client, "PUT", PATH, stolen["refresh_token"]).json
    with client.application.extensions["toutiao"].database.transaction() as connection:
        connection.execute(update(TokenFamily).values(replaced_at=1))  # long ago

    of_owner = call(client, "PUT", PATH, stolen["refresh_token"])

    assert of_owner.status_code == 401
    assert call(client, "PUT", PATH, of_thief["refresh_token"]).status_code == 401
    assert call(client, "GET", "/v1_0/user", of_thief["token"]).status_code == 401
