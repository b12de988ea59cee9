"""Sockets are told of marks, and what they are told last is what the database holds."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from core import inbox, inbox_marks
from core.inbox_marks import Change
from core.inbox_states import Marked
from core.unread import UnreadCache
from tests.integration.story import Story


@pytest.fixture
def ids(story: Story) -> list[int]:
    """Ann's notifications, newest first."""
    with story.database.reading() as connection:
        return [row.id for row in inbox.page(connection, story.ann, limit=9)]


@pytest.fixture
def tell(push_batch: Callable[..., Any], story: Story) -> Callable[..., list[tuple[str, Any]]]:
    """Tell marks, and return the events that were pushed: (name, data)."""
    from tasks.inbox import tell_marks

    def tell(*marked: Marked, **changes: object) -> list[tuple[str, Any]]:
        story.emitter.pushed.clear()
        tell_marks(story.resources(**changes), story.ann, list(marked))
        return [tuple(orjson.loads(push.split(b"\0", 3)[3][2:])) for push in story.pushed()]

    return tell


def mark(story: Story, ids: list[int], change: Change) -> Marked:
    with story.database.transaction() as connection:
        return Marked(change.columns, inbox_marks.mark(connection, story.ann, ids, change))


def test_marks_are_told_with_the_counts(story: Story, ids: list[int], tell: Any) -> None:
    marked = mark(story, ids[:2], Change(read=True))

    (name, state), counts = tell(marked)

    assert name == "state"
    assert state == {"ids": ids[:2], "read_at": state["read_at"]}
    assert state["read_at"] > 0
    assert counts == ("unread", {"count": len(ids) - 2, "unseen_count": len(ids) - 2})


def test_what_is_taken_back_is_null(story: Story, ids: list[int], tell: Any) -> None:
    mark(story, ids, Change(read=True, archived=True))
    marked = mark(story, ids, Change(seen=False, archived=False))

    [state, _] = tell(marked)

    assert state == ("state", {"ids": ids, "seen_at": None, "read_at": None, "archived_at": None})


def test_a_mark_that_is_told_late_tells_what_is_now(story: Story, ids: list[int], tell: Any) -> None:
    earlier = mark(story, ids, Change(archived=True))
    later = mark(story, ids[:1], Change(archived=False))

    assert tell(later)[0] == ("state", {"ids": ids[:1], "archived_at": None})
    told = dict.fromkeys(ids, 0)
    for _, state in tell(earlier)[:-1]:
        told |= dict.fromkeys(state["ids"], state["archived_at"])
    assert told.pop(ids[0]) is None
    assert all(told.values())


def test_a_telling_that_is_overtaken_reads_again(story: Story, ids: list[int], tell: Any) -> None:
    marked = mark(story, ids[:1], Change(read=True))

    class Overtaken(UnreadCache):
        """Another worker reads and tells between our reading and our telling, once."""

        others = 0

        def tell(self, user_id: str, *args: Any, read_at: int) -> Any:
            if not self.others:
                self.others = 1
                mark(story, ids[:1], Change(read=False))
                super().tell(user_id, *args, read_at=self.moment())
            return super().tell(user_id, *args, read_at=read_at)

    unread = Overtaken(story.redis)
    unread.set({story.ann: unread_counts(story)}, read_at=unread.moment())

    [state, _] = tell(marked, unread=unread)

    assert unread.others == 1
    assert state == ("state", {"ids": ids[:1], "read_at": None})


def unread_counts(story: Story) -> Any:
    from core import inbox_counts

    with story.database.reading() as connection:
        return inbox_counts.count(connection, story.ann)


def test_more_marks_than_are_named_are_told(story: Story, ids: list[int], tell: Any) -> None:
    assert tell(Marked(("read_at",), [], is_cut=True))[0] == ("state", {"ids": [], "more": True})
    assert tell(Marked(("read_at",), ids[:1], is_cut=True))[0] == (
        "state",
        {"ids": ids[:1], "read_at": None, "more": True},
    )


def test_notifications_of_others_are_not_told(story: Story, ids: list[int], tell: Any) -> None:
    assert [name for name, _ in tell(Marked(("read_at",), [max(ids) + 1]))] == ["unread"]
