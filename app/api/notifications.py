"""The inbox over HTTP."""

from typing import Any

from flask import g
from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import Length, Range

from app import tokens
from app.api.auth import login_required
from app.api.blueprint import Blueprint
from app.api.fields import Answer, Body, Id, Time
from app.api.state import keep_unread_count, state, unread_moment
from app.services import inbox, payloads

bp = Blueprint("notifications", __name__, url_prefix="/v1_0/user", description="The durable inbox")


class InboxQuery(Schema):
    limit = fields.Integer(load_default=20, validate=Range(1, 100))
    before = fields.Integer(
        load_default=None,
        validate=Range(1, tokens.LARGEST_ID),
        metadata={"format": "int64", "description": "only those with a smaller id"},
    )


class NotificationAnswer(Answer):
    id = Id()
    event = fields.String()
    data = fields.Dict()
    created_at = Time()
    read = fields.Boolean()


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

    The id of the last of a page, as `before`, gives the next page.
    """
    with state.database.reading() as connection:
        rows = inbox.page(connection, g.user_id, **query)
        count = _count_unread(connection)
    actors = state.profiles.get_many(row.actor_id for row in rows)
    results = [
        {
            "id": row.id,
            "event": row.event,
            "data": payloads.build_for_inbox(row, actors, default_photo=state.settings.default_photo),
            "created_at": row.created_at,
            "read": row.read_at is not None,
        }
        for row in rows
    ]
    return {"unread_count": count, "results": results}


@bp.post("/notifications/read")
@login_required
@bp.arguments(ReadBody)
@bp.response(200, UnreadAnswer)
def mark_read(body: dict[str, Any]) -> dict[str, int]:
    """Mark notifications as read, by id or up to an id. Other people's are passed over."""
    with state.database.transaction() as connection:
        is_changed = inbox.mark_read(connection, g.user_id, **body)
    with state.database.reading() as connection:
        count = _count_unread(connection)
    if is_changed:
        state.tasks.tell_unread(g.user_id)
    return {"unread_count": count}


def _count_unread(connection: Any) -> int:
    """Count, and keep the count where the IM servers find it."""
    read_at = unread_moment()
    count = inbox.unread_count(connection, g.user_id)
    keep_unread_count(g.user_id, count, read_at=read_at)
    return count
