"""A user lists the open sockets, and closes one, over HTTP."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from redis import Redis

from app.factory import create_app
from app.models import Base
from core import sessions, tokens
from core.keys import Keys
from core.revocation_stream import Closing, RevocationStream
from tests.services import Service
from tests.system import on_redis

SECRET = "a secret that only the tests use"
ANN, BOB = 7, 8
ANDROID = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile"


@pytest.fixture
def client(tmp_path: Path, cache: Service, redis: Redis) -> Iterator[FlaskClient]:
    url = f"sqlite:///{tmp_path}/toutiao.sqlite3"
    app = create_app({"DATABASE_URL": url, "JWT_SECRET": SECRET, **on_redis(cache.url)})
    state = app.extensions["toutiao"]
    Base.metadata.create_all(state.database.engine)
    yield app.test_client()
    state.database.close()
    state.redis.close()


@pytest.fixture(autouse=True)
def _open_sockets(redis: Redis) -> None:
    """Write what an IM server writes: one socket of each user."""
    redis.zadd(Keys().im_servers, {"im1/1": time.time()})
    for user_id in (ANN, BOB):
        stored = sessions.encode(device=ANDROID, address="192.0.2.7", since=1000, family=f"family-{user_id}")
        redis.hset(Keys().sessions(str(user_id), "im1/1"), f"sid-{user_id}", stored)


def headers(user_id: int, family: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens.sign(SECRET, user_id=user_id, family=family)}"}


@pytest.mark.parametrize(("family", "is_current"), [("family-7", True), ("another", False)])
def test_open_sockets_are_listed(client: FlaskClient, family: str, is_current: bool) -> None:
    answer = client.get("/v1_0/user/sessions", headers=headers(ANN, family))

    session = {"id": "sid-7", "device": "Chrome Mobile on Android", "address": "192.0.2.7", "since": 1000}
    assert answer.json == {"results": [{**session, "server": "im1", "current": is_current}]}


def test_one_socket_is_closed(client: FlaskClient, redis: Redis) -> None:
    answer = client.delete("/v1_0/user/sessions/sid-7", headers=headers(ANN, "another"))

    assert answer.status_code == 204
    assert RevocationStream(redis).read().entries == [Closing(str(ANN), "sid-7")]


def test_its_log_in_ends_as_well_if_the_user_wants(client: FlaskClient) -> None:
    client.delete("/v1_0/user/sessions/sid-7?revoke=true", headers=headers(ANN, "another"))

    assert client.get("/v1_0/user/sessions", headers=headers(ANN, "family-7")).status_code == 401
    assert client.get("/v1_0/user/sessions", headers=headers(ANN, "another")).status_code == 200


def test_a_socket_of_somebody_else_is_not_found(client: FlaskClient, redis: Redis) -> None:
    assert client.delete("/v1_0/user/sessions/sid-8", headers=headers(ANN, "any")).status_code == 404
    assert RevocationStream(redis).read().entries == []
