"""Requests have the address and the scheme that a trusted proxy saw."""

import pytest
from flask import Flask, jsonify, request

from app.api import proxies
from core.addresses import TrustedProxies, parse_network

HEADERS = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7", "X-Forwarded-Proto": "https"}


@pytest.fixture
def app() -> Flask:
    app = Flask(__name__)
    app.add_url_rule("/", view_func=lambda: jsonify([request.remote_addr, request.scheme]))
    proxies.init_app(app, TrustedProxies([parse_network("10.0.0.1")]))
    return app


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("10.0.0.1", ["203.0.113.7", "https"]),
        ("10.0.0.2", ["10.0.0.2", "http"]),
        ("::ffff:10.0.0.2", ["10.0.0.2", "http"]),
    ],
)
def test_only_a_trusted_proxy_names_the_client(app: Flask, peer: str, expected: list[str]) -> None:
    answer = app.test_client().get("/", headers=HEADERS, environ_base={"REMOTE_ADDR": peer})

    assert answer.json == expected
