"""Log in, renew the tokens, log out."""

import logging
from typing import Any

from flask import g
from marshmallow import fields
from marshmallow.validate import OneOf

from app import names
from app.api import cookies, login_guard, revocations
from app.api.auth import any_token_required, own_tokens_required, refresh_token_required, unauthorized
from app.api.blueprint import Blueprint
from app.api.fields import Answer, Body, Query, Text
from app.api.state import state
from app.services import accounts, authorizations, credentials
from app.services.admission import TooManyAtOnce
from app.services.authorizations import Authorization
from app.services.login_pauses import TooManyFailures
from core.revoked_tokens import Revocation

log = logging.getLogger(__name__)

bp = Blueprint("authorizations", __name__, url_prefix="/v1_0", description="Log-in, tokens, log-out")


class LogInBody(Body):
    user_name = Text(1, names.LONGEST_TYPED, required=True)
    password = Text(1, 128, required=True)
    cookie = fields.Boolean(
        truthy={True},
        falsy={False},
        load_default=False,
        metadata={"description": "whether the refresh token comes in a cookie"},
    )


COOKIE = {"Set-Cookie": {"description": "the refresh token, if it is in a cookie", "schema": {"type": "string"}}}


class TokensAnswer(Answer):
    token = fields.String()
    refresh_token = fields.String(allow_none=True, metadata={"description": "null where it is in the cookie"})


class LogOutQuery(Query):
    token = fields.String(validate=OneOf(["this"]))


@bp.post("/authorizations")
@own_tokens_required
@bp.arguments(LogInBody)
@bp.response(201, TokensAnswer, headers=COOKIE)
@bp.raises(credentials.WrongCredentials, TooManyFailures, TooManyAtOnce)
def log_in(body: dict[str, Any]) -> Any:
    """Log in. 401 if the name or the password is wrong.

    With `cookie`, the refresh token comes in a cookie that no script can read, and `refresh_token` is null.
    """
    with login_guard.slowing_guesses(body["user_name"]):
        with state.database.reading() as connection:
            found = credentials.find(connection, body["user_name"])
        checked = credentials.check(found, body["password"])
        with state.database.transaction() as connection:
            begun = authorizations.log_in(connection, checked)
    return _answer(begun, in_cookie=body["cookie"])


@bp.put("/authorizations")
@own_tokens_required
@refresh_token_required
@bp.response(201, TokensAnswer, headers=COOKIE)
@bp.raises(accounts.UnknownCaller, authorizations.TokenRevoked)
def renew_tokens() -> Any:
    """Get a new access token and a new refresh token; the Bearer token is the refresh token, or it is in the cookie.

    A refresh token is used once: keep the new one. For 10 seconds the one that it replaced gets the same answer; later
    it revokes all tokens of this log-in.
    """
    with state.database.transaction() as connection:
        renewed = authorizations.renew(connection, g.claims)
    if isinstance(renewed, Revocation):
        log.warning("a refresh token of user %s was used again; family %s is revoked", g.user_id, g.claims.family)
        revocations.publish(renewed)
        raise unauthorized("the token is revoked")
    return _answer(renewed, in_cookie=cookies.is_used())


@bp.delete("/authorizations")
@any_token_required
@bp.arguments(LogOutQuery, location="query")
@bp.response(204, headers=COOKIE)
def log_out(query: dict[str, str]) -> Any:
    """Log out everywhere: all your tokens that were issued so far end, and all your sockets are closed.

    With `token=this`, only the tokens that come from the same log-in as the one that you present.
    """
    with state.database.transaction() as connection:
        if query:
            revocation = authorizations.end(connection, g.user_id, g.claims.family)
        else:
            revocation = authorizations.end_all(connection, g.user_id, shown=g.claims)
    revocations.publish(revocation)
    return None, cookies.removing()


def _answer(given: Authorization, *, in_cookie: bool) -> tuple[dict[str, str | None], dict[str, str]]:
    secret, parties = state.settings.jwt_secrets[0], state.settings.parties
    refresh_token = given.refresh_token(secret, parties)
    body = {"token": given.access_token(secret, parties), "refresh_token": None if in_cookie else refresh_token}
    return body, cookies.keeping(refresh_token) if in_cookie else {}
