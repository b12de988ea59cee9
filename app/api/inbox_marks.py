"""Marks in the inbox over HTTP: seen, read, archived, and the way back."""

from typing import Any

from flask import g
from marshmallow import ValidationError, fields, validates_schema
from marshmallow.validate import Length

from app.api.auth import login_required
from app.api.fields import Body, Flag, Id
from app.api.inbox import Category, CountsAnswer, Group, State, UnreadAnswer, bp, count_and_keep, told
from app.api.state import state
from core import inbox_marks
from core.inbox_filters import Filter
from core.inbox_marks import Change
from core.unread import Counts

MOST_IDS = 1000
_MOST_CHANGED = 10_000  # ids in an answer
_MOST_BATCHES = 250  # of one call, so that it ends; the counts in the answer say what is left


class ReadBody(Body):
    ids = fields.List(Id(), validate=Length(max=MOST_IDS))
    up_to = Id()

    @validates_schema
    def _one_of_both(self, data: dict[str, Any], **_options: object) -> None:
        if len(data) != 1:
            raise ValidationError("Give either ids or up_to.", "ids")


class FilterBody(Body):
    state = State()
    category = Category()
    group = Group()
    up_to = Id(load_default=None)


class MarkBody(Body):
    ids = fields.List(Id(), validate=Length(max=MOST_IDS))
    filter = fields.Nested(FilterBody)
    seen = Flag()
    read = Flag()
    archived = Flag()
    groups = Flag(load_default=False, metadata={"description": "with `ids`: mark what is gathered under them as well"})
    with_ids = Flag(load_default=False, metadata={"description": "answer with the ids that changed"})

    @validates_schema
    def _is_clear(self, data: dict[str, Any], **_options: object) -> None:
        if ("ids" in data) == ("filter" in data):
            raise ValidationError("Give either ids or a filter.", "ids")
        if data["groups"] and "filter" in data:
            raise ValidationError("A filter names all of a group anyway.", "groups")
        if data.keys() <= {"ids", "filter", "groups", "with_ids"}:
            raise ValidationError("Give at least one of seen, read and archived.", "read")
        if data.get("read") and data.get("seen") is False:
            raise ValidationError("What is read counts as seen.", "seen")


class MarkAnswer(CountsAnswer):
    """`ids` is there only if the caller asked for it."""

    ids = fields.List(
        Id(),
        allow_none=True,
        metadata={
            "description": "only with `with_ids`: what changed, newest first; null where more than "
            f"{_MOST_CHANGED:,} changed"
        },
    )

    def on_bind_field(self, name: str, field: fields.Field[Any]) -> None:
        field.required = name != "ids"


@bp.post("/read")
@login_required
@bp.arguments(ReadBody)
@bp.response(200, UnreadAnswer)
def mark_read(body: dict[str, Any]) -> dict[str, int]:
    """Mark notifications as read, by id or up to an id. Ids of other people's notifications are ignored."""
    chosen = body["ids"] if "ids" in body else Filter(up_to=body["up_to"])
    _changed, counts = _mark(chosen, Change(read=True))
    return told(counts)


@bp.post("/state")
@login_required
@bp.arguments(MarkBody)
@bp.response(200, MarkAnswer)
def mark_state(body: dict[str, Any]) -> dict[str, Any]:
    """Mark notifications as seen, read or archived (true), or take that back (false).

    Choose them by id, or by a filter: a state, a category, and the largest id. What is read counts as seen: `read`
    sets both, and `"seen": false` takes both back. Ids of other people's notifications are ignored. A call that failed
    may have marked some of many: repeat it. With `groups`, what is gathered under each id is marked too: what is in its
    group and is not newer.

    To take a mark back, give the `ids` that changed, 1,000 in a call. What was read before then stays read.
    """
    is_asked_for_ids, with_groups = body.pop("with_ids"), body.pop("groups")
    chosen = body.pop("ids") if "ids" in body else Filter(**body.pop("filter"))
    changed, counts = _mark(chosen, Change(**body), with_groups=with_groups)
    if not is_asked_for_ids:
        return told(counts)
    return {**told(counts), "ids": changed if len(changed) <= _MOST_CHANGED else None}


def _mark(chosen: list[int] | Filter, change: Change, *, with_groups: bool = False) -> tuple[list[int], Counts]:
    """Mark, tell the sockets, and count. Return the ids that changed, newest first, and the counts."""
    if isinstance(chosen, Filter):
        changed = _mark_filter(chosen, change)
    else:
        changed = _mark_ids(chosen, change)
        if with_groups:
            changed = sorted([*changed, *_mark_groups(chosen, change)], reverse=True)
    with state.database.reading() as connection:
        counts = count_and_keep(connection)
    if changed:
        state.tasks.tell_state(g.user_id, change.columns, changed)
    return changed, counts


def _mark_ids(ids: list[int], change: Change) -> list[int]:
    with state.database.transaction() as connection:
        return inbox_marks.mark(connection, g.user_id, ids, change)


def _mark_groups(ids: list[int], change: Change) -> list[int]:
    """Mark what is gathered under these, batch by batch; return the ids that changed."""
    changed: list[int] = []
    for _ in range(_MOST_BATCHES):
        with state.database.transaction() as connection:
            marked, is_more = inbox_marks.mark_groups(connection, g.user_id, ids, change)
        changed += marked
        if not is_more:
            break
    return changed


def _mark_filter(filter: Filter, change: Change) -> list[int]:
    """Mark batch by batch, so that a user with many notifications makes nobody wait; return the ids that changed."""
    changed: list[int] = []
    before = None
    for _ in range(_MOST_BATCHES):
        with state.database.transaction() as connection:
            ids, before = inbox_marks.mark_batch(connection, g.user_id, filter, change, before=before)
        changed += ids
        if before is None:
            break
    return changed
