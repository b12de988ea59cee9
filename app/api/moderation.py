"""What other services decide about users, over HTTP."""

from marshmallow import fields
from marshmallow.validate import OneOf

from app.api import revocations
from app.api.auth import service_key_required
from app.api.blueprint import Blueprint
from app.api.fields import Answer, Body, Id
from app.api.state import state
from app.services import accounts, authorizations, moderation
from core import user_ids
from core.user_ids import as_text, is_valid

bp = Blueprint("moderation", __name__, url_prefix="/v1_0/users", description="For other services, which have a key")

_STATUS = OneOf(["active", "disabled"])


class StatusBody(Body):
    status = fields.String(required=True, validate=_STATUS)


class StatusAnswer(Answer):
    id = Id()
    status = fields.String(validate=_STATUS)


@bp.patch("/<int:user_id>")
@service_key_required
@bp.arguments(StatusBody)
@bp.response(200, StatusAnswer)
@bp.raises(accounts.UnknownUser)
def set_status(body: dict[str, str], user_id: int) -> dict[str, object]:
    """Disable a user, or enable them again.

    Whoever is disabled can't log in, and is shown to nobody. All their tokens end, for good, and their sockets are
    closed.
    """
    if not 0 < user_id <= user_ids.LARGEST_ID:
        raise accounts.UnknownUser(user_id)
    with state.database.transaction() as connection:
        if body["status"] == "active":
            moderation.enable(connection, user_id)
            revocation = None
        else:
            revocation = moderation.disable(connection, user_id)
    state.profiles.forget(as_text(user_id))
    if revocation:
        revocations.publish(revocation)
    return {"id": user_id, **body}


@bp.post("/<path:user_id>/disconnect")
@service_key_required
@bp.response(204)
@bp.raises(accounts.UnknownUser)
def disconnect(user_id: str) -> None:
    """End all tokens of a user that were issued so far, and close all their sockets.

    204 also for an id that has no account here: its tokens may be signed elsewhere. 404 for what can't be an id.
    """
    if not is_valid(user_id):
        raise accounts.UnknownUser(user_id)
    with state.database.transaction() as connection:
        revocation = authorizations.end_all(connection, user_id)
    revocations.publish(revocation)
