"""The declarations as documents for other programs."""

import json

import pytest

from core import event_documents
from core.declarations import Event

pytestmark = pytest.mark.usefixtures("registry")


def test_export_has_everything_of_a_declaration() -> None:
    class Liked(
        Event,
        name="liked",
        former_names=("like",),
        category="articles",
        text={"en": "{user_name} likes {title}"},
        link="/articles/{art_id}",
        group="liked:{art_id}",
        group_text={"en": {"one": "{user_name} and {others} other", "other": "{user_name} and {others} others"}},
        push_after=60,
        off_by_default=("toast",),
    ):
        """Somebody likes an article."""

        art_id: int
        title: str = ""

    exported = json.loads(json.dumps(event_documents.export()))

    assert exported["version"] == 1
    liked = exported["events"]["liked"]
    schema = liked.pop("schema")
    assert liked == {
        "former_names": ["like"],
        "category": "articles",
        "with_actor": True,
        "text": {"en": "{user_name} likes {title}"},
        "link": "/articles/{art_id}",
        "urgency": "normal",
        "required": False,
        "off_by_default": ["toast"],
        "group": "liked:{art_id}",
        "group_text": {"en": {"one": "{user_name} and {others} other", "other": "{user_name} and {others} others"}},
        "expires_after_seconds": None,
        "push_after_seconds": 60,
    }
    assert schema["description"] == "Somebody likes an article."
    assert schema["required"] == ["art_id"]
    assert schema["additionalProperties"] is False
    assert [schema["properties"][field]["type"] for field in ("art_id", "title")] == ["integer", "string"]
