"""What clients are told of a notification."""

from types import SimpleNamespace

from app import events
from app.services import payloads


def test_an_actor_who_is_gone_keeps_the_id_and_has_an_empty_name() -> None:
    row = SimpleNamespace(event=events.FOLLOWING_NOTIFY, actor_id=1, created_at=5, data=None)

    data = payloads.build(row, {})

    assert data == {"user_id": 1, "user_name": "", "user_photo": None, "timestamp": 5}
