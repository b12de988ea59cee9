"""Users and their profiles, over HTTP."""

from typing import Any

from flask import g
from marshmallow import ValidationError, fields, validates_schema
from marshmallow.validate import Length, Range
from webargs.fields import DelimitedList

from app.api import limits
from app.api.auth import caller_account, login_required
from app.api.blueprint import Blueprint
from app.api.fields import Answer, Body, Id, Name, Page, Photo, Query, Text
from app.api.state import keep_unread_count, state, unread_moment
from app.services import accounts, followings, passwords
from app.services.admission import TooManyAtOnce
from core.presence import is_online, online_among
from core.unread import Counts
from core.user_ids import LARGEST_ID, as_text

_MOST_IDS = 100

bp = Blueprint("accounts", __name__, url_prefix="/v1_0", description="Users and their profiles")


class ProfileAnswer(Answer):
    id = Id()
    name = fields.String()
    photo = fields.String(allow_none=True)
    introduction = fields.String(allow_none=True)


class UserAnswer(ProfileAnswer):
    fans_count = fields.Integer()
    is_following = fields.Boolean()
    online = fields.Boolean()


class UsersAnswer(Answer):
    total_count = fields.Integer()
    page = fields.Integer()
    per_page = fields.Integer()
    results = fields.List(fields.Nested(UserAnswer))


class SignUpBody(Body):
    user_name = Name(required=True)
    password = Text(6, 128, required=True)
    photo = Photo(load_default=None)
    introduction = Text(0, 1000, allow_none=True, load_default=None)


class ProfileBody(Body):
    name = Name()
    photo = Photo()
    introduction = Text(0, 1000, allow_none=True)


def _ids(**options: Any) -> DelimitedList:
    return DelimitedList(fields.Integer(validate=Range(1, LARGEST_ID)), validate=Length(1, _MOST_IDS), **options)


class StatusQuery(Query):
    ids = _ids(required=True)


class OnlineAnswer(Answer):
    id = Id()
    online = fields.Boolean()


class OnlineListAnswer(Answer):
    results = fields.List(fields.Nested(OnlineAnswer))


class UsersQuery(Page):
    q = Text(0, 64, load_default="")
    ids = _ids(metadata={"description": "these users, in one page; without `q`, `page` and `per_page`"})

    @validates_schema(pass_original=True)
    def _asks_one_thing(self, query: dict[str, Any], given: Any, **_options: object) -> None:
        if "ids" in query and any(name in given for name in ("q", "page", "per_page")):
            raise ValidationError("Should be alone: it names the users, so there is nothing to search.", "ids")


@bp.post("/users")
@limits.of_sign_ups
@bp.arguments(SignUpBody)
@bp.response(201, ProfileAnswer)
@bp.raises(accounts.NameTaken, TooManyAtOnce)
def sign_up(body: dict[str, Any]) -> Any:
    """Sign up. 409 if the name is taken."""
    password_hash = passwords.hash_password(body["password"])
    read_at = unread_moment()  # before the sign-up, so before anybody can follow the new user
    with state.database.transaction() as connection:
        profile = accounts.sign_up(
            connection,
            name=body["user_name"],
            password_hash=password_hash,
            photo=body["photo"],
            introduction=body["introduction"],
        )
    user_id = as_text(profile["id"])
    state.profiles.forget(user_id)  # somebody may have asked for this id before it existed
    keep_unread_count(user_id, Counts(), read_at=read_at, create_missing=True)
    return profile


@bp.get("/user")
@login_required
@bp.response(200, ProfileAnswer)
@bp.raises(accounts.UnknownCaller)
def read_profile() -> Any:
    """Read your own profile."""
    profile = state.profiles.get(g.user_id)
    if profile is None:
        raise accounts.UnknownCaller
    return {**profile, "id": caller_account()}


@bp.patch("/user")
@login_required
@bp.arguments(ProfileBody)
@bp.response(200, ProfileAnswer)
@bp.raises(accounts.NameTaken, accounts.UnknownCaller)
def change_profile(changes: dict[str, str | None]) -> Any:
    """Change your profile; the next push shows the new one.

    A field that you leave out does not change. Null removes photo or introduction.
    """
    with state.database.transaction() as connection:
        profile = accounts.change_profile(connection, caller_account(), changes)
    state.profiles.forget(g.user_id)
    return profile


@bp.get("/users")
@login_required
@bp.arguments(UsersQuery, location="query")
@bp.response(200, UsersAnswer)
@bp.raises(accounts.UnknownCaller)
def find_users(query: dict[str, Any]) -> dict[str, Any]:
    """Find people whose name contains a text, in order of name, and whether you follow them.

    With `ids` you get those of these users who exist, such as all people of a list in one call.
    """
    page, per_page, viewer_id = query["page"], query["per_page"], caller_account()
    with state.database.reading() as connection:
        if "ids" in query:
            found = accounts.people(connection, query["ids"], viewer_id=viewer_id)
            total, per_page = len(found), _MOST_IDS
        else:
            total, found = accounts.search(
                connection, viewer_id=viewer_id, query=query["q"], page=page, per_page=per_page
            )
    online = online_among(state.redis, (as_text(user["id"]) for user in found), state.keys)
    results = [{**user, "online": as_text(user["id"]) in online} for user in found]
    return {"total_count": total, "page": page, "per_page": per_page, "results": results}


@bp.get("/users/status")
@login_required
@bp.arguments(StatusQuery, location="query")
@bp.response(200, OnlineListAnswer)
def read_status(query: dict[str, Any]) -> dict[str, Any]:
    """Say who of these users is online: has an open socket. Nobody else is, also no user who does not exist."""
    ids = dict.fromkeys(query["ids"])
    online = online_among(state.redis, map(as_text, ids), state.keys)
    return {"results": [{"id": id_, "online": as_text(id_) in online} for id_ in ids]}


@bp.get("/users/<int:user_id>")
@login_required
@bp.response(200, UserAnswer)
@bp.raises(accounts.UnknownUser, accounts.UnknownCaller)
def read_user(user_id: int) -> dict[str, Any]:
    """Read somebody's profile, and whether you follow them."""
    viewer_id, name = caller_account(), str(user_id)
    profile = state.profiles.get(name) if accounts.id_of(name) else None
    if profile is None:
        raise accounts.UnknownUser(user_id)
    with state.database.reading() as connection:
        return {
            **profile,
            "id": user_id,
            "fans_count": followings.fans_count(connection, user_id),
            "is_following": followings.is_following(connection, follower_id=viewer_id, target_id=user_id),
            "online": is_online(state.redis, name, state.keys),
        }
