"""The password of a user: check it, change it."""

from dataclasses import dataclass

from sqlalchemy import Connection, case, or_, select, update

from app import names
from app.models import ACTIVE, User
from app.services import passwords
from app.services.accounts import UnknownCaller


class WrongCredentials(Exception):
    """The name or the password is wrong. The caller does not learn which."""


@dataclass(frozen=True, slots=True)
class Credentials:
    user_id: int
    password_hash: str


def find(connection: Connection, name: str) -> Credentials | None:
    """Return the credentials of the user with this name, in any case and Unicode form; None if there is none."""
    normalized = names.normalize(name)
    is_named = or_(User.name.in_([name, normalized]), User.name_key == names.key(name))
    found = select(User.id, User.password_hash).where(is_named, User.status == ACTIVE)
    # An exact match first: an old name may differ from another only in its Unicode form or case.
    closest_first = case((User.name == name, 0), (User.name == normalized, 1), else_=2)
    row = connection.execute(found.order_by(closest_first).limit(1)).one_or_none()
    return None if row is None else Credentials(row.id, row.password_hash)


def of_user(connection: Connection, user_id: int) -> tuple[str, Credentials]:
    """Return a user's name and credentials; raise UnknownCaller."""
    found = select(User.name, User.password_hash).where(User.id == user_id, User.status == ACTIVE)
    row = connection.execute(found).one_or_none()
    if row is None:
        raise UnknownCaller
    return row.name, Credentials(user_id, row.password_hash)


def check(credentials: Credentials | None, password: str) -> Credentials:
    """Return credentials that fit; raise WrongCredentials or admission.TooManyAtOnce. As slow as hashing a password."""
    is_right = passwords.is_right(password, credentials.password_hash if credentials else None)
    if credentials is None or not is_right:
        raise WrongCredentials
    return credentials


def replace(connection: Connection, checked: Credentials, password_hash: str) -> None:
    """Set a new password; raise WrongCredentials if the old one has changed since it was checked."""
    unchanged = (User.id == checked.user_id, User.status == ACTIVE, User.password_hash == checked.password_hash)
    changed = update(User).where(*unchanged).values(password_hash=password_hash).returning(User.id)
    if connection.execute(changed).one_or_none() is None:
        raise WrongCredentials
