"""Articles, likes and comments, over HTTP."""

from typing import Any

from marshmallow import RAISE, fields

from app.api import limits
from app.api.auth import caller_account, login_required
from app.api.blueprint import Blueprint
from app.api.fields import Answer, Before, Body, Id, Page, Text, Time
from app.api.state import state
from app.services import accounts, articles, comments, likings
from core import user_ids

bp = Blueprint("articles", __name__, url_prefix="/v1_0/articles", description="Articles, likes and comments")

_LONGEST_COMMENT = 1000  # characters


class ArticleBody(Body):
    title = Text(1, articles.LONGEST_TITLE, required=True)


class CommentBody(Body):
    content = Text(1, _LONGEST_COMMENT, required=True)


class ArticlePage(Page):
    class Meta:
        unknown = RAISE

    before = Before("articles")


class PublishedArticle(Answer):
    id = Id()
    title = fields.String()
    created_at = Time()


class Author(Answer):
    id = Id()
    name = fields.String()
    photo = fields.String(allow_none=True)


class ArticleAnswer(PublishedArticle):
    author = fields.Nested(Author)
    likes_count = fields.Integer()
    comments_count = fields.Integer()
    is_liked = fields.Boolean(metadata={"description": "whether you like it"})


class ArticlesAnswer(Answer):
    total_count = fields.Integer(metadata={"description": "10,000 at most"})
    page = fields.Integer()
    per_page = fields.Integer()
    results = fields.List(fields.Nested(ArticleAnswer))


class LikingAnswer(Answer):
    art_id = Id()


class CommentAnswer(Answer):
    id = Id()
    art_id = Id()
    content = fields.String()
    created_at = Time()


@bp.post("")
@login_required
@limits.of_articles
@bp.arguments(ArticleBody)
@bp.response(201, PublishedArticle)
@bp.raises(accounts.UnknownCaller)
def publish(body: dict[str, str]) -> dict[str, Any]:
    """Publish an article."""
    with state.database.transaction() as connection:
        return articles.publish(connection, author_id=caller_account(), title=body["title"])


@bp.get("")
@login_required
@bp.arguments(ArticlePage, location="query")
@bp.response(200, ArticlesAnswer)
@bp.raises(articles.TooFar, accounts.UnknownCaller)
def list_articles(query: dict[str, Any]) -> dict[str, Any]:
    """List articles, newest first.

    For the next page, give the last id of this page as `before`; or a `page`, within the first 10,000 articles.
    """
    with state.database.reading() as connection:
        total, results = articles.page(connection, viewer_id=caller_account(), **query)
    return {"total_count": total, "page": query["page"], "per_page": query["per_page"], "results": results}


@bp.post("/<int:article_id>/likings")
@login_required
@limits.of_articles
@bp.response(201, LikingAnswer)
@bp.raises(articles.UnknownArticle, accounts.UnknownCaller)
def like(article_id: int) -> dict[str, int]:
    """Like an article, whose author is notified. Liking it again changes nothing."""
    with state.database.transaction() as connection:
        is_notified = likings.like(connection, user_id=caller_account(), article_id=_checked(article_id))
    if is_notified:
        state.tasks.dispatch()
    return {"art_id": article_id}


@bp.delete("/<int:article_id>/likings")
@login_required
@limits.of_articles
@bp.response(204)
@bp.raises(accounts.UnknownCaller)
def take_back(article_id: int) -> None:
    """Take a like back. A notification that the author has not seen is withdrawn. It may be repeated."""
    if article_id <= user_ids.LARGEST_ID:
        with state.database.transaction() as connection:
            is_withdrawn = likings.take_back(connection, user_id=caller_account(), article_id=article_id)
        if is_withdrawn:
            state.tasks.dispatch()


@bp.post("/<int:article_id>/comments")
@login_required
@limits.of_articles
@bp.arguments(CommentBody)
@bp.response(201, CommentAnswer)
@bp.raises(articles.UnknownArticle, accounts.UnknownCaller)
def comment(body: dict[str, str], article_id: int) -> dict[str, Any]:
    """Comment on an article, whose author is notified."""
    with state.database.transaction() as connection:
        made, is_notified = comments.comment(
            connection, user_id=caller_account(), article_id=_checked(article_id), content=body["content"]
        )
    if is_notified:
        state.tasks.dispatch()
    return made


def _checked(article_id: int) -> int:
    """Raise UnknownArticle for an id that no column of the database can hold."""
    if article_id > user_ids.LARGEST_ID:
        raise articles.UnknownArticle(article_id)
    return article_id
