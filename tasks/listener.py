"""Dispatches as soon as another program has committed notifications and said NOTIFY, without the broker."""

import logging
import random
import threading
from collections.abc import Callable

from core import wake_ups
from core.db import Database
from core.log import OnceAMinute
from core.wake_ups import PoolerInBetween, WakeUps

log = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
_TURN_SECONDS = (2.0, 4.0)  # until a process that does not listen asks again whether the one that does has ended
_WAIT_SECONDS = 1.0
_GATHER_SECONDS = 0.01  # after a dispatch: under load, one dispatch pushes what was committed meanwhile
_STOP_SECONDS = 5
_reported = OnceAMinute()


class Listener:
    """Calls `work` in a thread after each commit that notifies, and once whenever it begins to listen.

    `open_database` returns None where there is nothing to listen to. While the database is away, the timers go on.
    """

    def __init__(
        self,
        open_database: Callable[[], Database | None],
        work: Callable[[], object],
        *,
        turn_seconds: tuple[float, float] = _TURN_SECONDS,
    ) -> None:
        self._open_database = open_database
        self._work = work
        self._turn_seconds = turn_seconds
        self._is_stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, **_about: object) -> None:
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)
        self._thread.start()

    def stop(self, **_about: object) -> None:
        """Stop, and wait a few seconds for work that is running."""
        self._is_stopped.set()
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        database = self._open_database()
        if database is None:
            return
        try:
            self._listen_for_ever(database)
        except PoolerInBetween as error:
            log.info("timers alone find what other programs commit: %s", error)
        finally:
            database.close()

    def _listen_for_ever(self, database: Database) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not self._is_stopped.is_set():
            try:
                with wake_ups.connected(database) as connection:
                    self._take_turn(connection)
                    pause = _FIRST_PAUSE_SECONDS
                    self._follow(connection)
            except PoolerInBetween:
                raise
            except Exception as error:  # noqa: BLE001  (the thread must go on, and nothing else logs the error)
                if _reported.is_due("connection"):
                    log.warning("listening for commits of other programs failed, and is tried again: %s", error)
            self._is_stopped.wait(pause * random.uniform(0.5, 1))  # noqa: S311  (jitter)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def _take_turn(self, connection: WakeUps) -> None:
        """Return when this process listens, or is stopped."""
        while not self._is_stopped.is_set() and not connection.is_ours():
            self._is_stopped.wait(random.uniform(*self._turn_seconds))  # noqa: S311

    def _follow(self, connection: WakeUps) -> None:
        is_due = True  # nobody may have listened before
        while not self._is_stopped.is_set():
            if is_due:
                self._call_work()
                self._is_stopped.wait(_GATHER_SECONDS)
            is_due = connection.wait(_WAIT_SECONDS)

    def _call_work(self) -> None:
        try:
            self._work()
        except Exception as error:  # noqa: BLE001  (the same; and the connection is as good as before)
            if _reported.is_due("work"):
                log.warning("dispatching after a commit failed; a timer tries again: %s", error)
