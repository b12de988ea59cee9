"""Who follows whom, over HTTP."""

from typing import Any

from marshmallow import fields

from app.api import limits
from app.api.auth import caller_account, login_required
from app.api.blueprint import Blueprint
from app.api.fields import Answer, Body, Id, Page
from app.api.state import state
from app.services import accounts, followings
from core import user_ids
from core.failpoints import failpoint

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
@limits.of_follows
@bp.arguments(FollowBody)
@bp.response(201, FollowBody)
@bp.raises(followings.CannotFollowSelf, accounts.UnknownUser, accounts.UnknownCaller)
def follow(body: dict[str, int]) -> dict[str, int]:
    """Follow somebody, who is notified. Following again changes nothing."""
    with state.database.one_statement() as connection:
        is_notified = followings.follow(connection, follower_id=caller_account(), target_id=body["target"])
    if is_notified:
        failpoint("after commit", state.settings)
        state.tasks.dispatch()
    return body


@bp.delete("/followings/<int:target_id>")
@login_required
@limits.of_follows
@bp.response(204)
@bp.raises(accounts.UnknownCaller)
def unfollow(target_id: int) -> None:
    """Unfollow somebody. A notification that they have not seen is withdrawn. It may be repeated."""
    if target_id <= user_ids.LARGEST_ID:
        with state.database.transaction() as connection:
            is_withdrawn = followings.unfollow(connection, follower_id=caller_account(), target_id=target_id)
        if is_withdrawn:
            state.tasks.dispatch()


@bp.get("/followings")
@login_required
@bp.arguments(Page, location="query")
@bp.response(200, RelatedUsers)
@bp.raises(accounts.UnknownCaller)
def list_followings(query: dict[str, int]) -> dict[str, Any]:
    """List the users whom you follow, newest first."""
    with state.database.reading() as connection:
        total, results = followings.page_of_followings(connection, caller_account(), **query)
    return {"total_count": total, **query, "results": results}


@bp.get("/followers")
@login_required
@bp.arguments(Page, location="query")
@bp.response(200, RelatedUsers)
@bp.raises(accounts.UnknownCaller)
def list_followers(query: dict[str, int]) -> dict[str, Any]:
    """List the users who follow you, newest first."""
    with state.database.reading() as connection:
        total, results = followings.page_of_followers(connection, caller_account(), **query)
    return {"total_count": total, **query, "results": results}
