"""Who likes which article."""

import time
from typing import Any

from sqlalchemy import Connection, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from app.events import LikingNotify
from app.models import LIKED, NOT_LIKED, Liking
from app.services import articles
from app.services.accounts import UnknownCaller
from core import inbox, withdrawals


def like(connection: Connection, *, user_id: int, article_id: int) -> bool:
    """Like an article; return whether its author gets a notification.

    Raise UnknownArticle or UnknownCaller. The author gets one notification of each user, however often this user likes
    the article again, and none of their own like.
    """
    article = articles.find(connection, article_id)
    try:
        is_first = _add(connection, user_id, article_id)
    except IntegrityError:
        raise UnknownCaller from None
    if not is_first:
        _set(connection, user_id, article_id, LIKED)
    if not is_first or article.author_id == user_id:
        return False
    event = LikingNotify(art_id=article.id, art_title=article.title)
    inbox.add(connection, event, recipient_id=article.author_id, actor_id=user_id)
    return True


def take_back(connection: Connection, *, user_id: int, article_id: int) -> bool:
    """Like an article no more. Change nothing if the user does not like it.

    A notification of it that the author has not seen is withdrawn: return whether there was one.
    """
    if not _set(connection, user_id, article_id, NOT_LIKED):
        return False
    article = articles.find(connection, article_id)
    event = LikingNotify(art_id=article.id, art_title=article.title)
    return withdrawals.withdraw_unseen(connection, event, recipient_id=article.author_id, actor_id=user_id)


def _add(connection: Connection, user_id: int, article_id: int) -> bool:
    """Add the row of a first like; return False where there is one already."""
    insert: Any = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert
    now = int(time.time())
    row = {"user_id": user_id, "article_id": article_id, "status": LIKED, "created_at": now, "updated_at": now}
    added = insert(Liking).values(row).on_conflict_do_nothing(index_elements=["user_id", "article_id"])
    return connection.execute(added.returning(Liking.article_id)).one_or_none() is not None


def _set(connection: Connection, user_id: int, article_id: int, status: int) -> bool:
    """Change the status; say whether it was another one."""
    own = (Liking.user_id == user_id, Liking.article_id == article_id, Liking.status != status)
    changed = connection.execute(update(Liking).where(*own).values(status=status, updated_at=int(time.time())))
    return changed.rowcount > 0
