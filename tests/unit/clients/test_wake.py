"""Workers are woken after a commit, and not after a rollback; a wake never waits or raises."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from tests.services import wait_until
from tests.unit.clients import tables
from toutiao_push import Push, Waker, wake_celery


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tables.create(tmp_path)}")
    yield engine
    engine.dispose()


class TestAfterCommit:
    def test_one_call_follows_a_commit_however_many_notifications(self, engine: Engine) -> None:
        calls: list[int] = []
        push = Push(tables.EVENTS, wake=lambda: calls.append(1))
        with Session(engine) as session:
            for _ in range(3):
                push.notify(session, "greeted", to="bob")
            assert calls == []
            session.commit()
            assert calls == [1]
            session.commit()
            assert calls == [1]
            push.notify_many(session, "greeted", to=["bob"])
            session.commit()
            assert calls == [1, 1]

    @pytest.mark.parametrize("end", ["rollback", "close"])
    def test_no_call_follows_a_rollback(self, engine: Engine, end: str) -> None:
        calls: list[int] = []
        push = Push(tables.EVENTS, wake=lambda: calls.append(1))
        session = Session(engine)
        push.notify(session, "greeted", to="bob")
        getattr(session, end)()
        session.connection()
        session.commit()
        session.close()

        assert calls == []

    def test_a_released_savepoint_is_no_commit(self, engine: Engine) -> None:
        calls: list[int] = []
        push = Push(tables.EVENTS, wake=lambda: calls.append(1))
        with Session(engine) as session:
            with session.begin_nested():
                push.notify(session, "greeted", to="bob")
            assert calls == []
            session.commit()

        assert calls == [1]

    def test_a_wake_that_fails_leaves_the_commit_alone(
        self, engine: Engine, caplog: pytest.LogCaptureFixture, tmp_path: Path
    ) -> None:
        def fail() -> None:
            raise OSError("no broker")

        push = Push(tables.EVENTS, wake=fail)
        with Session(engine) as session:
            push.notify(session, "greeted", to="bob")
            session.commit()

        assert len(tables.rows(tmp_path / "host.sqlite3")) == 1
        assert "could not be woken" in caplog.text

    def test_the_caller_wakes_after_the_commit_of_a_cursor(self) -> None:
        calls: list[int] = []
        Push(tables.EVENTS, wake=lambda: calls.append(1)).wake()
        Push(tables.EVENTS).wake()
        Push(tables.EVENTS, wake=None).wake()

        assert calls == [1]


class TestWaker:
    def test_calls_that_come_while_it_sends_become_one(self) -> None:
        is_free, sent = threading.Event(), []

        def send() -> None:
            sent.append(1)
            is_free.wait(20)

        wake = Waker(send)
        wake()
        wait_until(lambda: sent, seconds=20, what="it sends")
        for _ in range(50):
            wake()
        is_free.set()

        assert wake.flush(seconds=20)
        assert len(sent) == 2

    def test_it_gives_up_after_some_attempts_and_tries_again_when_called(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        sent: list[int] = []

        def send() -> None:
            sent.append(1)
            if len(sent) <= 3:
                raise OSError("no broker")

        wake = Waker(send)
        wake()
        assert wake.flush(seconds=20)
        assert len(sent) == 3
        assert "wait for the workers' timers" in caplog.text

        wake()
        assert wake.flush(seconds=20)
        assert len(sent) == 4

    @pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # Python 3.12 says so of each such fork
    def test_it_works_after_a_fork(self) -> None:
        reading, writing = os.pipe()
        wake = Waker(lambda: os.write(writing, b"%d\n" % os.getpid()))
        wake()
        assert wake.flush(seconds=20)
        child = os.fork()
        if child == 0:
            wake()
            os._exit(0 if wake.flush(seconds=20) else 1)
        assert os.waitpid(child, 0)[1] == 0

        assert os.read(reading, 100).split() == [b"%d" % os.getpid(), b"%d" % child]
        os.close(reading)
        os.close(writing)

    def test_a_broker_that_is_away_neither_raises_nor_blocks(self, caplog: pytest.LogCaptureFixture) -> None:
        app = Celery("host", broker="redis://127.0.0.1:1/0", set_as_current=False)
        wake = wake_celery(app)
        wake()

        assert wake.flush(seconds=30)
        assert "took no dispatch" in caplog.text
