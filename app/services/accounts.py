"""Who uses the system: sign up, log in, profiles."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, insert, or_, select, true, update
from sqlalchemy.exc import IntegrityError

from app import names
from app.db import among
from app.models import ACTIVE, User
from app.profiles import Profile
from app.services import passwords, relations

_ESCAPE = "/"


class NameTaken(Exception):
    """Somebody has this name already, in letters of whichever case."""


class WrongCredentials(Exception):
    """No such user, or not this password; which of them is not told."""


class UnknownUser(Exception):
    """There is no user with this id."""


class UnknownCaller(Exception):
    """The one who asks is no user (any more), however good the token."""


@dataclass(frozen=True, slots=True)
class Credentials:
    user_id: int
    password_hash: str


def sign_up(
    connection: Connection, *, name: str, password_hash: str, photo: str | None = None, introduction: str | None = None
) -> Profile:
    """Make a user; raise NameTaken."""
    values = {"name": name, "name_key": names.key(name), "photo": photo, "introduction": introduction}
    new = insert(User).values(**values, password_hash=password_hash, status=ACTIVE, created_at=int(time.time()))
    try:
        user_id = connection.execute(new.returning(User.id)).scalar_one()
    except IntegrityError:
        raise NameTaken(name) from None
    return Profile(id=user_id, name=name, photo=photo, introduction=introduction)


def find_credentials(connection: Connection, name: str) -> Credentials | None:
    """Return what it takes to check the password of the user with this name, in whatever case and form it is typed."""
    kept = names.normalize(name)
    is_named = or_(User.name.in_([name, kept]), User.name_key == names.key(name))
    found = select(User.id, User.password_hash).where(is_named, User.status == ACTIVE)
    # A name from before there were kept forms and keys comes before another's that only looks the same.
    closest_first = case((User.name == name, 0), (User.name == kept, 1), else_=2)
    row = connection.execute(found.order_by(closest_first).limit(1)).one_or_none()
    return None if row is None else Credentials(row.id, row.password_hash)


def check_password(credentials: Credentials | None, password: str) -> int:
    """Return the user's id; raise WrongCredentials or passwords.TooManyAtOnce. As slow as hashing a password."""
    is_right = passwords.is_right(password, credentials.password_hash if credentials else None)
    if credentials is None or not is_right:
        raise WrongCredentials
    return credentials.user_id


def load_profiles(connection: Connection, user_ids: Iterable[int]) -> dict[int, Profile]:
    """Read the profiles of those who exist."""
    return {
        row.id: _profile(row)
        for row in connection.execute(_profiles().where(among(connection, User.id, list(user_ids))))
    }


def exists(connection: Connection, user_id: int) -> bool:
    """Say whether there is an active user with this id."""
    found = select(User.id).where(User.id == user_id, User.status == ACTIVE)
    return connection.execute(found).one_or_none() is not None


def change_profile(connection: Connection, user_id: int, changes: dict[str, str | None]) -> Profile:
    """Set the given fields and return the profile; raise NameTaken or UnknownCaller."""
    if changes:
        values: dict[str, Any] = dict(changes)
        if name := changes.get("name"):
            # A name that stays needs no key, where another's has it already.
            values["name_key"] = case((User.name == name, User.name_key), else_=names.key(name))
        try:
            connection.execute(update(User).where(User.id == user_id, User.status == ACTIVE).values(values))
        except IntegrityError:
            raise NameTaken(changes.get("name")) from None
    found = load_profiles(connection, [user_id])
    if user_id not in found:
        raise UnknownCaller
    return found[user_id]


def search(
    connection: Connection, *, viewer_id: int, query: str, page: int, per_page: int
) -> tuple[int, list[dict[str, Any]]]:
    """Return how many names hold the query, and one page of them by name: profiles, `fans_count` and `is_following`.

    It is a single statement.
    """
    query = names.normalize(query)
    matches: ColumnElement[bool] = User.status == ACTIVE
    if query:
        # Both in the database's own way: how many letters it knows depends on its locale.
        pattern = func.lower(f"%{_escaped(query)}%")
        matches = matches & func.lower(User.name).like(pattern, escape=_ESCAPE)
    total = select(func.count().label("total")).select_from(User).where(matches).subquery()
    found = _profiles().where(matches).order_by(User.name, User.id).limit(per_page).offset((page - 1) * per_page)
    user = found.subquery()
    # An outer join, so that a page beyond the last knows the total as well.
    rows = connection.execute(
        select(
            total.c.total,
            user,
            relations.fans_count(user.c.id).label("fans_count"),
            relations.is_following(viewer_id, user.c.id).label("is_following"),
        )
        .select_from(total.outerjoin(user, true()))
        .order_by(user.c.name, user.c.id)
    ).all()
    return rows[0].total, [_person(row) for row in rows if row.id is not None]


def _person(row: Any) -> dict[str, Any]:
    return {**_profile(row), "fans_count": row.fans_count, "is_following": bool(row.is_following)}


def _escaped(text: str) -> str:
    """Have LIKE take each character for itself."""
    return "".join(_ESCAPE + letter if letter in (_ESCAPE, "%", "_") else letter for letter in text)


def _profiles() -> Any:
    return select(User.id, User.name, User.photo, User.introduction).where(User.status == ACTIVE)


def _profile(row: object) -> Profile:
    return Profile(id=row.id, name=row.name, photo=row.photo, introduction=row.introduction)  # type: ignore[attr-defined]
