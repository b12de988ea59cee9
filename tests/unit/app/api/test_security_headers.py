"""Every answer tells browsers what they must not do with it, also an error, a file and a preflight."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.api import proxies
from core.addresses import TrustedProxies, parse_network


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/docs", 200),
        ("GET", "/livez", 200),
        ("GET", "/readyz", 200),
        ("GET", "/metrics", 200),
        ("GET", "/openapi.json", 200),
        ("GET", "/static/style.css", 200),
        ("GET", "/static/nothing.css", 404),
        ("GET", "/nowhere", 404),
        ("PUT", "/livez", 405),
        ("GET", "/v1_0/user", 401),
        ("OPTIONS", "/v1_0/user", 200),
        ("POST", "/v1_0/users", 422),
        ("GET", "/broken", 500),
    ],
)
def test_every_answer_has_them(app: Flask, method: str, path: str, status: int) -> None:
    app.add_url_rule("/broken", view_func=lambda: 1 // 0)
    with app.test_client().open(path, method=method) as answer:
        headers = answer.headers

    assert answer.status_code == status
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "Cache-Control" in headers
    assert "Strict-Transport-Security" not in headers


def test_answer_about_a_body_has_them_too(client: FlaskClient) -> None:
    too_large = client.post("/v1_0/users", data=b" " * 100_000, content_type="application/json")
    foreign = client.post("/v1_0/users", data=b"x", content_type="text/plain")

    assert (too_large.status_code, foreign.status_code) == (413, 415)
    for answer in (too_large, foreign):
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"


def test_personal_answer_is_not_kept(client: FlaskClient) -> None:
    assert client.post("/v1_0/authorizations", json={}).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("peer", "is_trusted"), [("10.0.0.1", True), ("203.0.113.7", False)])
def test_browser_stays_with_https_if_a_trusted_proxy_says_that_it_uses_it(
    app: Flask, peer: str, is_trusted: bool
) -> None:
    proxies.init_app(app, TrustedProxies([parse_network("10.0.0.1")]))

    answer = app.test_client().get("/livez", headers={"X-Forwarded-Proto": "https"}, environ_base={"REMOTE_ADDR": peer})

    assert ("Strict-Transport-Security" in answer.headers) is is_trusted
