"""The smallest articles: somebody publishes one, and all can see it."""

import time
from typing import Any

from sqlalchemy import Connection, exists, func, insert, select
from sqlalchemy.exc import IntegrityError

from app.models import LIKED, Article, Comment, Liking, User
from app.services.accounts import UnknownCaller

LONGEST_TITLE = 200  # characters
_MOST_ROWS = 10_000  # a page further back costs the database too much


class UnknownArticle(Exception):
    """There is no article with this id."""


class TooFar(Exception):
    """A page is beyond the first 10,000 rows. A caller goes on with `before`."""


def publish(connection: Connection, *, author_id: int, title: str) -> dict[str, Any]:
    """Publish an article; return it. Raise UnknownCaller."""
    row = {"author_id": author_id, "title": title, "created_at": int(time.time())}
    try:
        article_id = connection.execute(insert(Article).values(row).returning(Article.id)).scalar_one()
    except IntegrityError:
        raise UnknownCaller from None
    return {"id": article_id, "title": title, "created_at": row["created_at"]}


def find(connection: Connection, article_id: int) -> Any:
    """Return the id, the title and the author's id of an article; raise UnknownArticle."""
    columns = (Article.id, Article.title, Article.author_id)
    found = connection.execute(select(*columns).where(Article.id == article_id)).one_or_none()
    if found is None:
        raise UnknownArticle(article_id)
    return found


def page(
    connection: Connection, *, viewer_id: int, page: int, per_page: int, before: int | None
) -> tuple[int, list[dict[str, Any]]]:
    """Return how many articles there are, 10,000 at most, and one page of those with ids below `before`, newest first.

    Raise TooFar.
    """
    if page * per_page > _MOST_ROWS:
        raise TooFar
    some = select(Article.id).limit(_MOST_ROWS).subquery()
    total = connection.execute(select(func.count()).select_from(some)).scalar_one()
    articles = _articles(viewer_id).limit(per_page).offset((page - 1) * per_page)
    if before is not None:
        articles = articles.where(Article.id < before)
    return total, [_article(row) for row in connection.execute(articles)]


def _articles(viewer_id: int) -> Any:
    liked = (Liking.article_id == Article.id, Liking.status == LIKED)
    likes = select(func.count()).select_from(Liking).where(*liked).scalar_subquery()
    comments = select(func.count()).select_from(Comment).where(Comment.article_id == Article.id).scalar_subquery()
    author = (User.id.label("author_id"), User.name, User.photo)
    counts = (likes.label("likes_count"), comments.label("comments_count"))
    is_liked = exists().where(*liked, Liking.user_id == viewer_id).label("is_liked")
    columns = (Article.id, Article.title, Article.created_at, *author, *counts, is_liked)
    return select(*columns).join(User, User.id == Article.author_id).order_by(Article.id.desc())


def _article(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "title": row.title,
        "created_at": row.created_at,
        "author": {"id": row.author_id, "name": row.name, "photo": row.photo},
        "likes_count": row.likes_count,
        "comments_count": row.comments_count,
        "is_liked": bool(row.is_liked),
    }
