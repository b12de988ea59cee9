"""/asyncapi.json describes every event of the sockets, and is valid by AsyncAPI's own schema."""

import json
import os
from typing import Any

import jsonschema
import pytest
from flask.testing import FlaskClient
from pydantic import BaseModel

from core import asyncapi, type_declarations
from core.declarations import Event
from tests.system import ROOT

OFFICIAL = ROOT / "node_modules/@asyncapi/specs/schemas/3.0.0.json"
OWN = {"sync", "unread", "message", "token_expiring", "closing", "anonymous"}


class Point(BaseModel):
    x: int
    name: str | None = None


@pytest.fixture
def drawn(registry: None) -> type[Event]:
    class Drawn(Event, name="line: drawn_ä", with_actor=False):
        """A line was drawn."""

        points: list[Point]
        first: Point
        kind: str = "thin"

    return Drawn


def names(document: Any, action: str) -> set[str]:
    operations = [operation for operation in document["operations"].values() if operation["action"] == action]
    keys = [message["$ref"].rpartition("/")[2] for operation in operations for message in operation["messages"]]
    return {document["components"]["messages"][key]["name"] for key in keys}


def test_document_has_every_event(client: FlaskClient) -> None:
    document = client.get("/asyncapi.json").json

    assert document["asyncapi"] == "3.0.0"
    assert names(document, "send") >= OWN | {"following notify", "liking notify", "comment notify"}
    assert names(document, "receive") == {"message", "refresh"}
    assert document["servers"]["im"]["host"] == "localhost:8001"


def test_document_is_valid_by_the_official_schema(client: FlaskClient, drawn: type[Event]) -> None:
    if not OFFICIAL.exists():
        reason = "the schema of AsyncAPI is not installed: npm ci"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)

    jsonschema.Draft7Validator(json.loads(OFFICIAL.read_text())).validate(client.get("/asyncapi.json").json)


def test_each_example_fits_its_payload(drawn: type[Event]) -> None:
    document = asyncapi.document("x", "localhost")

    for message in document["components"]["messages"].values():
        schema = {**message["payload"], "components": document["components"]}
        for example in message["examples"]:
            jsonschema.validate(example["payload"], schema)


def test_notification_has_the_fields_of_the_engine(client: FlaskClient) -> None:
    payload = client.get("/asyncapi.json").json["components"]["messages"]["liking_notify"]["payload"]

    engine = ["user_id", "user_name", "user_photo", "timestamp", "id", "offset"]
    assert payload["required"] == ["art_id", "art_title", *engine]


def test_types_have_each_event_and_its_fields(drawn: type[Event]) -> None:
    types = type_declarations.declare_types()

    assert '"line: drawn_\\u00e4": { "points": ({ "x": number; "name"?: string | null })[]; "first": { "x"' in types
    assert '"liking notify": { "art_id": number; "art_title": string; "user_id": number | string | null;' in types
    assert '"sync": { "recovered": boolean; "offset": string; "unread_count": number | null };' in types
