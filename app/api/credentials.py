"""Change the password, over HTTP."""

from flask import g
from flask_smorest import abort

from app.api import login_guard, revocations
from app.api.auth import caller_account, login_required
from app.api.blueprint import Blueprint
from app.api.fields import Body, Text
from app.api.state import state
from app.services import accounts, authorizations, credentials, passwords
from app.services.admission import TooManyAtOnce
from app.services.login_pauses import TooManyFailures

bp = Blueprint("credentials", __name__, url_prefix="/v1_0/user", description="The password")


class PasswordBody(Body):
    old = Text(1, 128, required=True)
    new = Text(6, 128, required=True)


@bp.put("/password")
@login_required
@bp.arguments(PasswordBody)
@bp.response(204)
@bp.raises(accounts.UnknownCaller, TooManyFailures, TooManyAtOnce)
def change_password(body: dict[str, str]) -> None:
    """Change your password. All tokens that do not come from your own log-in end, and their sockets are closed.

    A wrong old password is answered 422 and not 401, which would mean that the token has ended.
    """
    with state.database.reading() as connection:
        name, found = credentials.of_user(connection, caller_account())
    try:
        with login_guard.slowing_guesses(name):
            checked = credentials.check(found, body["old"])
            new_hash = passwords.hash_password(body["new"])
            with state.database.transaction() as connection:
                credentials.replace(connection, checked, new_hash)
                revocation = authorizations.end_all(connection, g.user_id, shown=g.claims, is_spared=True)
    except credentials.WrongCredentials:
        abort(422, messages={"json": {"old": ["This is not your password."]}})
    revocations.publish(revocation)
