"""Only pages of the configured origins, and of this machine, may call."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.unit.app.conftest import Call

CREDENTIALS = {"user_name": "zoe", "password": "a good password"}


@pytest.mark.parametrize(
    "origin", ["null", "https://evil.example", "http://127.0.0.1:9999", "http://evil.example:5000", "file://"]
)
def test_call_of_a_foreign_page_has_no_effect(client: FlaskClient, call: Call, origin: str) -> None:
    answer = client.post("/v1_0/users", json=CREDENTIALS, headers={"Origin": origin})

    assert answer.status_code == 403
    assert "CORS_ORIGINS" in answer.json["message"]
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert call(None, "POST", "/users", json=CREDENTIALS).status_code == 201


def test_foreign_site_that_has_the_address_of_this_machine_may_not_call(client: FlaskClient) -> None:
    """DNS rebinding: the browser takes both for one site."""
    rebound = {"Host": "evil.example:5000", "Origin": "http://evil.example:5000"}

    assert client.post("/v1_0/users", json=CREDENTIALS, headers=rebound).status_code == 403


@pytest.mark.parametrize("origin", ["http://127.0.0.1:5000", "http://localhost:5000", "http://[::1]:5000"])
def test_page_of_the_api_may_call(client: FlaskClient, origin: str) -> None:
    answer = client.post("/v1_0/users", json={}, headers={"Origin": origin})

    assert answer.status_code == 422
    assert answer.headers["Access-Control-Allow-Origin"] == origin


def test_page_of_this_machine_may_call_at_each_port(client: FlaskClient) -> None:
    forwarded = {"Host": "localhost:8080", "Origin": "http://localhost:8080"}

    assert client.post("/v1_0/users", json={}, headers=forwarded).status_code == 422


def test_client_that_is_no_browser_may_call(client: FlaskClient) -> None:
    assert client.post("/v1_0/users", json={}).status_code == 422


def test_preflight_of_a_foreign_page_is_refused(app: Flask) -> None:
    preflight = {"Origin": "null", "Access-Control-Request-Method": "POST"}

    answer = app.test_client().options("/v1_0/users", headers=preflight)

    assert answer.status_code == 403
    assert "Access-Control-Allow-Origin" not in answer.headers
