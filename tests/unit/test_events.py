"""The events that users are told of: what is sent of each, and that the page has words for it."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from app import events
from app.profiles import Profile
from app.services import payloads

PAGE = Path(__file__).resolve().parents[2] / "app/static/events.js"


def test_a_payload_holds_the_actors_profile_and_the_data_kept_with_the_row() -> None:
    row = SimpleNamespace(event=events.FOLLOWING_NOTIFY, actor_id=1, created_at=5, data='{"text": "hi"}')
    ann = Profile(id=1, name="Ann", photo=None, introduction=None)

    data = payloads.build(row, {1: ann}, default_photo="/a.svg")

    assert data == {"text": "hi", "user_id": 1, "user_name": "Ann", "user_photo": "/a.svg", "timestamp": 5}


def test_an_event_that_nobody_knows_can_not_be_built() -> None:
    with pytest.raises(payloads.UnknownEvent):
        payloads.build(
            SimpleNamespace(event="nonsense", actor_id=1, created_at=5, data=None), {}, default_photo="/a.svg"
        )


def test_a_packet_is_what_goes_on_the_wire() -> None:
    assert events.encode_packet("unread", {"count": 2}) == b'42["unread",{"count":2}]'


@pytest.mark.parametrize("text", ["\n", "\0", "P", '"', "ä", "\u2028", "😀"])
def test_no_text_breaks_a_packet_or_the_message_that_it_shares(text: str) -> None:
    packet = events.encode_packet("following notify", {"user_name": text})

    assert events.PUSH_SEPARATOR not in packet
    assert b"\0" not in packet
    assert json.loads(packet[2:]) == ["following notify", {"user_name": text}]


def test_a_push_names_its_room_its_place_and_the_one_before() -> None:
    push = events.encode_push("7", b'42["a",1]', previous="1-0", offset="2-0")

    assert push.startswith(events.PUSH_MARK)
    assert push[1:].split(b"\0", 3) == [b"7", b"1-0", b"2-0", b'42["a",1]']


def test_a_user_has_one_room() -> None:
    assert events.room_of(7) == "7"


@pytest.mark.parametrize(
    ("payload", "fields"),
    [
        (events.FollowingNotify, {"user_id", "user_name", "user_photo", "timestamp", "id", "offset"}),
        (events.Sync, {"recovered", "offset", "unread_count"}),
        (events.Unread, {"count"}),
    ],
)
def test_the_fields_of_each_event_stay(payload: type, fields: set[str]) -> None:
    assert payload.__required_keys__ == fields


def test_the_page_has_words_for_every_event() -> None:
    node = shutil.which("node")
    if node is None:
        reason = "node is not installed, and the page's events are not compared without it"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    script = f'import {{ NOTIFICATIONS }} from "{PAGE.as_uri()}"; console.log(JSON.stringify(NOTIFICATIONS))'

    done = subprocess.run([node, "--input-type=module", "-e", script], capture_output=True, timeout=30, check=True)

    assert set(json.loads(done.stdout)) == events.NOTIFICATIONS
