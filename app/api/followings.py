"""Who follows whom, over HTTP."""

from typing import Any

from flask import g
from marshmallow import fields

from app import tokens
from app.api.auth import login_required
from app.api.blueprint import Blueprint
from app.api.fields import Answer, Body, Id, Page
from app.api.state import state
from app.crash_points import crash_point
from app.services import accounts, followings

bp = Blueprint("followings", __name__, url_prefix="/v1_0/user", description="Followings and followers")


class FollowBody(Body):
    target = Id(required=True)


class RelatedUser(Answer):
    id = Id()
    name = fields.String()
    photo = fields.String(allow_none=True)
    fans_count = fields.Integer()
    mutual_follow = fields.Boolean()


class RelatedUsers(Answer):
    total_count = fields.Integer()
    page = fields.Integer()
    per_page = fields.Integer()
    results = fields.List(fields.Nested(RelatedUser))


@bp.post("/followings")
@login_required
@bp.arguments(FollowBody)
@bp.response(201, FollowBody)
@bp.raises(followings.CannotFollowSelf, accounts.UnknownUser, accounts.UnknownCaller)
def follow(body: dict[str, int]) -> dict[str, int]:
    """Follow somebody; they are told. Following again changes nothing."""
    with state.database.one_statement() as connection:
        is_told = followings.follow(connection, follower_id=g.user_id, target_id=body["target"])
    if is_told:
        crash_point("after commit", state.settings)
        state.tasks.dispatch()
    return body


@bp.delete("/followings/<int:target_id>")
@login_required
@bp.response(204)
def unfollow(target_id: int) -> None:
    """Unfollow somebody; without effect where you do not follow them."""
    if target_id <= tokens.LARGEST_ID:
        with state.database.transaction() as connection:
            followings.unfollow(connection, follower_id=g.user_id, target_id=target_id)


@bp.get("/followings")
@login_required
@bp.arguments(Page, location="query")
@bp.response(200, RelatedUsers)
def list_followings(query: dict[str, int]) -> dict[str, Any]:
    """List those whom you follow, newest first."""
    with state.database.reading() as connection:
        total, results = followings.page_of_followings(connection, g.user_id, **query)
    return {"total_count": total, **query, "results": results}


@bp.get("/followers")
@login_required
@bp.arguments(Page, location="query")
@bp.response(200, RelatedUsers)
def list_followers(query: dict[str, int]) -> dict[str, Any]:
    """List those who follow you, newest first."""
    with state.database.reading() as connection:
        total, results = followings.page_of_followers(connection, g.user_id, **query)
    return {"total_count": total, **query, "results": results}
