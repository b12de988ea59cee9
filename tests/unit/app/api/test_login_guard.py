"""Log-ins that fail too often get 429, and neither answer nor work shows which names exist."""

import time

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import REGISTRY
from werkzeug.test import TestResponse

from core.db import Database
from tests.accounts import sign_up
from tests.clients import PASSWORD

ZOE = {"user_name": "zoe", "password": PASSWORD}
WRONG = {"user_name": "zoe", "password": "a wrong password"}
UNKNOWN = {"user_name": "nobody", "password": "a wrong password"}
FREE = 10  # by default
MORE = 8  # for a pause of some minutes
FAR = "198.51.100.1"


@pytest.fixture
def zoe(database: Database) -> None:
    with database.transaction() as connection:
        sign_up(connection, "zoe")


def log_in(client: FlaskClient, credentials: dict[str, str], *, address: str = FAR) -> TestResponse:
    return client.post("/v1_0/authorizations", json=credentials, environ_base={"REMOTE_ADDR": address})


def fail(app: Flask, name: str, count: int) -> None:
    """Fail as far as the counts notice: a real attempt takes the time of a password hash."""
    for _ in range(count):
        app.extensions["toutiao"].login_pauses.note_failure(name, FAR)


@pytest.mark.usefixtures("zoe")
@pytest.mark.parametrize("credentials", [WRONG, UNKNOWN], ids=["wrong password", "unknown name"])
def test_failures_lead_to_a_pause_whether_or_not_the_name_exists(
    app: Flask, client: FlaskClient, credentials: dict[str, str]
) -> None:
    fail(app, credentials["user_name"], FREE + MORE)
    refused = REGISTRY.get_sample_value("toutiao_rate_limited_total", {"reason": "logins"}) or 0

    answer = log_in(client, credentials)

    assert (answer.status_code, answer.json) == (429, {"message": "too many log-ins have failed, try again later"})
    assert 1 < int(answer.headers["Retry-After"]) <= 2 ** (MORE - 1)
    assert REGISTRY.get_sample_value("toutiao_rate_limited_total", {"reason": "logins"}) == refused + 1


@pytest.mark.usefixtures("zoe")
def test_each_failed_log_in_counts(app: Flask, client: FlaskClient) -> None:
    fail(app, "zoe", FREE + MORE)
    app.extensions["toutiao"].login_pauses.note_success("zoe", FAR)
    fail(app, "zoe", FREE)

    assert log_in(client, WRONG).status_code == 401
    fail(app, "zoe", MORE - 1)

    assert log_in(client, ZOE).status_code == 429


@pytest.mark.usefixtures("zoe")
def test_owner_logs_in_from_a_known_address_while_others_guess(app: Flask, client: FlaskClient) -> None:
    assert log_in(client, ZOE, address="203.0.113.7").status_code == 201
    for n in range(80):
        app.extensions["toutiao"].login_pauses.note_failure("zoe", f"198.51.100.{n}")

    assert log_in(client, ZOE, address="203.0.113.8").status_code == 429
    assert log_in(client, ZOE, address="203.0.113.7").status_code == 201


@pytest.mark.usefixtures("zoe")
def test_unknown_name_costs_as_much_work_as_a_wrong_password(client: FlaskClient) -> None:
    def least_cpu_seconds(credentials: dict[str, str]) -> float:
        def measure() -> float:
            begun = time.process_time()
            assert log_in(client, credentials).status_code == 401
            return time.process_time() - begun

        return min(measure() for _ in range(3))

    wrong, unknown = least_cpu_seconds(WRONG), least_cpu_seconds(UNKNOWN)

    assert 1 / 2 < unknown / wrong < 2
