"""Every error has the same format, and names what is wrong."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.models import Base
from core.db import Database
from tests.unit.app.conftest import Call


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        ("/users", {"data": b"{", "content_type": "application/json"}, 400),
        ("/users", {"data": b"\xff", "content_type": "application/json"}, 400),
        ("/users", {"data": b"NaN", "content_type": "application/json"}, 400),
        ("/users", {"data": {"a": "b"}}, 415),
        ("/users", {"environ_base": {"HTTP_TRANSFER_ENCODING": "chunked"}, "content_type": "text/plain"}, 415),
        ("/users", {"data": b"[" + b" " * 70_000, "content_type": "application/json"}, 413),
        ("/users", {"json": []}, 422),
        ("/users", {"json": {}}, 422),
        ("/nowhere", {}, 404),
        ("/user", {}, 405),
        ("/user/followings", {"json": {"target": 5}}, 401),
    ],
)
def test_wrong_request_is_answered_with_its_status(
    call: Call, path: str, options: dict[str, object], status: int
) -> None:
    answer = call(None, "POST", path, **options)

    assert answer.status_code == status
    assert set(answer.json) - {"errors"} == {"message"}


def test_each_wrong_field_is_named(call: Call) -> None:
    answer = call(None, "POST", "/users", json={"user_name": "x" * 65, "password": None, "extra": 1})

    assert (answer.status_code, set(answer.json["errors"])) == (422, {"user_name", "password", "extra"})


@pytest.mark.parametrize("name", ["", " ", "\t\u3000\u00a0", "a\0b", "a\u202eb", "a\u200bb", "\u3164"])
def test_invisible_name_is_refused(call: Call, ann: int, name: str) -> None:
    signed_up = call(None, "POST", "/users", json={"user_name": name, "password": "a good password"})
    changed = call(ann, "PATCH", "/user", json={"name": name})

    assert (signed_up.status_code, set(signed_up.json["errors"])) == (422, {"user_name"})
    assert (changed.status_code, set(changed.json["errors"])) == (422, {"name"})


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer nonsense", "Basic YTpi", "nonsense"])
def test_invalid_token_is_answered_401_with_the_scheme(client: FlaskClient, header: str) -> None:
    answer = client.get("/v1_0/user", headers={"Authorization": header})

    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_unavailable_database_is_answered_503_with_retry_after(
    call: Call, database: Database, ann: int, bob: int
) -> None:
    Base.metadata.drop_all(database.engine)  # SQLite becomes unavailable: every operation fails

    answer = call(ann, "POST", "/user/followings", json={"target": bob})

    assert (answer.status_code, list(answer.json)) == (503, ["message"])
    assert int(answer.headers["Retry-After"]) > 0


class TestHealth:
    def test_api_is_ready_with_only_the_database(self, client: FlaskClient) -> None:
        assert client.get("/livez").status_code == 200
        ready = client.get("/readyz")
        lines = dict(line.split(": ", 1) for line in ready.text.splitlines())

        assert (ready.status_code, lines.pop("database")) == (200, "ok")
        assert set(lines) == {"redis", "broker", "message_queue"}
        assert all(line.startswith("unavailable") for line in lines.values())

    def test_database_without_migrations_is_not_ready(self, client: FlaskClient, database: Database) -> None:
        Base.metadata.drop_all(database.engine)

        answer = client.get("/readyz")

        assert answer.status_code == 503
        assert "database: lacks tables or columns of this version: run alembic upgrade head" in answer.text

    def test_waiting_notifications_are_counted_in_metrics(
        self, call: Call, client: FlaskClient, ann: int, bob: int
    ) -> None:
        call(ann, "POST", "/user/followings", json={"target": bob})

        assert "\ntoutiao_outbox_waiting 1.0\n" in client.get("/metrics").text


class TestOutboxCommands:
    def test_operator_shows_the_outbox_and_redrives(self, app: Flask, call: Call, ann: int, bob: int) -> None:
        call(ann, "POST", "/user/followings", json={"target": bob})
        runner = app.test_cli_runner()

        assert "waiting: 1\n" in runner.invoke(args=["outbox", "show"]).output
        assert "in the outbox again: 0" in runner.invoke(args=["outbox", "redrive"]).output
