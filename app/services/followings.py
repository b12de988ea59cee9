"""Who follows whom."""

import time
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Select,
    String,
    and_,
    bindparam,
    cast,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from app.events import FollowingNotify
from app.models import ACTIVE, FOLLOWING, NOT_FOLLOWING, Relation, User
from app.services import relations
from app.services.accounts import UnknownCaller, UnknownUser
from core import inbox, withdrawals
from core.inbox_filters import IS_UNREAD
from core.models import TOLD_BEFORE, Notification

_SILENT_SECONDS = 600


class CannotFollowSelf(Exception):
    """A user can't follow themselves."""


def follow(connection: Connection, *, follower_id: int, target_id: int) -> bool:
    """Make follower follow target; return whether target gets a notification.

    Raise CannotFollowSelf, UnknownUser or UnknownCaller. Following again changes nothing. Following again after an
    unfollow sends nothing while the first notification is unread. Within ten minutes it shows no toast: an unfollow
    withdraws what was not seen, so who follows again and again would disturb target each time.
    """
    if follower_id == target_id:
        raise CannotFollowSelf
    steps = _follow_in_steps if connection.dialect.name == "sqlite" else _follow_in_one
    try:
        return steps(connection, {"follower": follower_id, "target": target_id, "now": int(time.time())})
    except IntegrityError:  # the follower's foreign key: the target exists in the same statement or transaction
        raise UnknownCaller from None


def unfollow(connection: Connection, *, follower_id: int, target_id: int) -> bool:
    """End a following. Change nothing if there is none.

    A notification of it that target has not seen is withdrawn: return whether there was one.
    """
    relation = and_(Relation.user_id == follower_id, Relation.target_id == target_id, Relation.status == FOLLOWING)
    connection.execute(update(Relation).where(relation).values(status=NOT_FOLLOWING, updated_at=int(time.time())))
    return withdrawals.withdraw_unseen(connection, FollowingNotify(), recipient_id=target_id, actor_id=follower_id)


def is_following(connection: Connection, *, follower_id: int, target_id: int) -> bool:
    """Return whether follower follows target."""
    return bool(connection.execute(select(relations.is_following(follower_id, target_id))).scalar_one())


def fans_count(connection: Connection, user_id: int) -> int:
    """Count a user's followers."""
    return int(connection.execute(select(relations.fans_count(literal(user_id)))).scalar_one())


def page_of_followings(
    connection: Connection, user_id: int, *, page: int, per_page: int
) -> tuple[int, list[dict[str, Any]]]:
    """Return how many users this one follows, and one page of them, newest first."""
    mine = and_(Relation.user_id == user_id, Relation.status == FOLLOWING)
    return _page(connection, user_id, mine, Relation.target_id, page=page, per_page=per_page)


def page_of_followers(
    connection: Connection, user_id: int, *, page: int, per_page: int
) -> tuple[int, list[dict[str, Any]]]:
    """Return how many users follow this one, and one page of them, newest first."""
    mine = and_(Relation.target_id == user_id, Relation.status == FOLLOWING)
    return _page(connection, user_id, mine, Relation.user_id, page=page, per_page=per_page)


def _follow_in_one(connection: Connection, values: dict[str, int]) -> bool:
    """Check the target, write the relation and the notification in a single statement: one round trip, one commit."""
    answer = connection.execute(_in_one(), values).one()
    if not answer.is_known:
        raise UnknownUser(values["target"])
    return bool(answer.is_notified)


def _follow_in_steps(connection: Connection, values: dict[str, int]) -> bool:
    """Do the same in steps: SQLite can't change data inside a query, and has no round trips."""
    known, turned_on, has_unread, unfollowed = _in_steps()
    if connection.execute(known, values).one_or_none() is None:
        raise UnknownUser(values["target"])
    was_told = connection.execute(unfollowed, values).scalar() is not None
    if connection.execute(turned_on, values).one_or_none() is None:
        return False
    if connection.execute(has_unread, values).scalar_one():
        return False
    pair = {"recipient_id": values["target"], "actor_id": values["follower"]}
    inbox.add(connection, FollowingNotify(), **pair, was_told=was_told)
    return True


# It takes longer to build a statement than to run it. So each is built once, with these parameters.
_FOLLOWER, _TARGET, _NOW = (bindparam(name, type_=BigInteger) for name in ("follower", "target", "now"))


@cache
def _in_one() -> Any:
    target = select(User.id).where(User.id == _TARGET, User.status == ACTIVE).cte("known")
    turned_on = _turn_on(postgresql.insert(Relation), select(target.c.id)).returning(Relation.target_id).cte("relation")
    recipient_id, actor_id = cast(turned_on.c.target_id, String), cast(_FOLLOWER, String)
    told_before = _unfollowed(turned_on.c.target_id)  # as it was before this statement
    row = select(recipient_id, actor_id, literal(FollowingNotify.declaration.name), _NOW, told_before)
    columns = ["recipient_id", "actor_id", "event", "created_at", "pushed_at"]
    notified = (
        insert(Notification)
        .from_select(columns, row.where(~_has_unread(turned_on.c.target_id)))
        .returning(Notification.id)
        .cte("notified")
    )
    return select(
        exists(select(target.c.id)).label("is_known"),
        exists(select(notified.c.id)).label("is_notified"),
    )


@cache
def _in_steps() -> tuple[Any, Any, Any, Any]:
    known = select(User.id).where(User.id == _TARGET, User.status == ACTIVE)
    turned_on = _turn_on(sqlite.insert(Relation), known).returning(Relation.target_id)
    return known, turned_on, select(_has_unread(_TARGET)), select(_unfollowed(_TARGET))


def _turn_on(new: Any, target: Select[Any]) -> Any:
    column = target.selected_columns[0]
    row = target.with_only_columns(_FOLLOWER, column, literal(FOLLOWING), _NOW, _NOW).where(
        column.is_not(None)
    )  # without a WHERE, SQLite would read the upsert's ON as part of a join
    insertion = new.from_select(["user_id", "target_id", "status", "created_at", "updated_at"], row)
    return insertion.on_conflict_do_update(
        index_elements=["user_id", "target_id"],
        set_={"status": FOLLOWING, "updated_at": _NOW},
        where=Relation.status != FOLLOWING,
    )


def _unfollowed(target_id: Any) -> Any:
    """Select TOLD_BEFORE if the follower has ended to follow target a moment ago."""
    old = aliased(Relation)
    ended = (old.user_id == _FOLLOWER, old.target_id == target_id, old.status == NOT_FOLLOWING)
    return select(literal(TOLD_BEFORE)).where(*ended, old.updated_at > _NOW - _SILENT_SECONDS).scalar_subquery()


def _has_unread(target_id: Any) -> Any:
    return exists().where(
        Notification.recipient_id == cast(target_id, String),
        Notification.actor_id == cast(_FOLLOWER, String),
        Notification.event == FollowingNotify.declaration.name,
        *IS_UNREAD,
    )


def _page(
    connection: Connection, user_id: int, mine: Any, other_id: Any, *, page: int, per_page: int
) -> tuple[int, list[dict[str, Any]]]:
    total = connection.execute(select(func.count()).select_from(Relation).where(mine)).scalar_one()
    # The query selects one direction. The pair is mutual if the other direction exists too.
    pair = (other_id, user_id) if other_id is Relation.target_id else (user_id, other_id)
    back = relations.is_following(*pair).label("mutual_follow")
    rows = connection.execute(
        select(User.id, User.name, User.photo, relations.fans_count(User.id).label("fans_count"), back)
        .join(Relation, other_id == User.id)
        .where(mine)
        .order_by(Relation.updated_at.desc(), Relation.id.desc())
        .limit(per_page)
        .offset((page - 1) * per_page)
    )
    return total, [dict(row._mapping) for row in rows]
