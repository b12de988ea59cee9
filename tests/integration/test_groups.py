"""What is gathered in a group, and what sockets with groups are told of it."""

import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text, update

from core import withdrawals
from core.declarations import Event
from core.models import Notification, NotificationGroup
from core.wire import Audience
from tests.integration.grouped import due_groups, follow, let_time_pass, mark, rows, tell_due, told
from tests.integration.story import Story
from tests.rows import write_notification

pytestmark = pytest.mark.usefixtures("push_batch")


class TestBatch:
    def test_all_of_a_batch_are_told_as_one(self, push_batch: Callable[..., Any], story: Story) -> None:
        push_batch(story.resources(), limit=100)

        plain = told(story, audience=Audience.PLAIN)
        assert [data["user_id"] for data in plain] == story.others
        assert all("group" not in data for data in plain)
        [update] = told(story)
        newest = plain[-1]
        assert {key: update[key] for key in newest if key != "offset"} == {
            key: value for key, value in newest.items() if key != "offset"
        }
        assert (update["group"], update["group_id"]) == ("following", plain[0]["id"])
        assert (update["count"], update["actor_count"]) == (4, 4)
        assert [actor["id"] for actor in update["actors"]] == story.others[:0:-1][:3]
        assert [actor["name"] for actor in update["actors"]] == ["user-4", "user-3", "user-2"]
        assert all(actor["photo"] for actor in update["actors"])
        assert {(row.group_key, row.group_id) for row in rows(story)} == {("following", plain[0]["id"])}

    def test_what_repeats_within_seconds_is_told_when_it_is_due(
        self, push_batch: Callable[..., Any], story: Story
    ) -> None:
        push_batch(story.resources(), limit=2)
        push_batch(story.resources(), limit=100)
        assert len(told(story)) == 1
        assert tell_due(story) == 0

        let_time_pass(story)

        assert tell_due(story) == 1
        first, second = told(story)
        assert (first["count"], second["count"]) == (2, 4)
        assert first["group_id"] == second["group_id"]
        assert second["id"] == told(story, audience=Audience.PLAIN)[-1]["id"]
        assert second["user_id"] == story.others[-1]
        assert [actor["id"] for actor in second["actors"]] == story.others[:0:-1][:3]
        assert tell_due(story) == 0

    def test_what_comes_later_is_told_at_once(self, push_batch: Callable[..., Any], story: Story) -> None:
        push_batch(story.resources(), limit=2)
        let_time_pass(story)

        push_batch(story.resources(), limit=100)

        assert [data["count"] for data in told(story)] == [2, 4]
        assert tell_due(story) == 0

    def test_person_counts_once(self, push_batch: Callable[..., Any], story: Story) -> None:
        push_batch(story.resources(), limit=100)
        let_time_pass(story)
        follow(story, story.others[0])

        push_batch(story.resources(), limit=100)

        newest = told(story)[-1]
        assert (newest["count"], newest["actor_count"]) == (5, 4)
        assert [actor["id"] for actor in newest["actors"]] == [story.others[0], story.others[3], story.others[2]]

    @pytest.mark.parametrize("change", [{"read": True}, {"archived": True}])
    def test_what_was_read_gets_no_new_names(
        self, push_batch: Callable[..., Any], story: Story, change: dict[str, bool]
    ) -> None:
        push_batch(story.resources(), limit=100)
        newest = rows(story)[-1].id
        mark(story, [newest], **change)
        let_time_pass(story)
        new = follow(story, story.others[0])

        push_batch(story.resources(), limit=100)

        first, second = told(story)
        assert (second["group_id"], second["count"], second["actor_count"]) == (new, 1, 1)
        assert first["group_id"] != second["group_id"]

    @pytest.mark.parametrize("change", [{"read": True}, {"archived": True}])
    @pytest.mark.parametrize("comes_another", [False, True])
    def test_older_ones_are_told_where_the_newest_was_read_before_it_was_due(
        self, push_batch: Callable[..., Any], story: Story, change: dict[str, bool], comes_another: bool
    ) -> None:
        push_batch(story.resources(), limit=1)
        push_batch(story.resources(), limit=100)
        first, _, third, newest = [row.id for row in rows(story)]
        mark(story, [newest], **change)
        if comes_another:
            third = follow(story, story.others[0])
            push_batch(story.resources(), limit=100)
        let_time_pass(story)

        tell_due(story)

        update = told(story)[-1]
        assert (update["id"], update["group_id"]) == (third, first)
        assert update["count"] == 4 + comes_another - ("archived" in change)

    def test_group_of_which_all_is_read_before_it_is_due_tells_nothing(
        self, push_batch: Callable[..., Any], story: Story
    ) -> None:
        push_batch(story.resources(), limit=1)
        push_batch(story.resources(), limit=100)
        mark(story, [row.id for row in rows(story)], read=True)
        let_time_pass(story)

        assert tell_due(story) == 1

        assert [data["count"] for data in told(story)] == [1]
        assert due_groups(story) == 0

    def test_members_of_a_group_of_an_earlier_release_count(self, push_batch: Callable[..., Any], story: Story) -> None:
        push_batch(story.resources(), limit=2)
        with story.database.transaction() as connection:
            connection.execute(update(NotificationGroup).values(changes=0))  # as the migration makes it
        let_time_pass(story)

        push_batch(story.resources(), limit=100)

        assert [data["count"] for data in told(story)] == [2, 4]

    def test_what_comes_back_from_the_archive_counts(self, push_batch: Callable[..., Any], story: Story) -> None:
        first, *_ = [row.id for row in rows(story)]
        mark(story, [first], archived=True)
        push_batch(story.resources(), limit=1)
        mark(story, [first], archived=False)

        push_batch(story.resources(), limit=100)

        assert [data["count"] for data in told(story)] == [4]

    def test_older_member_that_is_read_closes_nothing(self, push_batch: Callable[..., Any], story: Story) -> None:
        push_batch(story.resources(), limit=100)
        mark(story, [rows(story)[0].id], read=True)
        let_time_pass(story)
        follow(story, story.others[0])

        push_batch(story.resources(), limit=100)

        assert told(story)[-1]["count"] == 5

    def test_group_ends_with_the_window(self, push_batch: Callable[..., Any], story: Story) -> None:
        push_batch(story.resources(), limit=100)
        let_time_pass(story, 24 * 3600)
        new = follow(story, story.others[0])

        push_batch(story.resources(), limit=100)

        assert (told(story)[-1]["group_id"], told(story)[-1]["count"]) == (new, 1)

    def test_what_is_withdrawn_is_no_member(self, push_batch: Callable[..., Any], story: Story) -> None:
        push_batch(story.resources(), limit=2)
        with story.database.transaction() as connection:
            withdrawals.withdraw(connection, rows(story)[0].id)
        push_batch(story.resources(), limit=100)
        let_time_pass(story)

        tell_due(story)

        newest = told(story)[-1]
        assert (newest["count"], newest["actor_count"]) == (3, 3)
        assert newest["group_id"] == rows(story)[0].id

    def test_group_of_which_all_is_withdrawn_tells_nothing(self, push_batch: Callable[..., Any], story: Story) -> None:
        push_batch(story.resources(), limit=2)
        push_batch(story.resources(), limit=100)
        for row in rows(story):
            with story.database.transaction() as connection:
                withdrawals.withdraw(connection, row.id)
        let_time_pass(story)

        assert tell_due(story) == 1

        assert len([data for data in told(story) if "group" in data]) == 1
        assert tell_due(story) == 0

    def test_straggler_with_a_lower_id_changes_the_count(self, push_batch: Callable[..., Any], story: Story) -> None:
        first, *others = [row.id for row in rows(story)]
        with story.database.transaction() as connection:
            connection.execute(
                update(Notification).where(Notification.id == first).values(retry_at=int(time.time()) + 60)
            )
        push_batch(story.resources(), limit=100)
        let_time_pass(story)
        with story.database.transaction() as connection:
            connection.execute(update(Notification).values(retry_at=None))

        push_batch(story.resources(), limit=100)

        before, after = told(story)
        assert before["id"] == after["id"] == others[-1]
        assert (before["count"], after["count"]) == (3, 4)

    def test_same_count_after_a_withdrawal_is_told_again(self, push_batch: Callable[..., Any], story: Story) -> None:
        first, second, *_ = [row.id for row in rows(story)]
        wait = update(Notification).where(Notification.id == first)
        with story.database.transaction() as connection:
            connection.execute(wait.values(retry_at=int(time.time()) + 60))
        push_batch(story.resources(), limit=100)
        let_time_pass(story)
        with story.database.transaction() as connection:
            withdrawals.withdraw(connection, second)
            connection.execute(wait.values(retry_at=None))

        push_batch(story.resources(), limit=100)

        before, after = [data for data in told(story) if "group" in data]
        assert (before["id"], before["count"]) == (after["id"], after["count"])
        assert [actor["id"] for actor in after["actors"]] == [*story.others[:1:-1], story.others[0]]

    def test_what_was_archived_before_is_no_news(self, push_batch: Callable[..., Any], story: Story) -> None:
        mark(story, [rows(story)[-1].id], archived=True)

        push_batch(story.resources(), limit=100)

        [update] = told(story)
        assert (update["id"], update["count"], update["actor_count"]) == (rows(story)[-2].id, 3, 3)
        assert {row.group_id for row in rows(story)} == {update["group_id"]}

    def test_group_of_which_all_was_archived_before_tells_nothing(
        self, push_batch: Callable[..., Any], story: Story
    ) -> None:
        mark(story, [row.id for row in rows(story)], archived=True)

        push_batch(story.resources(), limit=100)
        let_time_pass(story)

        assert tell_due(story) == 0
        assert told(story) == []

    def test_each_user_and_text_has_a_group(self, push_batch: Callable[..., Any], story: Story) -> None:
        for article in (5, 6, 5):
            data = json.dumps({"art_id": article, "art_title": "Rain"})
            follow(story, story.others[0], event="liking notify", data=data)
        with story.database.transaction() as connection:
            write_notification(connection, "77", story.others[0])

        push_batch(story.resources(), limit=100)

        assert [(data["group"], data["count"]) for data in told(story)] == [
            ("following", 4),
            ("liking:5", 2),
            ("liking:6", 1),
        ]
        assert [(data["group"], data["count"]) for data in told(story, "77")] == [("following", 1)]

    def test_unknown_or_missing_actor_is_told_too(self, push_batch: Callable[..., Any], story: Story) -> None:
        push_batch(story.resources(), limit=100)
        let_time_pass(story)
        follow(story, "999999")
        follow(story, None)

        push_batch(story.resources(), limit=100)

        newest = told(story)[-1]
        assert (newest["user_id"], newest["count"], newest["actor_count"]) == (None, 6, 5)
        assert (newest["actors"][0]["id"], newest["actors"][0]["name"]) == (999999, "")

    def test_counts_have_a_bound(self, push_batch: Callable[..., Any], story: Story) -> None:
        with story.database.transaction() as connection:
            for n in range(1005):
                write_notification(connection, story.ann, str(5000 + n))

        while push_batch(story.resources(), limit=500):
            let_time_pass(story)

        newest = told(story)[-1]
        assert (newest["count"], newest["actor_count"]) == (1000, 1000)

    def test_bad_notification_holds_up_no_group(self, push_batch: Callable[..., Any], story: Story) -> None:
        follow(story, story.others[0], event="liking notify", data='{"art_id": "x"}')

        push_batch(story.resources(), limit=100)

        assert [data["count"] for data in told(story)] == [4]
        assert story.waiting() == 0

    def test_text_of_any_kind_is_a_group(
        self, push_batch: Callable[..., Any], story: Story, noted: type[Event]
    ) -> None:
        texts = ['"', "\\", "{a,b}", "NULL", "", "'", "名前", "x" * 300]
        for one in texts:
            follow(story, story.others[0], event="noted", data=json.dumps({"title": one}))

        push_batch(story.resources(), limit=100)

        found = [data["group"] for data in told(story) if data["group"] != "following"]
        assert Counter(found) == Counter(f"noted:{one}"[:255] for one in texts)


class TestSilence:
    @pytest.mark.parametrize(
        ("toasts", "silent"), [([False, False], True), ([True, False], False), ([False, True], False)]
    )
    def test_update_is_silent_where_all_that_is_new_is_silent(
        self, push_batch: Callable[..., Any], story: Story, toasts: list[bool], silent: bool
    ) -> None:
        push_batch(story.resources(), limit=100)  # is told now
        for toast in toasts:
            choose(story, toast)
            follow(story, story.others[0])
            push_batch(story.resources(), limit=100)
        let_time_pass(story)

        tell_due(story)

        assert ("silent" in told(story)[-1]) == silent
        assert "silent" not in told(story)[0]

    def test_silence_ends_with_the_next(self, push_batch: Callable[..., Any], story: Story) -> None:
        choose(story, False)
        push_batch(story.resources(), limit=2)
        choose(story, True)
        let_time_pass(story)
        push_batch(story.resources(), limit=100)

        assert ["silent" in data for data in told(story)] == [True, False]


def choose(story: Story, toast: bool) -> None:
    document = json.dumps({"events": {"following notify": {"toast": toast}}})
    row = {"user": story.ann, "document": document}
    with story.database.transaction() as connection:
        connection.execute(text("DELETE FROM preferences WHERE user_id = :user"), row)
        connection.execute(text("INSERT INTO preferences VALUES (:user, :document, 0)"), row)
