"""Other services notify users."""

import time
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from core import idempotent_calls, tokens
from core.db import Database
from core.models import IdempotentCall, Notification
from tests.unit.app.conftest import SECRET, SERVICE_KEY, Call, bearer

EVENT = "following notify"


def notify(client: FlaskClient, call_key: str | None = None, **body: Any) -> TestResponse:
    headers = {"Authorization": f"Bearer {SERVICE_KEY}"} | (
        {"Idempotency-Key": call_key} if call_key is not None else {}
    )
    return client.post("/v1_0/notifications", json={"event": EVENT, **body}, headers=headers)


def count(database: Database) -> int:
    with database.reading() as connection:
        return connection.execute(select(func.count()).select_from(Notification)).scalar_one()


class TestNotify:
    def test_every_recipient_gets_a_notification_and_a_dispatch_is_requested(
        self, client: FlaskClient, call: Call, ann: int, bob: int, asked: list[str]
    ) -> None:
        answer = notify(client, to=[bob, ann])

        assert answer.status_code == 202
        for user_id, notification_id in zip([bob, ann], answer.json["ids"], strict=True):
            [row] = call(user_id, "GET", "/user/notifications").json["results"]
            assert (row["id"], row["event"], row["data"]["user_id"]) == (notification_id, EVENT, None)
        assert len(asked) == 1

    def test_repeated_recipient_gets_one_and_its_id_is_repeated(
        self, client: FlaskClient, database: Database, ann: int, bob: int
    ) -> None:
        ids = notify(client, to=[bob, ann, bob], actor=ann).json["ids"]

        assert ids[0] == ids[2] != ids[1]
        assert count(database) == 2

    def test_a_thousand_recipients_are_notified_at_once(self, client: FlaskClient, database: Database) -> None:
        ids = notify(client, to=list(range(1, 1001)), actor=5).json["ids"]

        assert len(set(ids)) == 1000 == count(database)

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"to": [1], "event": "no such event"}, "event"),
            ({"to": [1], "event": ""}, "event"),
            ({"to": [1], "data": {"id": 5}}, "data"),
            ({"to": [1], "data": {"a": "x" * 17_000}}, "data"),
            ({"to": [1], "data": [1]}, "data"),
            ({"to": []}, "to"),
            ({"to": [""]}, "to"),
            ({"to": ["x" * 65]}, "to"),
            ({"to": [0]}, "to"),
            ({"to": [True]}, "to"),
            ({"to": [2**53]}, "to"),
            ({"to": list(range(1, 1002))}, "to"),
            ({}, "to"),
            ({"to": [1], "actor": {}}, "actor"),
            ({"to": [1], "key": ""}, "key"),
            ({"to": [1], "key": "x" * 256}, "key"),
            ({"to": [1], "other": 1}, "other"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_bad_input_names_the_field_and_writes_nothing(
        self, client: FlaskClient, database: Database, body: dict[str, Any], field: str
    ) -> None:
        answer = notify(client, "a key", **body)

        assert answer.status_code == 422
        assert field in answer.json["errors"]
        assert count(database) == 0

    def test_large_body_is_refused_and_a_list_of_long_bodies_is_not(self, client: FlaskClient, ann: int) -> None:
        assert notify(client, to=[ann], data={"a": "x" * 256 * 1024}).status_code == 413
        assert notify(client, to=[ann] * 10_000, actor=ann).status_code == 422

    def test_only_services_may_call(self, client: FlaskClient, ann: int) -> None:
        body = {"event": EVENT, "to": [ann]}
        refresh = tokens.sign(SECRET, user_id=ann, refresh=True)

        assert client.post("/v1_0/notifications", json=body).status_code == 401
        assert client.post("/v1_0/notifications", json=body, **bearer(refresh)).status_code == 401
        assert client.post("/v1_0/notifications", json=body, **bearer("service_x")).status_code == 401

    def test_errors_of_the_data_are_by_its_fields(self, client: FlaskClient, ann: int) -> None:
        answer = notify(client, to=[ann], event="liking notify", data={"art_id": "5"})

        assert answer.json["errors"] == {
            "data": {"art_id": ["Input should be a valid integer"], "art_title": ["Field required"]}
        }


class TestKey:
    def test_user_is_notified_once_of_a_key(self, client: FlaskClient, database: Database, ann: int, bob: int) -> None:
        [first] = notify(client, to=[bob], actor=ann, key="order 5").json["ids"]

        again = notify(client, to=[ann, bob], actor=ann, key="order 5").json["ids"]

        assert again[1] == first
        assert count(database) == 2

    def test_key_of_another_thing_is_refused_and_nothing_is_written(
        self, client: FlaskClient, database: Database, ann: int, bob: int
    ) -> None:
        notify(client, to=[bob], actor=ann, key="order 5")

        answer = notify(client, to=[ann, bob], actor=bob, key="order 5")

        assert (answer.status_code, list(answer.json["errors"])) == (422, ["key"])
        assert count(database) == 1


class TestIdempotencyKey:
    def test_repeated_call_gets_the_same_answer_and_does_nothing(
        self, client: FlaskClient, database: Database, ann: int
    ) -> None:
        first = notify(client, "call-1", to=[ann], actor=ann)

        again = notify(client, "call-1", actor=ann, to=[ann])

        assert (again.status_code, again.json) == (202, first.json)
        assert "Idempotent-Replayed" not in first.headers
        assert again.headers["Idempotent-Replayed"] == "true"
        assert count(database) == 1

    def test_another_body_is_refused(self, client: FlaskClient, ann: int, bob: int) -> None:
        notify(client, "call-1", to=[ann])

        assert notify(client, "call-1", to=[bob]).status_code == 422

    def test_failed_call_can_be_repeated_with_another_body(self, client: FlaskClient, ann: int) -> None:
        assert notify(client, "call-1", to=[]).status_code == 422

        assert notify(client, "call-1", to=[ann]).status_code == 202

    @pytest.mark.parametrize("key", ["", "x" * 256, "a\u00e4"], ids=["empty", "long", "not ASCII"])
    def test_bad_key_is_refused(self, client: FlaskClient, ann: int, key: str) -> None:
        answer = notify(client, key, to=[ann])

        assert (answer.status_code, list(answer.json["errors"])) == (422, ["Idempotency-Key"])

    def test_answer_is_kept_for_a_day_and_then_deleted(
        self, client: FlaskClient, database: Database, ann: int, bob: int
    ) -> None:
        notify(client, "old", to=[ann])
        with database.transaction() as connection:
            day_ago = int(time.time()) - idempotent_calls.KEPT_SECONDS
            connection.execute(update(IdempotentCall).values(created_at=day_ago))
        assert notify(client, "old", to=[bob]).status_code == 202
        with database.transaction() as connection:
            connection.execute(update(IdempotentCall).values(created_at=day_ago))
        notify(client, "new", to=[ann])

        assert idempotent_calls.delete_old(database) == 1

        assert notify(client, "new", to=[ann]).headers["Idempotent-Replayed"] == "true"


class TestState:
    def find(self, client: FlaskClient, notification_id: object) -> TestResponse:
        path = f"/v1_0/notifications/{notification_id}"
        return client.get(path, headers={"Authorization": f"Bearer {SERVICE_KEY}"})

    def test_new_notification_waits(self, client: FlaskClient, bob: int) -> None:
        [notification_id] = notify(client, to=[bob]).json["ids"]

        found = self.find(client, notification_id).json

        assert abs(found.pop("created_at") - time.time()) < 100
        assert found == {
            "id": notification_id,
            "event": EVENT,
            "to": bob,
            "state": "waiting",
            **dict.fromkeys(("reason", "offset", "dispatched_at", "seen_at", "read_at")),
        }

    @pytest.mark.parametrize(
        ("changed", "state"),
        [
            ({"attempts": 1, "failure_reason": "a reason"}, "waiting"),
            ({"dispatched_at": 5}, "offline"),
            ({"dispatched_at": 5, "read_at": 6}, "pushed"),
            ({"dispatched_at": 5, "failure_reason": "a reason"}, "not_sent"),
            ({"dead_lettered_at": 5, "failure_reason": "a reason"}, "dead"),
            ({"withdrawn_at": 5, "dispatched_at": 5}, "withdrawn"),
        ],
    )
    def test_state_is_that_of_the_row(
        self, client: FlaskClient, database: Database, bob: int, changed: dict[str, Any], state: str
    ) -> None:
        [notification_id] = notify(client, to=[bob]).json["ids"]
        with database.transaction() as connection:
            connection.execute(update(Notification).values(changed))

        found = self.find(client, notification_id).json

        assert (found["state"], found["reason"]) == (state, changed.get("failure_reason"))

    @pytest.mark.parametrize("notification_id", [0, 1, 2**53, 2**70, "x"])
    def test_unknown_one_is_not_found(self, client: FlaskClient, notification_id: object) -> None:
        assert self.find(client, notification_id).status_code == 404

    def test_token_of_a_user_is_refused(self, client: FlaskClient, call: Call, bob: int) -> None:
        [notification_id] = notify(client, to=[bob]).json["ids"]

        assert call(bob, "GET", f"/notifications/{notification_id}").status_code == 403
        assert client.get(f"/v1_0/notifications/{notification_id}").status_code == 401


def withdraw(client: FlaskClient, which: str | int) -> int:
    path = f"/v1_0/notifications{which}" if isinstance(which, str) else f"/v1_0/notifications/{which}"
    return client.delete(path, headers={"Authorization": f"Bearer {SERVICE_KEY}"}).status_code


class TestWithdraw:
    def test_withdrawn_notification_leaves_inbox_and_count(self, client: FlaskClient, call: Call, ann: int) -> None:
        [kept] = notify(client, to=[ann]).json["ids"]
        [gone] = notify(client, to=[ann]).json["ids"]

        assert withdraw(client, gone) == 204

        inbox = call(ann, "GET", "/user/notifications").json
        assert ([row["id"] for row in inbox["results"]], inbox["unread_count"]) == ([kept], 1)

    def test_notification_is_found_by_event_user_and_key(
        self, client: FlaskClient, call: Call, ann: int, bob: int
    ) -> None:
        [of_ann, _] = notify(client, to=[ann, bob], key="order 5").json["ids"]

        assert withdraw(client, f"?event=following%20notify&to={bob}&key=order%205") == 204

        assert call(bob, "GET", "/user/notifications").json["results"] == []
        assert [row["id"] for row in call(ann, "GET", "/user/notifications").json["results"]] == [of_ann]

    def test_second_withdrawal_changes_nothing(self, client: FlaskClient, database: Database, ann: int) -> None:
        [gone] = notify(client, to=[ann], key="k").json["ids"]
        withdraw(client, gone)
        row = select(Notification.__table__)
        with database.transaction() as connection:
            connection.execute(update(Notification).values(withdrawn_at=5, dispatched_at=6, pushed_at=4))
            before = connection.execute(row).all()

        assert withdraw(client, gone) == 204
        assert withdraw(client, f"?event=following%20notify&to={ann}&key=k") == 204

        with database.reading() as connection:
            assert connection.execute(row).all() == before

    def test_withdrawn_key_is_not_told_again(self, client: FlaskClient, call: Call, ann: int) -> None:
        [gone] = notify(client, to=[ann], key="k").json["ids"]
        withdraw(client, gone)

        assert notify(client, to=[ann], key="k").json["ids"] == [gone]

        assert call(ann, "GET", "/user/notifications").json["unread_count"] == 0

    @pytest.mark.parametrize(
        ("which", "status"),
        [
            (5, 404),
            (2**64, 404),
            ("/abc", 404),
            ("?event=following%20notify&to=5&key=k", 404),
            ("", 422),
            ("?event=following%20notify&to=5", 422),
            ("?event=following%20notify&key=k", 422),
            ("?to=5&key=k", 422),
            ("?event=following%20notify&to=&key=k", 422),
            ("?event=following%20notify&to=5&key=", 422),
            ("?event=following%20notify&to=5&key=a%00b", 422),
            (f"?event={'x' * 65}&to=5&key=k", 422),
        ],
        ids=range(12),
    )
    def test_unknown_or_bad_name_changes_nothing(
        self, client: FlaskClient, ann: int, asked: list[str], which: str | int, status: int
    ) -> None:
        assert withdraw(client, which) == status
        assert asked == []

    def test_only_services_may_withdraw(self, client: FlaskClient, call: Call, ann: int) -> None:
        [kept] = notify(client, to=[ann]).json["ids"]

        assert client.delete(f"/v1_0/notifications/{kept}").status_code == 401
        assert call(ann, "DELETE", f"/notifications/{kept}").status_code == 403

        assert call(ann, "GET", "/user/notifications").json["unread_count"] == 1
