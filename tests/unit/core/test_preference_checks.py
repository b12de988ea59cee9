"""What becomes of one notification, by what its recipient chose."""

from types import SimpleNamespace
from typing import Any

import pytest

from core.declarations import Event
from core.preference_checks import Checks, Decision, StrangersUnknown, possible_strangers, undecided
from core.preferences import Preferences

ANN, BOB = "1", "2"
SENT, SILENT = Decision(), Decision(is_silent=True)
# It is 12:00 in UTC.
NOON = 1_782_993_600.0
AT_NOON = {"from": "12:00", "to": "13:00", "zone": "UTC"}


def row(**columns: Any) -> Any:
    usual = {"recipient_id": ANN, "actor_id": BOB, "preferences": "{}", "withdrawn_at": None, "pushed_at": None}
    return SimpleNamespace(**{**usual, **columns})


@pytest.fixture
def event(registry: None) -> type[Event]:
    class Waved(Event, name="waved", category="people"):
        pass

    return Waved


@pytest.fixture
def required(registry: None) -> type[Event]:
    class Alarm(Event, name="alarm", category="people", required=True):
        pass

    return Alarm


def decide(event: type[Event], known: Any = frozenset(), *, of: Any = None, **chosen: Any) -> Decision:
    checks = Checks({ANN: Preferences.model_validate(chosen)}, known, NOON)
    return checks.decide(of or row(), event.declaration)


def test_event_comes_unless_something_else_was_chosen(event: type[Event]) -> None:
    assert Checks().decide(row(), event.declaration) == SENT
    assert decide(event) == SENT


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [
        ({"muted": frozenset([BOB])}, "muted"),
        ({"muted": frozenset([BOB]), "accepted": frozenset([BOB])}, "muted"),
        ({"events": {"waved": {"in_app": False}}}, "muted"),
        ({"categories": {"people": {"in_app": False}}}, "muted"),
        ({"strangers": "filter"}, "filtered"),
        ({"strangers": "drop"}, "dropped"),
        ({"strangers": "drop", "accepted": frozenset([BOB])}, None),
        ({"strangers": "accept"}, None),
    ],
)
def test_what_is_not_wanted_is_held_back_unless_it_is_required(
    event: type[Event], required: type[Event], chosen: dict[str, Any], reason: str | None
) -> None:
    assert decide(event, **chosen) == Decision(not_sent=reason)
    assert decide(required, **chosen) == SENT


@pytest.mark.parametrize(
    ("chosen", "is_silent"),
    [
        ({"quiet_hours": AT_NOON}, True),
        ({"quiet_hours": {**AT_NOON, "zone": "Asia/Shanghai"}}, False),
        ({"events": {"waved": {"toast": False}}}, True),
        ({"categories": {"people": {"toast": False}}, "events": {"waved": {"toast": True}}}, False),
    ],
)
def test_quiet_hours_and_a_toast_that_is_off_make_it_silent(
    event: type[Event], chosen: dict[str, Any], is_silent: bool
) -> None:
    assert decide(event, **chosen).is_silent == is_silent


def test_declaration_may_have_no_toast_by_default(registry: None) -> None:
    class Digest(Event, name="digest", off_by_default=("toast",)):
        pass

    assert Checks().decide(row(), Digest.declaration) == SILENT
    assert decide(Digest, events={"digest": {"toast": True}}) == SENT


@pytest.mark.parametrize("columns", [{"actor_id": None}, {"actor_id": ANN}], ids=["the app", "oneself"])
def test_nobody_and_oneself_are_no_strangers(event: type[Event], columns: dict[str, Any]) -> None:
    assert decide(event, of=row(**columns), strangers="drop") == SENT


def test_known_actor_is_no_stranger(event: type[Event]) -> None:
    assert decide(event, {(ANN, BOB)}, strangers="drop") == SENT
    assert decide(event, {(BOB, ANN)}, strangers="drop") == Decision(not_sent="dropped")


def test_failure_to_say_who_knows_whom_fails_only_what_depends_on_it(event: type[Event]) -> None:
    assert decide(event, ZeroDivisionError()) == SENT
    with pytest.raises(StrangersUnknown, match="ZeroDivisionError"):
        decide(event, ZeroDivisionError(), strangers="filter")


def test_what_was_let_in_comes_silently(event: type[Event]) -> None:
    assert decide(event, of=row(pushed_at=5), strangers="drop") == SILENT
    assert Checks().decide(row(pushed_at=5), event.declaration) == SILENT


def test_person_who_was_muted_after_the_first_time_tells_nothing_again(event: type[Event]) -> None:
    assert decide(event, of=row(pushed_at=5), muted=frozenset([BOB])) == Decision(not_sent="muted")


def test_only_rows_of_who_chose_something_are_undecided() -> None:
    asking = row()

    rest = [row(preferences=None), row(withdrawn_at=1)]

    assert undecided([*rest, asking]) == [asking]


def test_app_is_asked_only_about_possible_strangers() -> None:
    chosen = {
        ANN: Preferences(strangers="filter", accepted=frozenset(["3"])),
        BOB: Preferences(),
    }
    rows = [row(actor_id=actor) for actor in (BOB, BOB, "3", "4", None, ANN, "", 5)]
    rest = [row(recipient_id=BOB), row(actor_id="6", pushed_at=1)]

    assert possible_strangers([*rows, *rest], chosen) == {(ANN, BOB), (ANN, "4")}
