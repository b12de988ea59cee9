"""The inbox over HTTP: what is in it, and how much."""

from collections.abc import Mapping
from typing import Any

from flask import g
from marshmallow import ValidationError, fields
from marshmallow.validate import Length, OneOf, Range
from sqlalchemy import Connection

from app.api import languages
from app.api.auth import login_required
from app.api.blueprint import Blueprint
from app.api.fields import Answer, Before, Id, Query, Time, UserId
from app.api.state import keep_unread_count, state, unread_moment
from core import (
    events,
    group_members,
    group_texts,
    inbox,
    inbox_counts,
    inbox_filters,
    payloads,
    preferences,
    stranger_requests,
    texts,
)
from core.group_members import Members
from core.profiles import Profile
from core.unread import Counts

bp = Blueprint("notifications", __name__, url_prefix="/v1_0/user/notifications", description="The durable inbox")
bp.after_request(languages.vary)

_LONGEST_GROUP = 1000  # characters; rows have fewer
_BOUNDED = {"description": "exact up to 999; 1000 means 1,000 or more"}


class State(fields.String):
    def __init__(self, *more: str, description: str = "`all` is all that is not archived") -> None:
        valid = OneOf((*inbox_filters.STATES, *more))
        super().__init__(load_default=inbox_filters.ALL, validate=valid, metadata={"description": description})


class Category(fields.String):
    """A category of declared events."""

    def __init__(self) -> None:
        described = {"description": "only notifications of this category"}
        super().__init__(load_default=None, validate=_is_declared, metadata=described)


def _is_declared(category: str) -> None:
    if not events.names_of_category(category):
        raise ValidationError("No event has this category.")


class Group(fields.String):
    """The text of a group, as the template of an event makes it. It comes out as rows have it."""

    def __init__(self) -> None:
        described = {"description": "only notifications of this group, such as `liking:5`"}
        super().__init__(load_default=None, validate=Length(1, _LONGEST_GROUP), metadata=described)

    def _deserialize(self, value: Any, *arguments: Any, **options: Any) -> str:
        text = super()._deserialize(value, *arguments, **options)
        if not events.has_group(text):
            raise ValidationError("No event has groups of this text.")
        return group_texts.shorten_key(text)


class CountsQuery(Query):
    category = Category()
    group = Group()


class InboxQuery(CountsQuery):
    state = State(
        stranger_requests.STATE,
        description="`all` is all that is not archived; `requests` is what strangers did, until you let it in",
    )
    limit = fields.Integer(load_default=20, validate=Range(1, 100))
    before = Before("notifications")
    groups = fields.Boolean(
        load_default=False, metadata={"description": "whether only the newest of each group is listed, with its text"}
    )


class ActorAnswer(Answer):
    id = UserId()
    name = fields.String(metadata={"description": "empty where nobody knows it"})
    photo = fields.String()


class NotificationAnswer(Answer):
    id = Id()
    event = fields.String()
    category = fields.String()
    data = fields.Dict()
    created_at = Time()
    read = fields.Boolean()
    seen_at = Time(allow_none=True)
    read_at = Time(allow_none=True)
    archived_at = Time(allow_none=True)
    text = fields.String(metadata={"description": "what users read, in a language of Accept-Language or in English"})
    url = fields.String(allow_none=True, metadata={"description": "where a click leads"})
    group = fields.String(allow_none=True, metadata={"description": "the text of its group; null without a group"})
    group_id = Id(allow_none=True)  # of the first notification of its group
    count = fields.Integer(
        metadata={"description": "of the notifications of its group in this state; " + _BOUNDED["description"]}
    )
    actor_count = fields.Integer(
        metadata={"description": "of the different people who did it; " + _BOUNDED["description"]}
    )
    actors = fields.List(fields.Nested(ActorAnswer), metadata={"description": "the newest three people"})


class UnreadAnswer(Answer):
    unread_count = fields.Integer(metadata=_BOUNDED)


class CountsAnswer(UnreadAnswer):
    unseen_count = fields.Integer(metadata=_BOUNDED)


class InboxAnswer(CountsAnswer):
    results = fields.List(fields.Nested(NotificationAnswer))


class StatesAnswer(Answer):
    all = fields.Integer(metadata=_BOUNDED)
    unread = fields.Integer(metadata=_BOUNDED)
    unseen = fields.Integer(metadata=_BOUNDED)
    archived = fields.Integer(metadata=_BOUNDED)
    requests = fields.Integer(metadata={"description": "what strangers did; " + _BOUNDED["description"]})


@bp.get("")
@login_required
@bp.arguments(InboxQuery, location="query")
@bp.response(200, InboxAnswer)
def read_inbox(query: dict[str, Any]) -> dict[str, Any]:
    """Read your inbox, newest first.

    For the next page, give the last id of this page as `before`. The counts are those of the whole inbox. `count`,
    `actor_count` and `actors` are those of the group, in the state that you ask for.
    """
    with state.database.reading() as connection:
        rows = _page(connection, query)
        members = _members(connection, rows, query["state"])
        counts = count_and_keep(connection)
    needed = payloads.actors_of(rows).union(*map(group_members.shown_ids, members.values()))
    actors = state.profiles.get_many(needed)
    read = languages.of_caller()
    entries = [_entry(row, members[row.id], actors, read, is_group=query["groups"]) for row in rows]
    return {**told(counts), "results": entries}


@bp.get("/counts")
@login_required
@bp.arguments(CountsQuery, location="query")
@bp.response(200, StatesAnswer)
def count_inbox(query: dict[str, Any]) -> dict[str, int]:
    """Count your notifications by state. What is unseen is unread too, and what is unread is among `all`.

    Each notification counts, also where a list with `groups` has one row for many. `requests` are in none of the
    others. Those of people whom you muted are not counted.
    """
    filter = inbox_filters.Filter(category=query["category"], group=query["group"])
    with state.database.reading() as connection:
        muted = preferences.read(connection, g.user_id, state.counters).muted
        requests = stranger_requests.count(connection, g.user_id, filter, muted=muted)
        return {**inbox_counts.count_states(connection, g.user_id, filter), "requests": requests}


def _page(connection: Connection, query: dict[str, Any]) -> list[Any]:
    part = {"limit": query["limit"], "before": query["before"]}
    if query["state"] != stranger_requests.STATE:
        filter = inbox_filters.Filter(query["state"], query["category"], query["group"])
        return inbox.page(connection, g.user_id, filter, **part, is_collapsed=query["groups"])
    if query["group"] is not None:
        return []  # what is held back is in no group
    muted = preferences.read(connection, g.user_id, state.counters).muted
    return stranger_requests.page(
        connection, g.user_id, inbox_filters.Filter(category=query["category"]), muted=muted, **part
    )


def _members(connection: Connection, rows: list[Any], state_asked: str) -> dict[int, Members]:
    """Return by the ids of rows who is in the group of each. A row without a group stands for itself."""
    found: dict[int, Members] = {}
    if state_asked != stranger_requests.STATE:
        found = inbox.members(connection, g.user_id, rows, state=state_asked)
    return {row.id: found.get(row.group_id) or group_members.of_one(row) for row in rows}


def count_and_keep(connection: Any) -> Counts:
    """Count the caller's notifications, and store the unread count where the IM servers read it."""
    read_at = unread_moment()
    counts = inbox_counts.count(connection, g.user_id)
    keep_unread_count(g.user_id, counts, read_at=read_at)
    return counts


def told(counts: Counts) -> dict[str, int]:
    """Return the counts as an answer has them."""
    return {"unread_count": counts.unread, "unseen_count": counts.unseen}


def _entry(
    row: Any, members: Members, actors: Mapping[str, Profile], read: list[str], *, is_group: bool
) -> dict[str, Any]:
    event = events.find(row.event).declaration
    photo = state.settings.default_photo
    data = payloads.build_for_inbox(row, actors, default_photo=photo)
    text = texts.text_for(event.text, data, read) or event.name
    return {
        "id": row.id,
        "event": event.name,
        "category": event.category,
        "data": data,
        "created_at": row.created_at,
        "read": row.read_at is not None,
        "seen_at": row.seen_at,
        "read_at": row.read_at,
        "archived_at": row.archived_at,
        "text": (is_group and group_texts.text_for(event.group_text, data, members.actor_count, read)) or text,
        "url": texts.fill_link(event.link, data) if event.link else None,
        "group": row.group_key,
        "group_id": row.group_id,
        "count": members.count,
        "actor_count": members.actor_count,
        "actors": group_members.shown(members, actors, photo) if event.with_actor else [],
    }
