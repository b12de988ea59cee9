"""What clients are told of a notification."""

from types import SimpleNamespace

import pytest

from app import events
from app.profiles import Profile
from app.services import payloads


def test_an_actor_who_is_gone_keeps_the_id_and_has_an_empty_name() -> None:
    row = SimpleNamespace(event=events.FOLLOWING_NOTIFY, actor_id=1, created_at=5, data=None)

    data = payloads.build(row, {}, default_photo="/nobody.svg")

    assert data == {"user_id": 1, "user_name": "", "user_photo": "/nobody.svg", "timestamp": 5}


@pytest.mark.parametrize(("photo", "shown"), [("/ann.png", "/ann.png"), (None, "/nobody.svg"), ("", "/nobody.svg")])
def test_who_has_no_photo_is_shown_with_the_default_one(photo: str | None, shown: str) -> None:
    row = SimpleNamespace(event=events.FOLLOWING_NOTIFY, actor_id=1, created_at=5, data=None)
    ann = Profile(id=1, name="ann", photo=photo, introduction=None)

    assert payloads.build(row, {1: ann}, default_photo="/nobody.svg")["user_photo"] == shown
