"""SQL in every text that the API takes is a text: it fails no statement, finds nothing more and changes nothing."""

import pytest
from sqlalchemy import text

from core.db import Database
from tests.accounts import sign_up
from tests.unit.app.conftest import Call

SQL = [
    "' OR '1'='1",
    "'; DROP TABLE users; --",
    '" OR ""="',
    "') UNION SELECT id, password_hash FROM users --",
    "%' OR name LIKE '%",
    "1; UPDATE users SET name = 'owned'",
    "\\'; SELECT pg_sleep(5); --",
    "1 OR 1=1",
]


@pytest.fixture
def ann(database: Database) -> int:
    with database.transaction() as connection:
        return sign_up(connection, "ann")


@pytest.mark.parametrize("sql", SQL)
def test_sql_in_any_text_is_a_text(call: Call, database: Database, ann: int, sql: str) -> None:
    taken = call(None, "POST", "/users", json={"user_name": sql, "password": sql + " is long enough", "photo": sql})
    answers = [
        call(None, "POST", "/authorizations", json={"user_name": sql, "password": sql}),
        call(None, "POST", "/authorizations", json={"user_name": "ann", "password": sql}),
        call(ann, "PATCH", "/user", json={"introduction": sql}),
        call(ann, "POST", "/user/followings", json={"target": sql}),
        call(ann, "DELETE", f"/user/followings/{sql}"),
        call(ann, "GET", f"/users/{sql}"),
        call(ann, "POST", "/user/notifications/read", json={"ids": [sql]}),
        *(call(ann, "GET", "/user/notifications", query_string={name: sql}) for name in ("before", "limit")),
        *(call(ann, "GET", "/users", query_string={name: sql}) for name in ("page", "per_page")),
    ]
    found = call(ann, "GET", "/users", query_string={"q": sql})

    assert {answer.status_code for answer in answers} <= {200, 400, 401, 404, 422}
    assert taken.status_code in (201, 422)
    names = [person["name"] for person in found.json["results"]]  # type: ignore[index]
    assert "ann" not in names
    with database.transaction() as connection:
        assert connection.execute(text("SELECT name FROM users WHERE id = :id"), {"id": ann}).scalar_one() == "ann"
        assert connection.execute(text("SELECT count(*) FROM users")).scalar_one() == 1 + (taken.status_code == 201)
