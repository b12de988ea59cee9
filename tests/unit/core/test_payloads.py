"""The payload that clients get for a notification."""

from types import SimpleNamespace

import pytest

from core import payloads
from core.profiles import Profile


def test_closed_actor_keeps_the_id_and_has_an_empty_name() -> None:
    row = SimpleNamespace(event="following notify", actor_id="1", created_at=5, data=None)

    data = payloads.build(row, {}, default_photo="/nobody.svg")

    assert data == {"user_id": 1, "user_name": "", "user_photo": "/nobody.svg", "timestamp": 5}


@pytest.mark.parametrize(("photo", "shown"), [("/ann.png", "/ann.png"), (None, "/nobody.svg"), ("", "/nobody.svg")])
def test_user_without_a_photo_gets_the_default_one(photo: str | None, shown: str) -> None:
    row = SimpleNamespace(event="following notify", actor_id="1", created_at=5, data=None)
    ann = Profile(id="1", name="ann", photo=photo, introduction=None)

    assert payloads.build(row, {"1": ann}, default_photo="/nobody.svg")["user_photo"] == shown
