"""Articles, likes and comments, over HTTP."""

from typing import Any

import pytest
from sqlalchemy import select

from core import events
from core.db import Database
from core.models import Notification
from tests.services import wait_until
from tests.unit.app.conftest import Call


@pytest.fixture
def article(call: Call, ann: int) -> int:
    """The id of an article by ann."""
    return int(call(ann, "POST", "/articles", json={"title": "Rain"}).json["id"])


@pytest.fixture
def told(database: Database) -> Any:
    """Read who was told what: recipient, event, actor and data."""

    def read() -> list[tuple[Any, ...]]:
        columns = (Notification.recipient_id, Notification.event, Notification.actor_id, Notification.data)
        with database.reading() as connection:
            return [tuple(row) for row in connection.execute(select(*columns).order_by(Notification.id))]

    return read


class TestPublish:
    def test_published_article_is_listed(self, call: Call, ann: int, bob: int, article: int) -> None:
        answer = call(bob, "GET", "/articles")

        assert (answer.status_code, answer.json["total_count"]) == (200, 1)
        [listed] = answer.json["results"]
        assert listed.pop("created_at") > 0
        assert listed == {
            "id": article,
            "title": "Rain",
            "author": {"id": ann, "name": "ann", "photo": None},
            "likes_count": 0,
            "comments_count": 0,
            "is_liked": False,
        }

    @pytest.mark.parametrize("title", ["", "x" * 201, 5, None, "a\0b"], ids=["empty", "long", "number", "null", "NUL"])
    def test_wrong_title_is_named(self, call: Call, ann: int, title: Any) -> None:
        answer = call(ann, "POST", "/articles", json={"title": title})

        assert (answer.status_code, list(answer.json["errors"])) == (422, ["title"])

    def test_list_goes_back_by_page_and_by_id(self, call: Call, ann: int) -> None:
        ids = [call(ann, "POST", "/articles", json={"title": str(n)}).json["id"] for n in range(12)][::-1]

        first = [article["id"] for article in call(ann, "GET", "/articles").json["results"]]
        second = [article["id"] for article in call(ann, "GET", "/articles?page=2").json["results"]]
        rest = [article["id"] for article in call(ann, "GET", f"/articles?before={first[-1]}").json["results"]]

        assert first == ids[:10]
        assert second == rest == ids[10:]

    def test_page_beyond_10000_rows_is_refused(self, call: Call, ann: int) -> None:
        assert call(ann, "GET", "/articles?page=1000").status_code == 200
        assert call(ann, "GET", "/articles?page=1001").status_code == 400
        assert call(ann, "GET", "/articles?page=201&per_page=50").status_code == 400


class TestLike:
    def test_author_is_told_once(self, call: Call, ann: int, bob: int, article: int, told: Any) -> None:
        for _ in range(2):
            answer = call(bob, "POST", f"/articles/{article}/likings")
            assert (answer.status_code, answer.json) == (201, {"art_id": article})
        call(bob, "DELETE", f"/articles/{article}/likings")
        call(bob, "POST", f"/articles/{article}/likings")

        assert told() == [(str(ann), "liking notify", str(bob), {"art_id": article, "art_title": "Rain"})]

    def test_dispatch_is_requested_once(self, call: Call, bob: int, article: int, asked: list[str]) -> None:
        for _ in range(2):
            call(bob, "POST", f"/articles/{article}/likings")

        wait_until(lambda: asked == [events.DISPATCH_TASK], seconds=5, what="one dispatch is requested")

    def test_like_is_counted_until_it_is_taken_back(self, call: Call, bob: int, article: int) -> None:
        def state() -> tuple[int, bool]:
            [listed] = call(bob, "GET", "/articles").json["results"]
            return listed["likes_count"], listed["is_liked"]

        call(bob, "POST", f"/articles/{article}/likings")
        liked = state()
        statuses = [call(bob, "DELETE", f"/articles/{article}/likings").status_code for _ in range(2)]

        assert (liked, statuses, state()) == ((1, True), [204, 204], (0, False))

    def test_nobody_is_told_of_their_own_like(self, call: Call, ann: int, article: int, told: Any) -> None:
        assert call(ann, "POST", f"/articles/{article}/likings").status_code == 201

        assert told() == []


class TestComment:
    def test_author_is_told_of_each_comment(self, call: Call, ann: int, bob: int, article: int, told: Any) -> None:
        for _ in range(2):
            answer = call(bob, "POST", f"/articles/{article}/comments", json={"content": "Yes"})
            assert answer.status_code == 201
            assert (answer.json["content"], answer.json["art_id"]) == ("Yes", article)

        assert told() == [(str(ann), "comment notify", str(bob), {"art_id": article, "art_title": "Rain"})] * 2
        assert call(bob, "GET", "/articles").json["results"][0]["comments_count"] == 2

    def test_nobody_is_told_of_their_own_comment(self, call: Call, ann: int, article: int, told: Any) -> None:
        assert call(ann, "POST", f"/articles/{article}/comments", json={"content": "So"}).status_code == 201

        assert told() == []

    @pytest.mark.parametrize("content", ["", "x" * 1001, 5, None], ids=["empty", "long", "number", "null"])
    def test_wrong_content_is_named(self, call: Call, bob: int, article: int, content: Any, told: Any) -> None:
        answer = call(bob, "POST", f"/articles/{article}/comments", json={"content": content})

        assert (answer.status_code, list(answer.json["errors"])) == (422, ["content"])
        assert told() == []


@pytest.mark.parametrize("path", ["likings", "comments"])
@pytest.mark.parametrize("article_id", [999, 2**53, 10**30], ids=["unknown", "too large", "much too large"])
def test_unknown_article_is_not_found(call: Call, bob: int, path: str, article_id: int) -> None:
    answer = call(bob, "POST", f"/articles/{article_id}/{path}", json={"content": "x"} if path == "comments" else None)

    assert (answer.status_code, answer.json["message"]) == (404, "there is no such article")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/articles"),
        ("GET", "/articles"),
        ("POST", "/articles/1/likings"),
        ("DELETE", "/articles/1/likings"),
        ("POST", "/articles/1/comments"),
    ],
)
def test_calls_need_a_token(call: Call, method: str, path: str) -> None:
    assert call(None, method, path, json={"title": "x", "content": "x"}).status_code == 401


@pytest.mark.parametrize("path", ["/articles", "/articles/{}/likings", "/articles/{}/comments"])
def test_caller_who_does_not_exist_is_refused(call: Call, article: int, path: str) -> None:
    body = {"/articles": {"title": "x"}, "/articles/{}/comments": {"content": "x"}}.get(path)

    assert call(12345, "POST", path.format(article), json=body).status_code == 401
