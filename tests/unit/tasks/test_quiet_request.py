"""Flower gets all events of a dispatch, or none."""

from typing import Any

import pytest

from tasks.quiet_request import QuietRequest


class FakeEventer:
    """An event dispatcher that records its events."""

    def __init__(self, *, enabled: bool = True) -> None:
        self.enabled = enabled
        self.sent: list[tuple[str, dict[str, Any]]] = []

    def send(self, type: str, **fields: Any) -> None:
        self.sent.append((type, fields))


def request(eventer: FakeEventer) -> QuietRequest:
    """A request that started at second 5, made without a message."""
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
def test_dispatch_that_pushed_or_failed_sends_all_events(type: str, fields: dict[str, Any]) -> None:
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
def test_dispatch_that_pushed_nothing_sends_no_events(type: str, fields: dict[str, Any]) -> None:
    eventer = FakeEventer()

    request(eventer).send_event(type, **fields)

    assert eventer.sent == []


def test_disabled_events_are_not_sent() -> None:
    eventer = FakeEventer(enabled=False)

    request(eventer).send_event("task-failed")

    assert eventer.sent == []
