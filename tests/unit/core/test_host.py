"""The settings name the app that the engine serves."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from core import events, host
from core.settings import HostSettings, SettingsError, load_settings


def settings(**names: str) -> HostSettings:
    names = {"DATABASE_URL": "sqlite:///x", **names}
    return load_settings(HostSettings, names)


def load(**names: str) -> None:
    given = settings(**names)
    host.load_events(given)
    host.load_profile_loader(given)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: None) -> Iterator[str]:
    """A module of another app, with an event and profiles of its own."""
    (tmp_path / "elsewhere.py").write_text(
        "from core.events import Event\n"
        'class Greeted(Event, name="greeted elsewhere"):\n    pass\n'
        "NOBODY = None\n"
        'def profiles(connection, ids):\n    return {i: {"id": i, "name": f"user {i}"} for i in ids}\n'
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield "elsewhere"
    sys.modules.pop("elsewhere", None)


def test_events_of_every_named_module_are_known(module: str) -> None:
    host.load_events(settings(EVENTS=f"app.events, {module}"))

    assert {"following notify", "greeted elsewhere"} <= events.known_names()


def test_profiles_come_from_the_named_function(module: str, connection: Connection) -> None:
    load = host.load_profile_loader(settings(PROFILE_LOADER=f"{module}:profiles"))

    assert load(connection, ["7"])["7"]["name"] == "user 7"


def test_app_without_profiles_names_no_function() -> None:
    assert host.load_profile_loader(settings(PROFILE_LOADER="")) is None


def test_news_app_is_the_default(connection: Connection, ann: str) -> None:
    assert settings().events == ["app.events"]
    assert set(host.load_profile_loader(settings())(connection, [ann])) == {ann}


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("EVENTS", "no.such.module", "EVENTS: no.such.module can't be imported"),
        ("EVENTS", "app/events.py", "EVENTS: 'app/events.py' should be a module's name"),
        ("PROFILE_LOADER", "elsewhere:nothing", "PROFILE_LOADER: elsewhere:nothing can't be imported"),
        ("PROFILE_LOADER", "elsewhere:NOBODY", "PROFILE_LOADER: elsewhere:NOBODY should be a function"),
        ("PROFILE_LOADER", "elsewhere", "PROFILE_LOADER: 'elsewhere' should name a function"),
    ],
)
def test_wrong_name_is_reported_in_one_line(module: str, name: str, value: str, complaint: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load(**{name: value})

    [line] = str(raised.value).splitlines()
    assert line.startswith(complaint)
