"""Users, authorizations and profiles."""

from typing import Any

from flask import g
from marshmallow import fields

from app import names, tokens
from app.api.auth import login_required, refresh_token_required
from app.api.blueprint import Blueprint
from app.api.fields import Answer, Body, Id, Name, Page, Photo, Text
from app.api.state import keep_unread_count, state, unread_moment
from app.presence import is_online, online_among
from app.services import accounts, followings, passwords

bp = Blueprint("accounts", __name__, url_prefix="/v1_0", description="Users and their tokens")


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


class LogInBody(Body):
    user_name = Text(1, names.LONGEST_TYPED, required=True)
    password = Text(1, 128, required=True)


class ProfileBody(Body):
    name = Name()
    photo = Photo()
    introduction = Text(0, 1000, allow_none=True)


class TokenAnswer(Answer):
    token = fields.String()


class TokensAnswer(TokenAnswer):
    refresh_token = fields.String()


class UsersQuery(Page):
    q = Text(0, 64, load_default="")


@bp.post("/users")
@bp.arguments(SignUpBody)
@bp.response(201, ProfileAnswer)
@bp.raises(accounts.NameTaken, passwords.TooManyAtOnce)
def sign_up(body: dict[str, Any]) -> Any:
    """Sign up. 409 if the name is taken."""
    password_hash = passwords.hash_password(body["password"])
    read_at = unread_moment()  # of a time before anybody can know the new user, and follow
    with state.database.transaction() as connection:
        profile = accounts.sign_up(
            connection,
            name=body["user_name"],
            password_hash=password_hash,
            photo=body["photo"],
            introduction=body["introduction"],
        )
    state.profiles.forget(profile["id"])  # others may have asked for this id before there was anybody
    keep_unread_count(profile["id"], 0, read_at=read_at, is_first=True)
    return profile


@bp.post("/authorizations")
@bp.arguments(LogInBody)
@bp.response(201, TokensAnswer)
@bp.raises(accounts.WrongCredentials, passwords.TooManyAtOnce)
def log_in(body: dict[str, str]) -> dict[str, str]:
    """Log in. 401 if the name or the password is wrong."""
    with state.database.reading() as connection:
        credentials = accounts.find_credentials(connection, body["user_name"])
    user_id = accounts.check_password(credentials, body["password"])
    return {
        "token": tokens.sign(state.secret, user_id=user_id),
        "refresh_token": tokens.sign(state.secret, user_id=user_id, refresh=True),
    }


@bp.put("/authorizations")
@refresh_token_required
@bp.response(201, TokenAnswer)
def renew_token() -> dict[str, str]:
    """Get a new access token; the Bearer token is the refresh token."""
    return {"token": tokens.sign(state.secret, user_id=g.user_id)}


@bp.get("/user")
@login_required
@bp.response(200, ProfileAnswer)
@bp.raises(accounts.UnknownCaller)
def read_profile() -> Any:
    """Read your own profile."""
    profile = state.profiles.get(g.user_id)
    if profile is None:
        raise accounts.UnknownCaller
    return profile


@bp.patch("/user")
@login_required
@bp.arguments(ProfileBody)
@bp.response(200, ProfileAnswer)
@bp.raises(accounts.NameTaken, accounts.UnknownCaller)
def change_profile(changes: dict[str, str | None]) -> Any:
    """Change your profile; the next push shows the new one.

    What is left out stays as it is. Null takes photo or introduction away.
    """
    with state.database.transaction() as connection:
        profile = accounts.change_profile(connection, g.user_id, changes)
    state.profiles.forget(g.user_id)
    return profile


@bp.get("/users")
@login_required
@bp.arguments(UsersQuery, location="query")
@bp.response(200, UsersAnswer)
def find_users(query: dict[str, Any]) -> dict[str, Any]:
    """Find people whose name holds a text, by name, and how you stand to them."""
    page, per_page = query["page"], query["per_page"]
    with state.database.reading() as connection:
        total, found = accounts.search(connection, viewer_id=g.user_id, query=query["q"], page=page, per_page=per_page)
    online = online_among(state.redis, (user["id"] for user in found))
    results = [{**user, "online": user["id"] in online} for user in found]
    return {"total_count": total, "page": page, "per_page": per_page, "results": results}


@bp.get("/users/<int:user_id>")
@login_required
@bp.response(200, UserAnswer)
@bp.raises(accounts.UnknownUser)
def read_user(user_id: int) -> dict[str, Any]:
    """Read somebody's profile, and how you stand to them."""
    profile = state.profiles.get(user_id) if user_id <= tokens.LARGEST_ID else None
    if profile is None:
        raise accounts.UnknownUser(user_id)
    with state.database.reading() as connection:
        return {
            **profile,
            "fans_count": followings.fans_count(connection, user_id),
            "is_following": followings.is_following(connection, follower_id=g.user_id, target_id=user_id),
            "online": is_online(state.redis, user_id),
        }
