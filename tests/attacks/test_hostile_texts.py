"""SQL, HTML and Unicode tricks in every text that the API takes: they stay texts, or they are refused."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.models import User
from app.services import accounts
from core import tokens
from tests.fuzz.api_calls import running_app
from tests.services import Service

_SQL = [
    "'",
    '"',
    "' OR '1'='1",
    "'; DROP TABLE users; --",
    "1; DELETE FROM users",
    "1 UNION SELECT id, password_hash FROM users",
    "') OR 1=1 --",
    "%' ESCAPE '",
    "\\",
    "$1",
    ":name",
    "%(name)s",
    "1e309",
]
_HTML = ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '"><svg onload=alert(1)>', "{{7*7}}", "&lt;b&gt;"]

Field = tuple[str, str, str, str]  # method, path, place and name


@pytest.fixture(scope="module")
def app(folder: Path, valkeys: Callable[[], Service]) -> Iterator[Flask]:
    with running_app(folder, valkeys().url) as app:
        yield app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def create_user(app: Flask, name: str) -> int:
    with app.extensions["toutiao"].database.transaction() as connection:
        return accounts.sign_up(connection, name=name, password_hash="no hash")["id"]


def call(client: FlaskClient, user_id: int, method: str, path: str, **options: Any) -> TestResponse:
    token = tokens.sign(client.application.config["JWT_SECRET"], user_id=user_id)
    return client.open(f"/v1_0{path}", method=method, headers={"Authorization": f"Bearer {token}"}, **options)


def fields(document: dict[str, Any]) -> Iterator[Field]:
    """Yield each field of the document."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            for parameter in [*operations.get("parameters", []), *operation.get("parameters", [])]:
                yield method.upper(), path, parameter["in"], parameter["name"]
            for content in operation.get("requestBody", {}).get("content", {}).values():
                schema = document["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
                yield from ((method.upper(), path, "body", name) for name in schema["properties"])


def send(client: FlaskClient, user_id: int, field: Field, text: str) -> TestResponse:
    """Put a text into one field of a call."""
    method, path, place, name = field
    path = path.removeprefix("/v1_0").replace(f"{{{name}}}", text if place == "path" else "1")
    filled = "/".join("1" if part.startswith("{") else part for part in path.split("/"))
    if place == "query":
        return call(client, user_id, method, filled, query_string={name: text})
    if place == "body":
        # A log-in looks for the name only if there is a password too. A sign-up without one ends before the hash.
        required = {"password": "a good password"} if path == "/authorizations" else {}
        return call(client, user_id, method, filled, json={**required, name: text})
    return call(client, user_id, method, filled)


@pytest.mark.parametrize("text", [*_SQL, *_HTML])
def test_text_in_any_field_causes_no_error_of_the_server(app: Flask, client: FlaskClient, text: str) -> None:
    user_id = create_user(app, f"caller {text}")
    answers = [
        (field, send(client, user_id, field, text))
        for field in fields(client.get("/openapi.json").json)
        if field[3] not in ("password", "old", "new")  # each hash takes a while, and a password is only hashed
    ]

    assert [(field, answer.status_code) for field, answer in answers if answer.status_code >= 500] == []
    assert {answer.mimetype for _, answer in answers if answer.status_code != 204} == {"application/json"}
    with app.extensions["toutiao"].database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(User)).scalar_one() > 0


@pytest.mark.parametrize("text", _SQL)
def test_search_takes_sql_as_a_text(app: Flask, client: FlaskClient, text: str) -> None:
    own = create_user(app, f"Own {text} name")
    create_user(app, f"another for {text.encode().hex()}")

    found = call(client, own, "GET", "/users", query_string={"q": f"own {text} n"}).json

    assert [user["id"] for user in found["results"]] == [own]


@pytest.mark.parametrize("text", ["%", "_", "o%n", "__", "%%%"])
def test_wildcard_of_sql_finds_only_itself(app: Flask, client: FlaskClient, text: str) -> None:
    own = create_user(app, f"wild {text.encode().hex()}")

    found = call(client, own, "GET", "/users", query_string={"q": f"wild {text}"}).json

    assert found["results"] == []


@pytest.mark.parametrize("text", _HTML)
def test_html_comes_back_as_it_was_sent_and_as_no_html(app: Flask, client: FlaskClient, text: str) -> None:
    user_id, name = create_user(app, f"html {text.encode().hex()[:40]}"), f"{text} as a name"

    changed = call(client, user_id, "PATCH", "/user", json={"name": name, "introduction": text})
    shown = call(client, user_id, "GET", f"/users/{user_id}")

    assert changed.status_code == 200
    assert (shown.json["name"], shown.json["introduction"]) == (name, text)
    assert shown.mimetype == "application/json"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "photo", ["javascript:alert(1)", "data:text/html,x", "//evil.example/x", "x' onerror='y", "\tjavascript:a"]
)
def test_photo_that_is_a_script_or_no_address_is_refused(app: Flask, client: FlaskClient, photo: str) -> None:
    user_id = create_user(app, f"photo {photo.encode().hex()[:40]}")

    assert call(client, user_id, "PATCH", "/user", json={"photo": photo}).status_code == 422


@pytest.mark.parametrize(
    ("name", "twin"),
    [
        ("Admin One", "admin one"),
        ("Admin Two", "\uff21dmin Two"),
        ("Admin Three", "Admin  Three"),
        ("Admin Four", "Admin\u00a0Four"),
        ("office five", "o\ufb03ce five"),
        ("Zo\u00eb Six", "Zoe\u0308 Six"),
        ("Stra\u00dfe Seven", "STRASSE SEVEN"),
        ("Admin \u4e00", "Admin \u2f00"),
        ("\u6e21\u9089", "\u6e21\u9089\U000e0102"),
        ("Admin Eight", "admin eight\u200e"),
    ],
)
def test_twin_of_a_name_is_taken(app: Flask, client: FlaskClient, name: str, twin: str) -> None:
    create_user(app, name)
    other = create_user(app, f"twin {twin.encode().hex()[:50]}")

    assert call(client, other, "PATCH", "/user", json={"name": twin}).status_code == 409


@pytest.mark.parametrize(
    "name",
    [
        "Ad\u200bmin",
        "Ad\u00admin",
        "\u202enimdA",
        "Admin\u2066x\u2069",
        "Ad\u034fmin",
        "Admin\ufeff",
        "Admin\u3164",
    ],
)
def test_name_with_hidden_characters_is_refused(app: Flask, client: FlaskClient, name: str) -> None:
    user_id = create_user(app, f"hidden {name.encode().hex()}")

    assert call(client, user_id, "PATCH", "/user", json={"name": name}).status_code == 422


@pytest.mark.parametrize("name", ["Аdmin", "Αdmin", "аnn Lee", "Аnna Карл", "Ραul", "pаypal"])  # noqa: RUF001
def test_name_that_mixes_alphabets_in_a_word_is_refused(app: Flask, client: FlaskClient, name: str) -> None:
    user_id = create_user(app, f"mixed {name.encode().hex()}")

    assert call(client, user_id, "PATCH", "/user", json={"name": name}).status_code == 422
