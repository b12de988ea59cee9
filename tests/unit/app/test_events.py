"""The news app's events: the fields that clients get, and the texts of the page."""

import json
import os
import shutil
import subprocess

import pytest

from app.events import CommentNotify, FollowingNotify, LikingNotify
from core import events
from tests.system import ROOT

LIST = ROOT / "clients/js/src/list/description.js"
OPTIONS = ("text.", "group_text.")
OWN = [FollowingNotify, LikingNotify, CommentNotify]


def describe(texts: dict[str, str], event: str, data: dict[str, object]) -> str:
    """Call `describe` of the page, which has these texts."""
    node = shutil.which("node")
    if node is None:
        reason = "node is not installed, and the page's texts are not compared without it"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    templates = {name: {"text": text} for name, text in texts.items()}
    item, look = {"event": event, "data": data}, {"templates": templates, "somebody": "Somebody"}
    script = (
        f"const {{ asText, describe }} = await import({json.dumps(LIST.as_uri())});"
        f"console.log(JSON.stringify(asText(describe({json.dumps(item)}, {json.dumps(look)}))))"
    )
    done = subprocess.run([node, "--input-type=module", "-e", script], capture_output=True, timeout=30, check=True)
    return str(json.loads(done.stdout))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"user_name": "Ann", "art_title": "$& {n}"}, "Ann likes $& {n}, 7 times"),
        ({"user_name": "Ann", "n": ["x"]}, "Ann likes …, … times"),
    ],
    ids=["whole", "invalid data"],
)
def test_page_fills_the_declared_text(data: dict[str, object], text: str) -> None:
    texts = {"liked": "{user_name} likes {art_title}, {n} times"}

    assert describe(texts, "liked", {"n": 7, **data}) == text


def test_page_shows_the_name_of_an_event_that_it_does_not_know() -> None:
    assert describe({}, "toString", {}) == "toString"
    assert describe({}, "toString", {"user_name": ""}) == "Somebody toString"


def test_fields_of_each_event_are_stable() -> None:
    article = {"art_id": int, "art_title": str}

    assert {event.declaration.name: {f: i.annotation for f, i in event.model_fields.items()} for event in OWN} == {
        "following notify": {},
        "liking notify": article,
        "comment notify": article,
    }


@pytest.mark.parametrize("event", OWN, ids=lambda event: event.__name__)
def test_each_event_has_texts_that_begin_with_the_name(event: type[events.Event]) -> None:
    declared = event.declaration.templates
    texts = {option: text for option, text in declared.items() if "text." in option}

    languages = {option: {name.split(".")[1] for name in texts if name.startswith(option)} for option in OPTIONS}
    assert languages == {"text.": {"en", "zh"}, "group_text.": {"en", "zh"}}
    assert all(text.startswith("{user_name} ") for text in texts.values())
