"""What a user wants to be told, and how, over HTTP."""

from collections.abc import Iterable
from typing import Any

from flask import g
from marshmallow import ValidationError, fields, validates_schema
from marshmallow.validate import Length, OneOf

from app.api import languages
from app.api.auth import login_required
from app.api.blueprint import Blueprint
from app.api.fields import Answer, Body, Flag, Map, UserId
from app.api.state import state
from app.services import accounts
from core import preferences, texts, user_ids
from core.declarations import Declaration, declared
from core.preferences import CHANNELS, InvalidPreferences, Preferences

bp = Blueprint("preferences", __name__, url_prefix="/v1_0/user/preferences", description="What users want to be told")
bp.after_request(languages.vary)

_ONESELF = "Should be another user than yourself."
_TIME = {"pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "examples": ["22:00"]}


class ChannelsBody(Body):
    in_app = Flag(allow_none=True, metadata={"description": "false: such notifications do not come at all"})
    toast = Flag(allow_none=True, metadata={"description": "false: clients get them with `silent`"})
    web_push = Flag(allow_none=True)


class QuietHoursBody(Body):
    start = fields.String(data_key="from", attribute="from", allow_none=True, metadata=_TIME)
    end = fields.String(data_key="to", attribute="to", allow_none=True, metadata=_TIME)
    zone = fields.String(allow_none=True, metadata={"description": "of IANA, such as Asia/Shanghai"})


def _choices() -> Any:
    values = fields.Nested(ChannelsBody, allow_none=True)
    return Map(values=values, allow_none=True)


def _people(description: str) -> Any:
    most = Length(max=preferences.MOST_PEOPLE)
    return fields.List(UserId(), validate=most, allow_none=True, metadata={"description": description})


class PreferencesBody(Body):
    categories = _choices()
    events = _choices()
    muted = _people("whose notifications do not come")
    accepted = _people("strangers whose notifications come")
    quiet_hours = fields.Nested(QuietHoursBody, allow_none=True)
    strangers = fields.String(
        validate=OneOf(preferences.STRANGERS),
        allow_none=True,
        metadata={"description": "`filter`: what they do is among the requests. `drop`: it does not come at all"},
    )

    @validates_schema
    def _can_tell_strangers(self, body: dict[str, Any], **_options: object) -> None:
        if state.knows is None and body.get("strangers") not in (None, preferences.ACCEPT):
            raise ValidationError("This app does not say who knows whom.", "strangers")


class ChannelsAnswer(Answer):
    in_app = fields.Boolean()
    toast = fields.Boolean()
    web_push = fields.Boolean()
    required = fields.Boolean(metadata={"description": "what is required can't be switched off"})


class EventAnswer(ChannelsAnswer):
    category = fields.String()
    text = fields.String(metadata={"description": "what users read, without names"})


class PersonAnswer(Answer):
    id = UserId()
    name = fields.String()
    photo = fields.String(allow_none=True)


class QuietHoursAnswer(Answer):
    start = fields.String(data_key="from")
    end = fields.String(data_key="to")
    zone = fields.String()


class PreferencesAnswer(Answer):
    categories = fields.Dict(keys=fields.String(), values=fields.Nested(ChannelsAnswer))
    events = fields.Dict(keys=fields.String(), values=fields.Nested(EventAnswer))
    muted = fields.List(UserId())
    accepted = fields.List(UserId())
    people = fields.List(fields.Nested(PersonAnswer), metadata={"description": "the profiles of both lists"})
    quiet_hours = fields.Nested(QuietHoursAnswer, allow_none=True)
    strangers = fields.String(validate=OneOf(preferences.STRANGERS))


@bp.get("")
@login_required
@bp.response(200, PreferencesAnswer)
def read_preferences() -> dict[str, Any]:
    """Read what counts for you: what you chose, and the defaults of the events for all else."""
    with state.database.reading() as connection:
        return _told(preferences.read(connection, g.user_id, state.counters))


@bp.patch("")
@login_required
@bp.arguments(PreferencesBody)
@bp.response(200, PreferencesAnswer)
@bp.raises(InvalidPreferences)
def change_preferences(patch: dict[str, Any]) -> dict[str, Any]:
    """Change what you chose, by a merge patch (RFC 7396): null takes a choice back, so that the default counts.

    A choice for an event comes before that for its category. A list replaces the whole list.
    """
    _check_lists(patch)
    with state.database.transaction() as connection:
        chosen = preferences.change(connection, g.user_id, patch, state.counters)
    return _told(chosen)


@bp.put("/muted/<path:user_id>")
@login_required
@bp.response(204)
@bp.raises(accounts.UnknownUser, InvalidPreferences)
def mute(user_id: str) -> None:
    """Mute a person: nothing that this person does comes any more, except what is required."""
    if user_id == g.user_id:
        raise InvalidPreferences({"muted": [_ONESELF]})
    if not user_ids.is_valid(user_id) or state.profiles.unknown([user_id]):
        raise accounts.UnknownUser
    _change_people(user_id, "muted")


@bp.delete("/muted/<path:user_id>")
@login_required
@bp.response(204)
@bp.raises(accounts.UnknownUser)
def unmute(user_id: str) -> None:
    """Hear of a person again, also if you have not muted them."""
    _change_people(user_id, "not_muted")


@bp.delete("/accepted/<path:user_id>")
@login_required
@bp.response(204)
@bp.raises(accounts.UnknownUser)
def make_stranger(user_id: str) -> None:
    """Take back that you let a person in: they are a stranger again, if you do not know them otherwise."""
    _change_people(user_id, "not_accepted")


def _change_people(user_id: str, change: str) -> None:
    if not user_ids.is_valid(user_id):
        raise accounts.UnknownUser
    with state.database.transaction() as connection:
        preferences.change_people(connection, g.user_id, state.counters, **{change: frozenset([user_id])})


def _check_lists(patch: dict[str, Any]) -> None:
    """Raise InvalidPreferences where a list names its user, or has somebody new who does not exist.

    Who is in it already may stay, since an account may be closed later.
    """
    lists = {field: patch[field] for field in ("muted", "accepted") if patch.get(field)}
    if not lists:
        return
    with state.database.reading() as connection:
        before = preferences.read(connection, g.user_id, state.counters)
    faults = {field: _faults(people, getattr(before, field)) for field, people in lists.items()}
    if any(faults.values()):
        raise InvalidPreferences({field: its for field, its in faults.items() if its})


def _faults(people: list[str], before: frozenset[str]) -> dict[str, list[str]]:
    unknown = state.profiles.unknown(set(people) - before)
    wrong = {**dict.fromkeys(unknown, "There is no such user."), g.user_id: _ONESELF}
    return {str(place): [wrong[user_id]] for place, user_id in enumerate(people) if user_id in wrong}


def _told(chosen: Preferences) -> dict[str, Any]:
    events = [event.declaration for event in declared()]
    people = state.profiles.get_many(chosen.muted | chosen.accepted)
    return {
        "categories": {name: _category(chosen, [e for e in events if e.category == name]) for name in _names(events)},
        "events": {event.name: _event(chosen, event) for event in events},
        "muted": _ids(chosen.muted),
        "accepted": _ids(chosen.accepted),
        "people": [{**people[user_id], "id": user_ids.as_json(user_id)} for user_id in sorted(people)],
        "quiet_hours": chosen.quiet_hours,
        "strangers": chosen.strangers,
    }


def _names(events: Iterable[Declaration]) -> list[str]:
    return sorted({event.category for event in events})


def _category(chosen: Preferences, events: list[Declaration]) -> dict[str, Any]:
    choices: dict[Any, bool] = chosen.categories.get(events[0].category, {})
    defaults: dict[Any, bool] = {
        channel: any(channel not in event.off_by_default for event in events) for channel in CHANNELS
    }
    return {**defaults, **choices, "required": all(event.required for event in events)}


def _event(chosen: Preferences, event: Declaration) -> dict[str, Any]:
    return {
        **{channel: chosen.is_on(event, channel) for channel in CHANNELS},
        "required": event.required,
        "category": event.category,
        "text": texts.text_for(event.text, {}, languages.of_caller()) or event.name,
    }


def _ids(people: Iterable[str]) -> list[int | str]:
    return [user_ids.as_json(user_id) for user_id in sorted(people)]
