"""What each user chose: which events come, and how; which people; and when it should be quiet."""

import json
import logging
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from sqlalchemy import Connection, ScalarSelect, Text, cast, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from core import declarations, user_ids
from core.counters import Counters
from core.db import among, unix_time
from core.log import OnceAMinute
from core.models import Preference
from core.quiet_hours import QuietHours

log = logging.getLogger(__name__)

Channel = Literal["in_app", "toast", "web_push"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)
ACCEPT, FILTER, DROP = STRANGERS = ("accept", "filter", "drop")
MOST_PEOPLE = 1000
LARGEST_DOCUMENT = 128 * 1024  # bytes
LONGEST_BESIDE = 4096  # characters
_reported = OnceAMinute()


class InvalidPreferences(ValueError):
    """They can't be kept. `fields` says why, by field, as nested as the fields are."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        super().__init__(f"invalid preferences: {fields}")
        self.fields = fields


_Choices = dict[str, dict[Channel, bool]]
_Person = Annotated[str, StringConstraints(min_length=1, max_length=user_ids.LONGEST)]
_People = Annotated[frozenset[_Person], Field(max_length=MOST_PEOPLE)]


_NOTHING: dict[Channel, bool] = {}


class Preferences(BaseModel):
    """What one user chose. What the user did not choose is as the events declare it."""

    model_config = ConfigDict(frozen=True, strict=True, extra="allow")  # a newer version may know more

    categories: _Choices = Field(default_factory=dict)
    events: _Choices = Field(default_factory=dict)
    muted: _People = frozenset()
    accepted: _People = frozenset()  # strangers whom the user has let in
    quiet_hours: QuietHours | None = None
    strangers: Literal["accept", "filter", "drop"] = "accept"

    def is_on(self, event: declarations.Declaration, channel: Channel) -> bool:
        """Say whether an event comes by a channel. Nobody can switch off what is required."""
        is_default = channel not in event.off_by_default
        if is_default and event.required:
            return True
        if self.events:  # few have chosen by event
            for name in event.names:
                if channel in (chosen := self.events.get(name, _NOTHING)):
                    return chosen[channel]
        return self.categories.get(event.category, _NOTHING).get(channel, is_default)

    def is_quiet(self, at: float) -> bool:
        """Say whether a moment, in Unix seconds, is within the quiet hours."""
        return self.quiet_hours is not None and self.quiet_hours.hold(at)


NOTHING_CHOSEN = Preferences()


def read(connection: Connection, user_id: str, counters: Counters) -> Preferences:
    """Return what a user chose."""
    return read_many(connection, [user_id], counters).get(user_id, NOTHING_CHOSEN)


def read_many(
    connection: Connection, user_ids: Sequence[str], counters: Counters | None = None
) -> dict[str, Preferences]:
    """Return, in one statement, what those of these users chose who chose something.

    The parts of a document that can't be read, because another program wrote them, are as if nothing was chosen.
    """
    found = select(Preference.user_id, _DOCUMENT).where(among(connection, Preference.user_id, user_ids))
    return {row.user_id: parse(row.user_id, row.document, counters) for row in connection.execute(found)}


def beside(user_id: Any) -> ScalarSelect[str]:
    """Select what a user chose, as text, beside a row that has this column; NULL for a user who chose nothing.

    A text of more than LONGEST_BESIDE characters is cut, so that many rows of one user stay small. Use read_many then.
    """
    document = func.substr(cast(Preference.document, Text), 1, LONGEST_BESIDE + 1)
    return select(document).where(Preference.user_id == user_id).scalar_subquery()


def change(connection: Connection, user_id: str, patch: Mapping[str, Any], counters: Counters) -> Preferences:
    """Merge a patch into what a user chose, as RFC 7396 has it: null takes a choice back. Raise InvalidPreferences."""
    _check_names(patch)
    before = _lock(connection, user_id, counters)
    merged = _merge(_renamed(before.model_dump(mode="json", exclude_unset=True)), _renamed(patch))
    try:
        after = Preferences.model_validate_json(json.dumps(merged))
    except ValidationError as error:
        raise InvalidPreferences(_by_field(error)) from None
    _write(connection, user_id, after)
    return after


def change_people(
    connection: Connection,
    user_id: str,
    counters: Counters,
    *,
    muted: frozenset[str] = frozenset(),
    not_muted: frozenset[str] = frozenset(),
    accepted: frozenset[str] = frozenset(),
    not_accepted: frozenset[str] = frozenset(),
) -> None:
    """Add people to the lists of a user, and remove others. Raise InvalidPreferences where there are too many."""
    before = _lock(connection, user_id, counters)
    lists = {"muted": before.muted - not_muted | muted, "accepted": before.accepted - not_accepted | accepted}
    if full := [field for field, people in lists.items() if len(people) > MOST_PEOPLE]:
        raise InvalidPreferences({field: [f"Should have {MOST_PEOPLE} people at most."] for field in full})
    _write(connection, user_id, before.model_copy(update=lists))


# Cast, since SQLite keeps values of any type in any column. No more of it is read than a valid document can have.
_DOCUMENT = func.substr(cast(Preference.document, Text), 1, LARGEST_DOCUMENT + 1).label("document")


# By text, so that a change counts at once in every process. These take 20 MB at most, and a twentieth as a rule.
@lru_cache(maxsize=1000)
def _parse_short(document: str) -> Preferences:
    return Preferences.model_validate_json(document)


def _parse(document: str) -> Preferences:
    """Parse a document. Of those that take little memory, remember the newest: many users chose the same."""
    return _parse_short(document) if len(document) <= LONGEST_BESIDE else Preferences.model_validate_json(document)


def parse(user_id: str, document: str, counters: Counters | None) -> Preferences:
    """Return what a document says that a user chose, as read_many does."""
    try:
        return _parse(document)
    except ValidationError as error:
        bad = {str(part["loc"][0]) if part["loc"] else "document" for part in error.errors(include_input=False)}
    if counters:
        for part in sorted(bad):
            counters.add("bad_preferences", part)
    if _reported.is_due("bad preferences"):
        log.warning("preferences of user %s can't be read and don't count: %s", user_id, ", ".join(sorted(bad)))
    try:
        sound = {part: value for part, value in json.loads(document).items() if part not in bad}
        return Preferences.model_validate_json(json.dumps(sound))
    except (ValueError, AttributeError):  # it is no object at all
        return NOTHING_CHOSEN


def _lock(connection: Connection, user_id: str, counters: Counters) -> Preferences:
    """Return what a user chose, and let nobody else change it until the end of the transaction."""
    dialect: Any = sqlite if connection.dialect.name == "sqlite" else postgresql
    new = dialect.insert(Preference).values(user_id=user_id, document="{}", updated_at=unix_time())
    connection.execute(new.on_conflict_do_nothing())
    found = select(_DOCUMENT).where(Preference.user_id == user_id).with_for_update()
    return parse(user_id, connection.execute(found).scalar_one(), counters)


def _write(connection: Connection, user_id: str, chosen: Preferences) -> None:
    document = chosen.model_dump_json(exclude_unset=True)
    if len(document.encode()) > LARGEST_DOCUMENT:
        raise InvalidPreferences({"preferences": [f"Should have {LARGEST_DOCUMENT} bytes in all at most."]})
    changed = update(Preference).where(Preference.user_id == user_id)
    connection.execute(changed.values(document=document, updated_at=unix_time()))


def _check_names(patch: Mapping[str, Any]) -> None:
    """Raise InvalidPreferences where a patch names what nobody declared, or switches off what is required."""
    events = [event.declaration for event in declarations.declared()]
    optional = {event.category for event in events if not event.required}
    fields = {
        "categories": _faults(patch.get("categories"), {e.category: e.category not in optional for e in events}),
        "events": _faults(patch.get("events"), {name: e.required for e in events for name in e.names}),
    }
    if any(fields.values()):
        raise InvalidPreferences({field: faults for field, faults in fields.items() if faults})


def _faults(choices: Mapping[str, Any] | None, is_required: Mapping[str, bool]) -> dict[str, Any]:
    faults: dict[str, Any] = {}
    for name, chosen in (choices or {}).items():
        if name not in is_required:
            faults[name] = ["Nothing of this name is declared."]
        elif is_required[name] and chosen:
            off = [channel for channel, is_on in chosen.items() if is_on is False]
            faults |= (
                {name: {channel: ["It is required, and can't be switched off."] for channel in off}} if off else {}
            )
    return faults


def _renamed(document: Mapping[str, Any]) -> dict[str, Any]:
    """Put what was chosen for events under their current names. The names of a newer version stay as they are."""
    if not (events := document.get("events")):
        return dict(document)
    known = declarations.known_names()
    now = {name: declarations.find(name).declaration.name if name in known else name for name in events}
    # The former names first, so that what was chosen under the current name counts.
    former_first = sorted(events, key=lambda name: now[name] == name)
    return {**document, "events": {now[name]: events[name] for name in former_first}}


def _merge(before: object, patch: object) -> Any:
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(before) if isinstance(before, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merge(merged.get(name), value)
    return merged


def _by_field(error: ValidationError) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for part in error.errors(include_url=False, include_input=False, include_context=False):
        inner = fields
        *path, last = (str(step) for step in part["loc"])
        for step in path:
            inner = inner.setdefault(step, {})
        inner.setdefault(last, []).append(part["msg"].removeprefix("Value error, "))
    return fields
