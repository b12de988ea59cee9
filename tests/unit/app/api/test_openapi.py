"""The OpenAPI document is valid, and describes every call of the API."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate

from tests.system import ROOT
from tests.unit.app.conftest import Call

OF_THE_INBOX = {"notifications", "requests", "preferences", "push_subscriptions"}


def test_document_is_valid_and_complete(app: Flask, client: FlaskClient) -> None:
    document = client.get("/openapi.json").json

    validate(document)
    named = {(method.upper(), path) for path, calls in document["paths"].items() for method in calls}
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/v1_0"):
            path = rule.rule.replace("<int:", "{").replace("<path:", "{").replace("<", "{").replace(">", "}")
            assert named >= {(method, path) for method in rule.methods or () if method not in ("HEAD", "OPTIONS")}


def test_document_is_readable(client: FlaskClient) -> None:
    page = client.get("/docs").text
    assert "/v1_0/user/followings" in page
    assert "With <code>token=this</code>, only" in page
    assert "`" not in page


def _operations(client: FlaskClient) -> list[tuple[str, str, dict[str, Any]]]:
    paths = client.get("/openapi.json").json["paths"]
    return [(m, path, call) for path, calls in paths.items() for m, call in calls.items() if m != "parameters"]


def test_each_operation_has_a_unique_id(client: FlaskClient) -> None:
    names = [call["operationId"] for _, _, call in _operations(client)]

    assert len(set(names)) == len(names)
    assert all(name.isidentifier() for name in names)


def test_each_operation_says_whether_it_takes_a_token(client: FlaskClient) -> None:
    for method, path, call in _operations(client):
        answer = client.open(re.sub(r"{\w+_id}", "1", path), method=method)

        assert (answer.status_code == 401) == ("security" in call), (method, path)
        assert "security" not in call or "401" in call["responses"]


def test_each_error_has_an_example_that_matches_its_schema(client: FlaskClient) -> None:
    for _, path, call in _operations(client):
        failures = {status: of for status, of in call["responses"].items() if status.startswith(("4", "5"))}
        assert "503" in failures
        assert ("requestBody" in call) == ({"400", "413", "415", "422"} <= set(failures))
        for failure in failures.values():
            [media] = failure["content"].values()
            assert media["schema"] == {"$ref": "#/components/schemas/ErrorAnswer"}, path
            assert all(example["value"]["message"] for example in media["examples"].values())


def test_fields_that_are_always_present_are_required(client: FlaskClient) -> None:
    schemas = client.get("/openapi.json").json["components"]["schemas"]

    assert sorted(schemas["InboxAnswer"]["required"]) == ["results", "unread_count", "unseen_count"]
    assert sorted(schemas["MarkAnswer"]["required"]) == ["unread_count", "unseen_count"]  # its ids only on request
    assert sorted(schemas["ProfileAnswer"]["required"]) == ["id", "introduction", "name", "photo"]
    assert schemas["ErrorAnswer"]["required"] == ["message"]
    assert "required" not in schemas["ProfileBody"]


def test_page_of_the_inbox_has_each_call_parameter_and_field(client: FlaskClient) -> None:
    page = (ROOT / "docs/inbox.md").read_text()
    calls = [each for each in _operations(client) if each[2]["tags"][0] in OF_THE_INBOX]
    schemas = client.get("/openapi.json").json["components"]["schemas"]
    answers = ("NotificationAnswer", "CountsAnswer", "StatesAnswer", "PreferencesAnswer", "SubscriptionAnswer")
    bodies = [name for name in schemas if any(f"/{name}'" in str(call.get("requestBody")) for _, _, call in calls)]

    named = {f"{method.upper()} {re.sub('{.*}', '<id>', path.removeprefix('/v1_0'))}" for method, path, _ in calls}
    fields = {field for name in (*answers, *bodies, "FilterBody") for field in schemas[name]["properties"]}
    parameters = {one["name"] for _, _, call in calls for one in call.get("parameters", []) if one["in"] == "query"}

    assert len(named) == 14
    assert {call for call in named if call not in " ".join(page.split())} == set()
    assert {field for field in fields | parameters if not re.search(rf"[`{{ ]{field}[`,}}]", page)} == set()


def test_patterns_are_valid_in_ecmascript(client: FlaskClient) -> None:
    assert r"\\Z" not in client.get("/openapi.json").text


@pytest.mark.parametrize(
    ("photo", "status"),
    [("", 200), ("/a.png", 200), ("https://a.example/b", 200), ("//a.example", 422), ("/a.png\n", 422), ("a b", 422)],
)
def test_photo_is_a_url_or_a_path(call: Call, ann: int, photo: str, status: int) -> None:
    assert call(ann, "PATCH", "/user", json={"photo": photo}).status_code == status
