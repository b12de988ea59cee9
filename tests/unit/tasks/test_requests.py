"""Of a dispatch Flower gets all events or none."""

from typing import Any

import pytest

from tasks.requests import QuietRequest


class FakeEventer:
    """A dispatcher of events that keeps them."""

    def __init__(self, *, enabled: bool = True) -> None:
        self.enabled = enabled
        self.sent: list[tuple[str, dict[str, Any]]] = []

    def send(self, type: str, **fields: Any) -> None:
        self.sent.append((type, fields))


def request(eventer: FakeEventer) -> QuietRequest:
    """One that has begun at the second 5, without the message that would make it."""
    request = QuietRequest.__new__(QuietRequest)
    request._eventer, request.id, request.name, request.time_start = eventer, "1", "dispatch", 5.0
    request._argsrepr = request._kwargsrepr = request._root_id = None
    return request


@pytest.mark.parametrize(
    ("type", "fields"),
    [
        ("task-succeeded", {"result": "{'pushed': 1, 'ids': [7]}", "runtime": 0.1}),
        ("task-failed", {"exception": "ZeroDivisionError()", "traceback": "..."}),
        ("task-retried", {"exception": "OSError()", "traceback": "..."}),
    ],
)
def test_of_one_that_pushed_or_failed_all_are_sent(type: str, fields: dict[str, Any]) -> None:
    eventer = FakeEventer()

    request(eventer).send_event(type, **fields)

    assert [sent for sent, _ in eventer.sent] == ["task-received", "task-started", type]
    assert [fields.get("timestamp") for _, fields in eventer.sent] == [5, 5, None]
    assert eventer.sent[0][1]["name"] == "dispatch"
    assert eventer.sent[-1][1] == {"uuid": "1", **fields}


@pytest.mark.parametrize(
    ("type", "fields"),
    [("task-started", {}), ("task-revoked", {"expired": True}), ("task-succeeded", {"result": "None", "runtime": 0.1})],
)
def test_of_one_that_found_nothing_none_is_sent(type: str, fields: dict[str, Any]) -> None:
    eventer = FakeEventer()

    request(eventer).send_event(type, **fields)

    assert eventer.sent == []


def test_none_is_sent_where_nobody_wants_events() -> None:
    eventer = FakeEventer(enabled=False)

    request(eventer).send_event("task-failed")

    assert eventer.sent == []
