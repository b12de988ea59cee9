"""Requests over HTTP: a user answers what strangers did. app/api/inbox.py lists them."""

from typing import Any

from flask import g
from marshmallow import fields
from marshmallow.validate import Length

from app.api.auth import login_required
from app.api.blueprint import Blueprint
from app.api.fields import Body, Flag, Id
from app.api.inbox import CountsAnswer, count_and_keep, told
from app.api.state import state
from core import preferences, stranger_requests
from core.failpoints import failpoint

bp = Blueprint(
    "requests", __name__, url_prefix="/v1_0/user/notifications", description="What strangers did, until it is let in"
)

_MOST_IDS = 1000


class RequestsBody(Body):
    ids = fields.List(Id(), required=True, validate=Length(1, _MOST_IDS))
    accept = Flag(required=True)


@bp.post("/requests")
@login_required
@bp.arguments(RequestsBody)
@bp.response(200, CountsAnswer)
@bp.raises(preferences.InvalidPreferences)
def answer_requests(body: dict[str, Any]) -> dict[str, int]:
    """Let requests in, or refuse them.

    What you let in is in your inbox, and your sockets get it, with `silent`. What these people do from now on comes as
    well: they are in the list `accepted` of your preferences. What you refuse is gone. Other ids are ignored.
    """
    with state.database.transaction() as connection:
        if body["accept"]:
            people = stranger_requests.let_in(connection, g.user_id, body["ids"])
            if people:
                preferences.change_people(connection, g.user_id, state.counters, accepted=people)
        else:
            stranger_requests.refuse(connection, g.user_id, body["ids"])
    if body["accept"]:
        failpoint("after commit", state.settings)
        state.tasks.dispatch()
    with state.database.reading() as connection:
        return told(count_and_keep(connection))
