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
    row = SimpleNamespace(event=events.FOLLOWING_NOTIFY, actor_id=1, created_at=5, data={"text": "hi", "user_id": 2})
    ann = Profile(id=1, name="Ann", photo=None, introduction=None)

    data = payloads.build(row, {1: ann})

    assert data == {"text": "hi", "user_id": 1, "user_name": "Ann", "user_photo": None, "timestamp": 5}


def test_an_event_that_nobody_knows_can_not_be_built() -> None:
    with pytest.raises(payloads.UnknownEvent):
        payloads.build(SimpleNamespace(event="nonsense", actor_id=1, created_at=5, data=None), {})


def test_the_page_has_words_for_every_event() -> None:
    node = shutil.which("node")
    if node is None:
        reason = "node is not installed, and the page's events are not compared without it"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    script = f'import {{ NOTIFICATIONS }} from "{PAGE.as_uri()}"; console.log(JSON.stringify(NOTIFICATIONS))'

    done = subprocess.run([node, "--input-type=module", "-e", script], capture_output=True, timeout=30, check=True)

    assert set(json.loads(done.stdout)) == events.NOTIFICATIONS
