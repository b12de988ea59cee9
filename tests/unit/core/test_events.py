"""The payload of an event."""

from types import SimpleNamespace

import pytest

from core import events, payloads
from core.profiles import Profile


def test_payload_contains_the_actors_profile_and_the_rows_data() -> None:
    row = SimpleNamespace(event="following notify", actor_id="1", created_at=5, data='{"text": "hi"}')
    ann = Profile(id="1", name="Ann", photo=None, introduction=None)

    data = payloads.build(row, {"1": ann}, default_photo="/a.svg")

    assert data == {"text": "hi", "user_id": 1, "user_name": "Ann", "user_photo": "/a.svg", "timestamp": 5}


def test_unknown_event_cannot_be_built() -> None:
    with pytest.raises(payloads.UnknownEvent):
        payloads.build(
            SimpleNamespace(event="nonsense", actor_id="1", created_at=5, data=None), {}, default_photo="/a.svg"
        )


@pytest.mark.parametrize(
    ("payload", "fields"),
    [
        (events.Sync, {"recovered", "offset", "unread_count"}),
        (events.Unread, {"count"}),
        (events.State, {"ids"}),
    ],
)
def test_fields_of_each_event_are_stable(payload: type, fields: set[str]) -> None:
    assert payload.__required_keys__ == fields
