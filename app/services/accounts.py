"""Users: sign up, profiles, search."""

import time
from collections.abc import Iterable
from typing import Any, TypedDict

from sqlalchemy import ColumnElement, Connection, case, func, insert, select, true, update
from sqlalchemy.exc import IntegrityError

from app import names
from app.models import ACTIVE, User
from app.services import relations
from core.db import among
from core.profiles import Profile
from core.user_ids import as_json, as_text

_ESCAPE = "/"


class NameTaken(Exception):
    """Another user has this name, perhaps with other upper or lower case letters."""


class UnknownUser(Exception):
    """There is no user with this id."""


class UnknownCaller(Exception):
    """The token is valid, but its user does not exist (any more)."""


class Account(TypedDict):
    """A user with the profile that others see. The engine knows the same user by the text of `id`."""

    id: int
    name: str
    photo: str | None
    introduction: str | None


def id_of(user_id: str) -> int | None:
    """Return the id of the account that an id of the engine names; None where there can be none."""
    account_id = as_json(user_id)
    return account_id if isinstance(account_id, int) else None


def sign_up(
    connection: Connection, *, name: str, password_hash: str, photo: str | None = None, introduction: str | None = None
) -> Account:
    """Make a user; raise NameTaken."""
    values = {"name": name, "name_key": names.key(name), "photo": photo, "introduction": introduction}
    new = insert(User).values(**values, password_hash=password_hash, status=ACTIVE, created_at=int(time.time()))
    try:
        user_id = connection.execute(new.returning(User.id)).scalar_one()
    except IntegrityError:
        raise NameTaken(name) from None
    return Account(id=user_id, name=name, photo=photo, introduction=introduction)


def load_profiles(connection: Connection, user_ids: Iterable[str]) -> dict[str, Profile]:
    """Read for the engine the profiles of those who exist."""
    accounts = _read(connection, [account_id for user_id in user_ids if (account_id := id_of(user_id)) is not None])
    return {as_text(each["id"]): Profile(**{**each, "id": as_text(each["id"])}) for each in accounts}


def exists(connection: Connection, user_id: int) -> bool:
    """Return whether there is an active user with this id."""
    found = select(User.id).where(User.id == user_id, User.status == ACTIVE)
    return connection.execute(found).one_or_none() is not None


def change_profile(connection: Connection, user_id: int, changes: dict[str, str | None]) -> Account:
    """Set the given fields and return the profile; raise NameTaken or UnknownCaller."""
    if changes:
        values: dict[str, Any] = dict(changes)
        if name := changes.get("name"):
            # A name that does not change keeps its key: it may have none, because another user has that key.
            values["name_key"] = case((User.name == name, User.name_key), else_=names.key(name))
        try:
            connection.execute(update(User).where(User.id == user_id, User.status == ACTIVE).values(values))
        except IntegrityError:
            raise NameTaken(changes.get("name")) from None
    found = _read(connection, [user_id])
    if not found:
        raise UnknownCaller
    return found[0]


def search(
    connection: Connection, *, viewer_id: int, query: str, page: int, per_page: int
) -> tuple[int, list[dict[str, Any]]]:
    """Return how many names contain the query, and one page of these users in order of name.

    Each user has a profile, `fans_count` and `is_following`. It is a single statement.
    """
    query = names.normalize(query)
    matches: ColumnElement[bool] = User.status == ACTIVE
    if query:
        # The database converts both to lower case: which letters it can convert depends on its locale.
        pattern = func.lower(f"%{_escaped(query)}%")
        matches = matches & func.lower(User.name).like(pattern, escape=_ESCAPE)
    total = select(func.count().label("total")).select_from(User).where(matches).subquery()
    found = _accounts().where(matches).order_by(User.name, User.id).limit(per_page).offset((page - 1) * per_page)
    user = found.subquery()
    # An outer join, so that a page after the last one also has the total.
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


def people(connection: Connection, ids: Iterable[int], *, viewer_id: int) -> list[dict[str, Any]]:
    """Return those of these users who exist, as `search` does, in order of id."""
    user = _accounts().where(among(connection, User.id, sorted(set(ids)))).subquery()
    fans = relations.fans_count(user.c.id).label("fans_count")
    is_following = relations.is_following(viewer_id, user.c.id).label("is_following")
    rows = connection.execute(select(user, fans, is_following).order_by(user.c.id))
    return [_person(row) for row in rows]


def _read(connection: Connection, ids: list[int]) -> list[Account]:
    return [_account(row) for row in connection.execute(_accounts().where(among(connection, User.id, ids)))]


def _person(row: Any) -> dict[str, Any]:
    return {**_account(row), "fans_count": row.fans_count, "is_following": bool(row.is_following)}


def _escaped(text: str) -> str:
    """Escape the characters that have a meaning in LIKE."""
    return "".join(_ESCAPE + letter if letter in (_ESCAPE, "%", "_") else letter for letter in text)


def _accounts() -> Any:
    return select(User.id, User.name, User.photo, User.introduction).where(User.status == ACTIVE)


def _account(row: object) -> Account:
    return Account(id=row.id, name=row.name, photo=row.photo, introduction=row.introduction)  # type: ignore[attr-defined]
