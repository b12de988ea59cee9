"""The API on a SQLite file; broker, message queue and Redis are unavailable."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.api.task_requests import TaskRequests
from app.factory import create_app
from core import service_keys, tokens
from core.db import Database
from dev.ports import find_free
from tests.system import on_redis

SECRET = "a secret that only the tests use"
SERVICE_KEY, _SERVICE_LINE = service_keys.create("billing")
Call = Callable[..., TestResponse]


def bearer(token: str) -> dict[str, dict[str, str]]:
    """Return the options of a call with this token or key."""
    return {"headers": {"Authorization": f"Bearer {token}"}}


@pytest.fixture(scope="package")
def away() -> str:
    """The URL of a Redis that does not exist."""
    return f"redis://127.0.0.1:{find_free()}/0"


@pytest.fixture
def asked() -> list[str]:
    """The names of the requested tasks."""
    return []


@pytest.fixture
def app(database: Database, away: str, asked: list[str]) -> Iterator[Flask]:
    urls = on_redis(away)
    url = database.engine.url.render_as_string()
    app = create_app({"DATABASE_URL": url, "JWT_SECRET": SECRET, "SERVICE_KEYS": _SERVICE_LINE, **urls})
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
