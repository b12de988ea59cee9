"""Events that a TOML file declares."""

from pathlib import Path

import pytest

from core import events, host
from core.declarations import DeclarationError
from core.event_files import load
from core.settings import HostSettings, SettingsError, load_settings

pytestmark = pytest.mark.usefixtures("registry")

WHOLE = """
[events."parcel sent"]
description = "A parcel is on its way."
category = "orders"
former_names = ["parcel"]
text = { en = "Your parcel {number} is on its way" }
link = "/parcels/{number}"
with_actor = false
expires_after = 3600

[events."parcel sent".fields]
number = "integer"
note = { type = "text", default = "" }
stops = { type = "list", default = [] }
more = { type = "object", default = {} }
weight = { type = "number", default = 0.5 }
is_large = { type = "boolean", default = false }
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "events.toml"


def test_file_declares_events_as_classes_do(file: Path) -> None:
    file.write_text(WHOLE)

    [event] = load(file)

    assert events.find("parcel") is events.find("parcel sent") is event
    assert event.__doc__ == "A parcel is on its way."
    assert event.declaration.link == "/parcels/{number}"
    assert events.validate("parcel sent", {"number": 1, "stops": [1, "a", {"b": None}]}) == {
        "number": 1,
        "note": "",
        "stops": [1, "a", {"b": None}],
        "more": {},
        "weight": 0.5,
        "is_large": False,
    }


def test_file_is_declared_once_in_a_process(file: Path) -> None:
    file.write_text(WHOLE)

    assert load(file) is load(file)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("[events", "is not TOML: "),
        ("[other]\na = 1", 'should have only tables such as [events."liking notify"]'),
        ("[events]\nx = 1", "event 'x': should be a table"),
        ("[events.x]\nname = 'y'", "event 'x': its name is that of its table"),
        ("[events.x]\ncolour = 1", "event 'x': colour: Extra inputs are not permitted"),
        ("[events.x]\nfields = ['a']", "event 'x': fields should be a table"),
        ("[events.x.fields]\nid = 'integer'", "event 'x': field 'id' is reserved"),
        ("[events.x.fields]\na = 'date'", "event 'x': field 'a': its type 'date' should be one of text, integer"),
        ("[events.x.fields]\na = 1", "event 'x': field 'a': should be a type, or a table of type and default"),
        ("[events.x.fields]\na = { type = 'text', requird = true }", "event 'x': field 'a': should be a type"),
        (
            "[events.x.fields]\na = { type = 'integer', default = '1' }",
            "event 'x': field 'a': its default is no integer",
        ),
        ("[events.x.fields]\n'a b' = 'text'", "event 'x': field 'a b': should be a name of letters"),
        ("[events.x]\ntext = { en = '{b}' }\n[events.x.fields]\na = 'text'", "event 'x': text.en has {b}"),
        ("[events.sync]\n", "event 'sync': name: 'sync' is an event of the servers"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_error_names_the_file_the_event_and_the_field(file: Path, content: str, complaint: str) -> None:
    file.write_text(content)
    settings = load_settings(HostSettings, {"DATABASE_URL": "sqlite:///x", "EVENTS": str(file)})

    with pytest.raises(SettingsError) as raised:
        host.load_events(settings)

    [line] = str(raised.value).splitlines()
    assert line.startswith(f"EVENTS: {file}: ")
    assert complaint in line


def test_missing_file_is_named(file: Path) -> None:
    with pytest.raises(DeclarationError, match=r"events\.toml can't be read: No such file or directory"):
        load(file)
