"""The open sockets of the caller, over HTTP."""

from typing import Any

from flask import g
from marshmallow import fields

from app.api import revocations
from app.api.auth import login_required
from app.api.blueprint import Blueprint
from app.api.devices import name_device
from app.api.fields import Answer, Query, Time
from app.api.state import state
from app.services import authorizations, sessions
from core.cache import RedisError
from core.revocation_stream import Closing

bp = Blueprint("sessions", __name__, url_prefix="/v1_0/user", description="Open sockets")


class SessionAnswer(Answer):
    id = fields.String()
    device = fields.String(metadata={"description": "such as `Chrome on Android`; empty if it is unknown"})
    address = fields.String()
    since = Time()
    server = fields.String()
    current = fields.Boolean(
        metadata={"description": "whether it comes from the same log-in as the token of this call"}
    )


class SessionsAnswer(Answer):
    results = fields.List(fields.Nested(SessionAnswer))


class CloseQuery(Query):
    revoke = fields.Boolean(load_default=False)


@bp.get("/sessions")
@login_required
@bp.response(200, SessionsAnswer)
@bp.raises(RedisError)
def list_sessions() -> dict[str, Any]:
    """List your open sockets, newest first: device, address, time and server of each."""
    results = [
        {
            "id": each.id,
            "device": name_device(each.device),
            "address": each.address,
            "since": each.since,
            "server": each.server,
            "current": each.family == g.claims.family,
        }
        for each in state.sessions.of(g.user_id)
    ]
    return {"results": results}


@bp.delete("/sessions/<session_id>")
@login_required
@bp.arguments(CloseQuery, location="query")
@bp.response(204)
@bp.raises(sessions.UnknownSession, RedisError)
def close_session(query: dict[str, bool], session_id: str) -> None:
    """Close one of your open sockets. Its client may come back.

    With `revoke=true`, all tokens of its log-in end too, so that it stays out.
    """
    found = sessions.find(state.sessions, g.user_id, session_id)
    if query["revoke"]:
        with state.database.transaction() as connection:
            revocation = authorizations.end(connection, g.user_id, found.family)
        revocations.publish(revocation)
    state.revocation_stream.append([Closing(g.user_id, session_id)])
