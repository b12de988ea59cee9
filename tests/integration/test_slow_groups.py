"""No group waits for another one: not for its members, its dispatcher, or the message queue that this one waits for."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, make_url, select, text, update

from app.models import Base
from app.services import accounts
from core import database_faults, group_members
from core.db import Database
from core.models import DispatchState, Notification, NotificationGroup
from tests.integration.grouped import due_groups, follow, let_time_pass, rows, tell_due, told
from tests.integration.story import Story
from tests.rows import write_notification
from tests.services import PostgreSQL, wait_until

pytestmark = pytest.mark.usefixtures("push_batch")

_OTHERS = [str(9000 + n) for n in range(25)]  # users, each with a group
_LIMIT_SECONDS = 2  # of a statement


@pytest.fixture
def database(postgres: Database) -> Database:
    return postgres


class TestMembers:
    """A row of one user takes longer to read than a statement may take."""

    @pytest.fixture
    def database(self, postgresql: PostgreSQL) -> Iterator[Database]:
        """A database of somebody who is no superuser, so that policies count."""
        url = make_url(postgresql.create_database())
        owner = create_engine(url)
        Base.metadata.create_all(owner)
        with owner.begin() as connection:
            connection.execute(text("ALTER TABLE notifications ENABLE ROW LEVEL SECURITY"))
            connection.execute(text("CREATE POLICY all_rows ON notifications USING (true)"))
            connection.execute(text(f"CREATE ROLE worker_{url.database} LOGIN PASSWORD 'secret'"))
            for kind in ("TABLES", "SEQUENCES"):
                connection.execute(text(f"GRANT ALL ON ALL {kind} IN SCHEMA public TO worker_{url.database}"))
        # A scan of the whole table would meet the slow row in each statement.
        options = {"options": f"-c enable_seqscan=off -c statement_timeout={_LIMIT_SECONDS}s"}
        database = Database(
            url.set(username=f"worker_{url.database}", password="secret")
            .update_query_dict(options)
            .render_as_string(hide_password=False)
        )
        database.owner = owner  # type: ignore[attr-defined]
        yield database
        database.close()
        with owner.begin() as connection:
            connection.execute(text(f"DROP OWNED BY worker_{url.database}"))
            connection.execute(text(f"DROP ROLE worker_{url.database}"))
        owner.dispose()

    def test_slow_group_is_told_later_and_the_others_now(self, push_batch: Callable[..., Any], story: Story) -> None:
        for _ in range(2):
            for user in _OTHERS:
                with story.database.transaction() as connection:
                    write_notification(connection, user, story.others[0])
            while push_batch(story.resources(), limit=100):
                pass
        let_time_pass(story)
        slow, *others = _OTHERS
        self._change(story, f"recipient_id <> '{slow}' OR pg_sleep(60) IS NOT NULL")

        tell_due(story)

        assert [counts(story, user) for user in others] == [[1, 2]] * len(others)
        assert counts(story, slow) == [1]
        let_time_pass(story, 10)
        assert (tell_due(story), due_groups(story)) == (0, 1)  # it is tried again after a pause
        self._change(story, "true")
        let_time_pass(story, 60)
        assert tell_due(story) == 1
        assert counts(story, slow) == [1, 2]

    def test_batch_waits_for_some_of_its_groups_and_tells_the_others_later(
        self, push_batch: Callable[..., Any], story: Story, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for seconds in (5, 0):
            monkeypatch.setattr(group_members, "_MOST_SECONDS", seconds)
            for user in _OTHERS:
                with story.database.transaction() as connection:
                    write_notification(connection, user, story.others[0])
            let_time_pass(story)
            while push_batch(story.resources(), limit=100):
                pass

        assert Counter(str(counts(story, user)) for user in _OTHERS) == {"[1, 2]": 10, "[1]": 15}
        assert due_groups(story) == 15
        let_time_pass(story)
        assert tell_due(story) == 15
        assert [counts(story, user) for user in _OTHERS] == [[1, 2]] * len(_OTHERS)

    @staticmethod
    def _change(story: Story, policy: str) -> None:
        with story.database.owner.begin() as connection:  # type: ignore[attr-defined]
            connection.execute(text(f"ALTER POLICY all_rows ON notifications USING ({policy})"))


def counts(story: Story, user_id: str) -> list[int]:
    return [data["count"] for data in told(story, user_id)]


class AtPush:
    """A message queue that does something before it takes anything."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act

    def push(self, _pushes: Any) -> None:
        self._act()


class TestLocks:
    def test_dispatchers_of_one_group_do_not_wait_for_each_other(
        self, push_batch: Callable[..., Any], story: Story
    ) -> None:
        new: list[int] = []

        def dispatch_another() -> None:
            new.append(follow(story, "5000"))
            assert push_batch(story.resources(), limit=100).pushed == new

        push_batch(story.resources(emitter=AtPush(dispatch_another)), limit=100)

        assert {row.group_id for row in rows(story)} == {rows(story)[0].id}
        assert [data["count"] for data in told(story)] == [4]
        assert due_groups(story) == 1  # since it was joined while it was told
        let_time_pass(story)
        tell_due(story)
        assert [data["count"] for data in told(story)] == [4, 5]
        assert due_groups(story) == 0

    def test_group_that_is_joined_while_it_is_due_is_told_again(
        self, push_batch: Callable[..., Any], story: Story
    ) -> None:
        push_batch(story.resources(), limit=2)
        push_batch(story.resources(), limit=100)
        let_time_pass(story)

        def dispatch_another() -> None:
            follow(story, "5000")
            push_batch(story.resources(), limit=100)

        tell_due(story, emitter=AtPush(dispatch_another))

        assert due_groups(story) == 1
        let_time_pass(story)
        tell_due(story)
        assert [data["count"] for data in told(story)] == [2, 4, 5]

    def test_two_who_tell_the_same_group_tell_it_no_third_time(
        self, push_batch: Callable[..., Any], story: Story
    ) -> None:
        push_batch(story.resources(), limit=2)
        push_batch(story.resources(), limit=100)
        let_time_pass(story)

        def be_slow() -> None:
            let_time_pass(story, 10)
            assert tell_due(story) == 1

        tell_due(story, emitter=AtPush(be_slow))

        assert due_groups(story) == 0
        assert [data["count"] for data in told(story)] == [2, 4]

    def test_next_update_comes_seconds_after_a_slow_one(self, push_batch: Callable[..., Any], story: Story) -> None:
        def be_slow() -> None:
            follow(story, "5000")
            push_batch(story.resources(), limit=100)
            let_time_pass(story, 4)

        push_batch(story.resources(emitter=AtPush(be_slow)), limit=100)
        let_time_pass(story, 4)

        assert (tell_due(story), due_groups(story)) == (0, 1)

    def test_group_that_cannot_be_told_holds_up_no_other(self, push_batch: Callable[..., Any], story: Story) -> None:
        follow(story, story.others[0], event="comment notify", data='{"art_id": 5, "art_title": "Rain"}')
        push_batch(story.resources(), limit=100)
        follow(story, story.others[0], event="comment notify", data='{"art_id": 5, "art_title": "Rain"}')
        follow(story, "5000")
        push_batch(story.resources(), limit=100)
        let_time_pass(story)
        with story.database.transaction() as connection:
            is_comment = Notification.event == "comment notify"
            connection.execute(update(Notification).where(is_comment).values(event="an event of the future"))

        with ExitStack() as held, ThreadPoolExecutor(1) as pool:

            def hold() -> None:
                connection = held.enter_context(story.database.transaction())
                bad = select(NotificationGroup).where(NotificationGroup.event == "comment notify")
                assert len(connection.execute(bad.with_for_update()).all()) == 1

            telling = pool.submit(tell_due, story, emitter=AtPush(hold))
            wait_until(lambda: due_groups(story) == 1, seconds=3, what="the other group is told")
            held.close()

            assert telling.result() == 2

    @pytest.mark.parametrize("is_split", [False, True])
    def test_nothing_is_locked_while_the_message_queue_is_waited_for(
        self, push_batch: Callable[..., Any], story: Story, is_split: bool
    ) -> None:
        follow(story, story.others[0], event="comment notify", data='{"art_id": 5, "art_title": "Rain"}')
        pushes = 0

        def look() -> None:
            nonlocal pushes
            pushes += 1
            if is_split and pushes == 1:
                raise RuntimeError("the batch fails as a whole")
            with story.database.transaction() as connection:
                lock_everything(connection)

        # The claim of the dispatcher, what it reads, and the look of this test.
        outcome = push_batch(story.resources(emitter=AtPush(look)), limit=100)

        assert (len(outcome.pushed), outcome.failed) == (5, [])
        if is_split:
            assert pushes == 2
        assert story.waiting() == 0


def lock_everything(connection: Connection) -> None:
    """Lock all that dispatchers lock; raise an error where a row is locked."""
    for table in (NotificationGroup, Notification, DispatchState):
        connection.execute(select(table).with_for_update(nowait=True)).all()


def test_lock_and_statement_that_take_too_long_are_called_so(database: Database) -> None:
    with database.transaction() as connection:
        accounts.sign_up(connection, name="ann", password_hash="x")

    def error_of(setting: str, statement: str) -> BaseException:
        with database.transaction() as holder, database.engine.connect() as connection:
            holder.execute(text("LOCK TABLE notification_groups"))
            connection.execute(text(f"SET LOCAL {setting} = 50"))
            with pytest.raises(database_faults.UNAVAILABLE) as raised:
                connection.execute(text(statement))
        return raised.value

    locked = error_of("lock_timeout", "SELECT 1 FROM notification_groups")
    slow = error_of("statement_timeout", "SELECT pg_sleep(5)")

    assert database_faults.fault_of(locked) is database_faults.LOCKED
    assert database_faults.fault_of(slow) is database_faults.SLOW
    assert database_faults.is_unavailable(locked)  # so dispatches try again after growing pauses
    assert not database_faults.is_slow(locked)
    assert database_faults.is_slow(slow)
