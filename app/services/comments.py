"""What people say of articles."""

import time
from typing import Any

from sqlalchemy import Connection, insert
from sqlalchemy.exc import IntegrityError

from app.events import CommentNotify
from app.models import Comment
from app.services import articles
from app.services.accounts import UnknownCaller
from core import inbox


def comment(connection: Connection, *, user_id: int, article_id: int, content: str) -> tuple[dict[str, Any], bool]:
    """Comment on an article; return the comment, and whether the author gets a notification.

    Raise UnknownArticle or UnknownCaller. Nobody is notified of their own comment.
    """
    article = articles.find(connection, article_id)
    row = {"article_id": article.id, "user_id": user_id, "content": content, "created_at": int(time.time())}
    try:
        comment_id = connection.execute(insert(Comment).values(row).returning(Comment.id)).scalar_one()
    except IntegrityError:
        raise UnknownCaller from None
    made = {"id": comment_id, "art_id": article.id, "content": content, "created_at": row["created_at"]}
    if article.author_id == user_id:
        return made, False
    event = CommentNotify(art_id=article.id, art_title=article.title)
    inbox.add(connection, event, recipient_id=article.author_id, actor_id=user_id)
    return made, True
