"""What a user chose: how it is kept, changed, and read when another program has spoiled it."""

import json
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, text

from core import preferences
from core.declarations import Event
from core.models import Preference
from core.preferences import InvalidPreferences, Preferences

QUIET = {"from": "22:00", "to": "07:00", "zone": "Asia/Shanghai"}


class FakeCounters:
    def __init__(self) -> None:
        self.counted: list[tuple[str, str]] = []

    def add(self, name: str, value: str, count: int = 1) -> None:
        self.counted.append((name, value))


@pytest.fixture
def counters() -> Any:
    return FakeCounters()


@pytest.fixture(autouse=True)
def alarm(registry: None) -> type[Event]:
    """A required event, alone in its category."""

    class Alarm(Event, name="alarm", category="safety", required=True):
        pass

    return Alarm


@pytest.fixture
def waved(registry: None) -> type[Event]:
    class Waved(Event, name="waved", former_names=("wave",), category="people", off_by_default=("toast",)):
        pass

    return Waved


def change(connection: Connection, user_id: str, patch: dict[str, Any]) -> Preferences:
    return preferences.change(connection, user_id, patch, FakeCounters())  # type: ignore[arg-type]


def faults(connection: Connection, patch: dict[str, Any]) -> Any:
    with pytest.raises(InvalidPreferences) as raised:
        change(connection, "7", patch)
    assert preferences.read(connection, "7", FakeCounters()) == Preferences()  # type: ignore[arg-type]
    return raised.value.fields


class TestIsOn:
    def test_event_comes_before_its_category_and_that_before_the_default(self, waved: type[Event]) -> None:
        event = waved.declaration

        assert [Preferences().is_on(event, channel) for channel in preferences.CHANNELS] == [True, False, True]
        of_category = Preferences(categories={"people": {"in_app": False, "toast": True}})
        assert [of_category.is_on(event, channel) for channel in preferences.CHANNELS] == [False, True, True]
        both = Preferences(categories={"people": {"in_app": False}}, events={"waved": {"in_app": True}})
        assert both.is_on(event, "in_app")

    def test_what_is_required_is_on_whatever_was_chosen(self, alarm: type[Event]) -> None:
        chosen = Preferences(categories={"safety": {"in_app": False}}, events={"alarm": {"toast": False}})

        assert all(chosen.is_on(alarm.declaration, channel) for channel in preferences.CHANNELS)

    def test_choice_under_a_former_name_counts_until_there_is_a_newer_one(self, waved: type[Event]) -> None:
        former = Preferences(events={"wave": {"in_app": False}})
        both = Preferences(events={"waved": {"in_app": True}, "wave": {"in_app": False}})

        assert not former.is_on(waved.declaration, "in_app")
        assert both.is_on(waved.declaration, "in_app")


class TestChange:
    def test_patches_are_merged_and_null_takes_a_choice_back(self, connection: Connection) -> None:
        change(connection, "7", {"events": {"following notify": {"toast": False, "in_app": False}}, "muted": ["9"]})
        change(connection, "7", {"events": {"following notify": {"in_app": None}}, "quiet_hours": QUIET})
        change(connection, "7", {"quiet_hours": {"to": "08:00"}, "muted": ["a", "b"], "strangers": None})

        chosen = preferences.read(connection, "7", FakeCounters())  # type: ignore[arg-type]

        assert chosen.events == {"following notify": {"toast": False}}
        assert chosen.muted == {"a", "b"}
        assert chosen.quiet_hours
        assert chosen.quiet_hours.model_dump() == {**QUIET, "to": "08:00"}
        assert change(connection, "7", {"quiet_hours": None, "muted": None}).model_dump(exclude_unset=True) == {
            "events": {"following notify": {"toast": False}}
        }

    def test_parts_of_a_newer_version_stay(self, connection: Connection) -> None:
        newer = {"sounds": {"a": 1}, "events": {"not known yet": {"toast": False}}}
        connection.execute(insert(Preference).values(user_id="7", document=json.dumps(newer), updated_at=1))

        change(connection, "7", {"strangers": "drop"})

        kept = connection.execute(select(Preference.document)).scalar_one()
        assert json.loads(kept) == {**newer, "strangers": "drop"}

    @pytest.mark.parametrize(
        ("patch", "path"),
        [
            ({"events": {"nobody declared": {"toast": False}}}, "events.nobody declared"),
            ({"categories": {"nothing": None}}, "categories.nothing"),
            ({"events": {"alarm": {"in_app": False}}}, "events.alarm.in_app"),
            ({"events": {"alarm": {"web_push": False, "toast": True}}}, "events.alarm.web_push"),
            ({"categories": {"safety": {"toast": False}}}, "categories.safety.toast"),
            ({"events": {"following notify": {"email": True}}}, "events.following notify.email"),
            ({"events": {"following notify": {"toast": 1}}}, "events.following notify.toast"),
            ({"quiet_hours": {"from": "22:00"}}, "quiet_hours.to"),
            ({"quiet_hours": {**QUIET, "zone": "Mars/Base"}}, "quiet_hours.zone"),
            ({"quiet_hours": {**QUIET, "to": "22:00"}}, "quiet_hours"),
            ({"strangers": "eat"}, "strangers"),
            ({"muted": [str(number) for number in range(1001)]}, "muted"),
            ({"muted": [""]}, "muted.0"),
        ],
    )
    def test_error_names_its_field_and_nothing_is_kept(
        self, connection: Connection, patch: dict[str, Any], path: str
    ) -> None:
        found = faults(connection, patch)

        for step in path.split("."):
            found = found[step]

    def test_category_may_be_muted_although_one_of_its_events_is_required(
        self, connection: Connection, registry: None
    ) -> None:
        class Banned(Event, name="banned", category="people", required=True):
            pass

        chosen = change(connection, "7", {"categories": {"people": {"in_app": False}}})

        assert chosen.is_on(Banned.declaration, "in_app")

    def test_document_has_a_largest_size(self, connection: Connection) -> None:
        people = [f"{number:04}" + "好" * 60 for number in range(1000)]

        assert list(faults(connection, {"muted": people})) == ["preferences"]


class TestChangePeople:
    def test_people_are_added_and_removed_one_by_one(self, connection: Connection, counters: Any) -> None:
        preferences.change_people(connection, "7", counters, muted=frozenset({"8", "9"}))
        preferences.change_people(connection, "7", counters, not_muted=frozenset({"8"}), accepted=frozenset({"a"}))

        chosen = preferences.read(connection, "7", counters)
        assert (chosen.muted, chosen.accepted) == ({"9"}, {"a"})

    def test_list_has_a_largest_length(self, connection: Connection, counters: Any) -> None:
        change(connection, "7", {"muted": [str(number) for number in range(1000)]})

        with pytest.raises(InvalidPreferences) as raised:
            preferences.change_people(connection, "7", counters, muted=frozenset({"one more"}))

        assert list(raised.value.fields) == ["muted"]


class TestSpoiledDocument:
    @pytest.mark.parametrize(
        ("document", "parts"),
        [
            ("", ["document"]),
            ("[1]", ["document"]),
            ("null", ["document"]),
            ('{"muted": ["9"]', ["document"]),
            ('{"x": ' + "[" * 300 + "]" * 300 + "}", ["document"]),
            ('{"x": "' + "y" * preferences.LARGEST_DOCUMENT + '"}', ["document"]),
            ('{"muted": "9"}', ["muted"]),
            ('{"muted": [9], "events": [], "quiet_hours": {"from": 1}}', ["events", "muted", "quiet_hours"]),
        ],
    )
    def test_defaults_count_and_it_is_counted(
        self, connection: Connection, counters: Any, document: str, parts: list[str]
    ) -> None:
        connection.execute(insert(Preference).values(user_id="7", document=document, updated_at=1))

        chosen = preferences.read(connection, "7", counters)

        assert chosen == Preferences()
        assert counters.counted == [("bad_preferences", part) for part in parts]

    def test_its_sound_parts_count_and_other_users_are_not_affected(
        self, connection: Connection, counters: Any
    ) -> None:
        bad = {"muted": ["9"], "quiet_hours": {**QUIET, "zone": "Mars/Base"}, "categories": {"people": 1}}
        connection.execute(insert(Preference).values(user_id="7", document=json.dumps(bad), updated_at=1))
        change(connection, "8", {"strangers": "drop"})

        chosen = preferences.read_many(connection, ["7", "8", "9"], counters)

        assert chosen == {"7": Preferences(muted=frozenset({"9"})), "8": Preferences(strangers="drop")}
        assert counters.counted == [("bad_preferences", "categories"), ("bad_preferences", "quiet_hours")]

    def test_value_that_is_no_text_is_bad_alone(self, connection: Connection, counters: Any) -> None:
        connection.execute(text("INSERT INTO preferences VALUES ('7', X'00ff', 1), ('8', 5, 1)"))

        chosen = preferences.read_many(connection, ["7", "8"], counters)

        assert chosen == {"7": Preferences(), "8": Preferences()}

    def test_next_change_repairs_it(self, connection: Connection, counters: Any) -> None:
        bad = '{"muted": "9", "strangers": "filter"}'
        connection.execute(insert(Preference).values(user_id="7", document=bad, updated_at=1))

        change(connection, "7", {"muted": ["9"]})

        assert preferences.read(connection, "7", counters) == Preferences(muted=frozenset({"9"}), strangers="filter")
        assert counters.counted == []
