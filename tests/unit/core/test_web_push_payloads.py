"""A web push fits into 4 KB, whatever the notification holds, and no text or address in it is broken."""

from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import orjson
import pytest
import regex

from core import web_push_payloads
from core.declarations import Event
from core.event_data import InvalidData
from core.vapid import encode
from core.web_pushes import Claim
from tests.push_device import PushDevice


@pytest.fixture
def note(registry: None) -> type[Event]:
    class Note(
        Event,
        name="web push note",
        text={"en": "{user_name}: {words}", "zh": "{user_name} - {words}"},
        link="/notes/{words}",
        group="note:{words}",
        urgency="high",
        expires_after=600,
        push_after=1,
    ):
        words: str

    return Note


def claim_of(
    device: PushDevice,
    data: dict[str, Any],
    *,
    language: str = "en",
    count: int = 0,
    actor_count: int = 1,
    age: int = 0,
) -> Claim:
    row = SimpleNamespace(
        notification_id=5,
        subscription_id=1,
        id=5,
        event="web push note",
        actor_id="7",
        recipient_id="8",
        created_at=1_000_000 - age,
        now=1_000_000,
        expires_at=None,
        data=orjson.dumps(data).decode(),
        endpoint="https://push.example/a",
        p256dh=encode(device.point),
        auth=encode(device.auth),
        language=language,
    )
    return Claim(row, "topic", count, actor_count)


def shown(data: dict[str, Any], photo: str = "/a.png", **options: Any) -> tuple[Any, web_push_payloads.Message]:
    device = PushDevice()
    actors: Any = {"7": {"name": "Ann", "photo": photo}}
    message = web_push_payloads.build(claim_of(device, data, **options), actors, default_photo="/b.png")
    return orjson.loads(device.decrypt(message.body)), message


def test_it_has_what_the_service_worker_shows(note: type[Event]) -> None:
    told, message = shown({"words": "hi"}, count=2, age=100)

    assert told["title"] == "Ann: hi"
    assert told["body"] == "and 2 more"
    assert (told["url"], told["icon"], told["tag"], told["lang"]) == ("/notes/hi", "/a.png", "topic", "en")
    assert (message.headers["Urgency"], message.headers["Topic"]) == ("high", "topic")
    assert message.headers["TTL"] == "500"


@pytest.mark.parametrize(
    ("options", "title", "body"),
    [
        ({"count": 2, "actor_count": 3}, "Ann and 2 others: hi", ""),
        ({"count": 3, "actor_count": 2}, "Ann and 1 other: hi", ""),
        ({"count": 2, "actor_count": 3, "language": "zh"}, "Ann 等 3 人: hi", ""),
        ({"count": 2, "actor_count": 1}, "Ann: hi", "and 2 more"),
        ({"count": 0, "actor_count": 1}, "Ann: hi", ""),
    ],
)
def test_title_names_the_others_of_a_group(registry: None, options: dict[str, Any], title: str, body: str) -> None:
    class Gathered(
        Event,
        name="web push note",
        text={"en": "{user_name}: {words}"},
        group="note:{words}",
        group_text={
            "en": {
                "one": "{user_name} and {others} other: {words}",
                "other": "{user_name} and {others} others: {words}",
            },
            "zh": "{user_name} 等 {count} 人: {words}",
        },
        expires_after=600,
    ):
        words: str

    told, _ = shown({"words": "hi"}, **options)

    assert (told["title"], told["body"]) == (title, body)


@pytest.mark.parametrize(("language", "title"), [("zh-CN", "Ann - hi"), ("fr", "Ann: hi"), ("??", "Ann: hi")])
def test_text_is_in_the_language_of_the_device(note: type[Event], language: str, title: str) -> None:
    assert shown({"words": "hi"}, language=language)[0]["title"] == title


@pytest.mark.parametrize(
    "character", ["a", "é", "关", "👩‍👩‍👧‍👦", "e\u0301", '"', "\x01", "\u202e", "z" + "\u0301" * 900]
)
@pytest.mark.parametrize("times", [1, 300, 2000])
def test_any_text_is_shortened_and_never_broken(note: type[Event], character: str, times: int) -> None:
    words = (character * times)[:2000]

    told, message = shown({"words": words}, photo="/" + "é" * 600)

    assert len(message.body) <= 4096
    title = told["title"].removesuffix("…")
    assert f"Ann: {words}".startswith(title)
    assert set(regex.findall(r"\X", title)) <= set(regex.findall(r"\X", f"Ann: {words}"))
    assert told["url"] is None or told["url"] == "/notes/" + quote(words, safe="")
    assert told["icon"] is None


def test_bad_data_is_an_error_of_this_one(note: type[Event]) -> None:
    with pytest.raises(InvalidData):
        shown({"other": 1})
