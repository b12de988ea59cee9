"""The OpenAPI document is valid, and names every call of the API."""

from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate


def test_the_document_is_valid_and_complete(app: Flask, client: FlaskClient) -> None:
    document = client.get("/openapi.json").json

    validate(document)
    named = {(method.upper(), path) for path, calls in document["paths"].items() for method in calls}
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/v1_0"):
            path = rule.rule.replace("<int:", "{").replace(">", "}")
            assert named >= {(method, path) for method in rule.methods or () if method not in ("HEAD", "OPTIONS")}


def test_it_is_readable(client: FlaskClient) -> None:
    assert "/v1_0/user/followings" in client.get("/docs").text
