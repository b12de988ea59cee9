"""The API on a SQLite file, while the broker, the message queue and Redis are all away."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import tokens
from app.api.requests import TaskRequests
from app.db import Database
from app.factory import create_app
from tests.services import free_port
from tests.system import on_redis

SECRET = "s" * 32
Call = Callable[..., TestResponse]


@pytest.fixture(scope="package")
def away() -> str:
    """The URL of a Redis that is not there."""
    return f"redis://127.0.0.1:{free_port()}/0"


@pytest.fixture
def asked() -> list[str]:
    """The tasks that the workers were asked for."""
    return []


@pytest.fixture
def app(database: Database, away: str, asked: list[str]) -> Iterator[Flask]:
    urls = on_redis(away)
    url = database.engine.url.render_as_string()
    app = create_app({"DATABASE_URL": url, "JWT_SECRET": SECRET, **urls})
    state = app.extensions["toutiao"]
    tasks = TaskRequests(away, send=lambda task, _arguments: asked.append(task))
    app.extensions["toutiao"] = replace(state, tasks=tasks)
    yield app
    state.database.close()
    state.redis.close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def call(client: FlaskClient) -> Call:
    """Make a call of the contract as a user: `call(ann, "GET", "/user")`."""

    def call(user_id: int | None, method: str, path: str, **options: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {tokens.sign(SECRET, user_id=user_id)}"} if user_id else {}
        return client.open(f"/v1_0{path}", method=method, headers=headers, **options)

    return call
