"""Whether a user may use the system."""

from sqlalchemy import Connection, update

from app.models import ACTIVE, CLOSED, User
from app.services import authorizations
from app.services.accounts import UnknownUser
from core.revoked_tokens import Revocation
from core.user_ids import as_text


def disable(connection: Connection, user_id: int) -> Revocation:
    """Let a user log in no more, and end all their tokens; raise UnknownUser."""
    _set_status(connection, user_id, CLOSED)
    return authorizations.end_all(connection, as_text(user_id))


def enable(connection: Connection, user_id: int) -> None:
    """Let a user log in again; raise UnknownUser. Tokens that have ended stay so."""
    _set_status(connection, user_id, ACTIVE)


def _set_status(connection: Connection, user_id: int, status: int) -> None:
    changed = connection.execute(update(User).where(User.id == user_id).values(status=status).returning(User.id))
    if changed.one_or_none() is None:
        raise UnknownUser(user_id)
