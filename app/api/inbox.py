"""The inbox over HTTP."""

from collections.abc import Mapping
from typing import Any

from flask import Response, g, request
from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import Length, Range

from app.api.auth import login_required
from app.api.blueprint import Blueprint
from app.api.fields import Answer, Before, Body, Id, Time
from app.api.state import keep_unread_count, state, unread_moment
from core import events, inbox, payloads, texts
from core.profiles import Profile

bp = Blueprint("notifications", __name__, url_prefix="/v1_0/user", description="The durable inbox")

_MOST_LANGUAGES = 10  # of Accept-Language


class InboxQuery(Schema):
    limit = fields.Integer(load_default=20, validate=Range(1, 100))
    before = Before("notifications")


class NotificationAnswer(Answer):
    id = Id()
    event = fields.String()
    data = fields.Dict()
    created_at = Time()
    read = fields.Boolean()
    text = fields.String(metadata={"description": "what users read, in a language of Accept-Language or in English"})
    url = fields.String(allow_none=True, metadata={"description": "where a click leads"})


class UnreadAnswer(Answer):
    unread_count = fields.Integer()


class InboxAnswer(UnreadAnswer):
    results = fields.List(fields.Nested(NotificationAnswer))


class ReadBody(Body):
    ids = fields.List(Id(), validate=Length(max=1000))
    up_to = Id()

    @validates_schema
    def _one_of_both(self, data: dict[str, Any], **_options: object) -> None:
        if len(data) != 1:
            raise ValidationError("Give either ids or up_to.", "ids")


@bp.get("/notifications")
@login_required
@bp.arguments(InboxQuery, location="query")
@bp.response(200, InboxAnswer)
def read_inbox(query: dict[str, Any]) -> dict[str, Any]:
    """Read your inbox, newest first.

    For the next page, give the last id of this page as `before`.
    """
    with state.database.reading() as connection:
        rows = inbox.page(connection, g.user_id, **query)
        count = _count_unread(connection)
    actors = state.profiles.get_many(payloads.actors_of(rows))
    languages = list(request.accept_languages.values())[:_MOST_LANGUAGES]
    return {"unread_count": count, "results": [_entry(row, actors, languages) for row in rows]}


def _entry(row: Any, actors: Mapping[str, Profile], languages: list[str]) -> dict[str, Any]:
    event = events.find(row.event).declaration
    data = payloads.build_for_inbox(row, actors, default_photo=state.settings.default_photo)
    return {
        "id": row.id,
        "event": event.name,
        "data": data,
        "created_at": row.created_at,
        "read": row.read_at is not None,
        "text": texts.text_for(event.text, data, languages) or event.name,
        "url": texts.fill_link(event.link, data) if event.link else None,
    }


@bp.after_request
def _vary(response: Response) -> Response:
    response.vary.add("Accept-Language")
    return response


@bp.post("/notifications/read")
@login_required
@bp.arguments(ReadBody)
@bp.response(200, UnreadAnswer)
def mark_read(body: dict[str, Any]) -> dict[str, int]:
    """Mark notifications as read, by id or up to an id. Ids of other people's notifications are ignored."""
    with state.database.transaction() as connection:
        is_changed = inbox.mark_read(connection, g.user_id, **body)
    with state.database.reading() as connection:
        count = _count_unread(connection)
    if is_changed:
        state.tasks.tell_unread(g.user_id)
    return {"unread_count": count}


def _count_unread(connection: Any) -> int:
    """Count, and store the count where the IM servers read it."""
    read_at = unread_moment()
    count = inbox.unread_count(connection, g.user_id)
    keep_unread_count(g.user_id, count, read_at=read_at)
    return count
