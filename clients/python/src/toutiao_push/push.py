"""Notifies users in the caller's own transaction, and wakes the workers after its commit."""

import sys
from collections.abc import Callable
from typing import Any, Literal

from toutiao_push import cursors, user_ids
from toutiao_push.declarations import Declarations, Source
from toutiao_push.statements import Notification, Target
from toutiao_push.user_ids import UserId

Wake = Callable[[], None] | Literal["notify"] | None


class Push:
    """Makes notifications. One object serves all threads of a process; it holds no connection.

    `events` is the file that `flask events export` writes, or what it holds. `schema` is the server's schema of
    PostgreSQL, if your connections do not find the table `notifications` by themselves. `wake` says how the workers
    learn of a commit: "notify" by PostgreSQL itself, a function that is called after it, or None: they look every 2 to
    4 s. Raise InvalidDeclarations.
    """

    def __init__(self, events: Source, *, schema: str | None = None, wake: Wake = "notify") -> None:
        self._declarations = Declarations(events)
        self._target = Target(schema, is_notifying=wake == "notify")
        self._wake = wake if callable(wake) else None

    def notify(
        self,
        session: Any,
        event: str,
        *,
        to: UserId,
        actor: UserId | None = None,
        data: dict[str, Any] | None = None,
        key: str | None = None,
    ) -> int | None:
        """Notify one user; return the notification's id, or None where this key was used for the event and user.

        `session` is a Session or Connection of SQLAlchemy, or a cursor of psycopg, sqlite3 or Django. The caller
        commits. Raise UnknownEvent, InvalidPayload, InvalidRecipient, InvalidActor or InvalidKey, and write nothing.
        """
        notification = self._checked(event, actor, data, key)
        recipients = user_ids.as_json([user_ids.recipient(to)])
        return self._insert(session, notification, recipients)[1]

    def notify_many(
        self,
        session: Any,
        event: str,
        *,
        to: Any,
        actor: UserId | None = None,
        data: dict[str, Any] | None = None,
        key: str | None = None,
    ) -> int:
        """Notify each of these users once, in one statement; return how many notifications are new.

        `to` is a list of ids, or with SQLAlchemy a SELECT of one column. Raise as `notify` does. The database refuses
        what a SELECT finds that is no id.
        """
        notification = self._checked(event, actor, data, key)
        if _is_select(to):
            return self._insert_selected(session, notification, to)
        recipients = user_ids.recipients(to)
        return self._insert(session, notification, user_ids.as_json(recipients))[0] if recipients else 0

    async def notify_async(self, session: Any, event: str, *, to: UserId, **options: Any) -> int | None:
        """Do what `notify` does, with an AsyncSession or AsyncConnection."""
        return await _run_sync(session, lambda inner: self.notify(inner, event, to=to, **options))  # type: ignore[no-any-return]

    async def notify_many_async(self, session: Any, event: str, *, to: Any, **options: Any) -> int:
        """Do what `notify_many` does, with an AsyncSession or AsyncConnection."""
        return await _run_sync(session, lambda inner: self.notify_many(inner, event, to=to, **options))  # type: ignore[no-any-return]

    def wake(self) -> None:
        """Wake the workers, after a commit of a cursor or Connection, which have no hook for it. Never wait or raise.

        It does something only with a function as `wake`; PostgreSQL's own way needs no call.
        """
        if self._wake is not None:
            self._wake()

    def _checked(self, event: str, actor: UserId | None, data: dict[str, Any] | None, key: str | None) -> Notification:
        encoded = self._declarations.encode(event, data)
        return Notification(event, user_ids.actor(actor), encoded, user_ids.key(key))

    def _insert(self, session: Any, notification: Notification, recipients: str) -> tuple[int, int | None]:
        if sessions := _sessions_for(session):
            session = sessions.unwrapped(session)
            written: tuple[int, int | None] = sessions.insert(session, self._target, notification, recipients)
            self._wake_after(session)
            return written
        if cursors.is_cursor(session):
            return cursors.insert(session, self._target, notification, recipients)
        raise TypeError(f"a {type(session).__name__} is no session, connection or cursor that notify takes")

    def _insert_selected(self, session: Any, notification: Notification, recipients: Any) -> int:
        sessions = _sessions_for(session)
        if sessions is None:
            raise TypeError("to: a SELECT needs a Session or Connection of SQLAlchemy; give a cursor a list of ids")
        session = sessions.unwrapped(session)
        count: int = sessions.insert_selected(session, self._target, notification, recipients)
        self._wake_after(session)
        return count

    def _wake_after(self, session: Any) -> None:
        from sqlalchemy.orm import Session

        from toutiao_push import after_commit

        if self._wake is not None and isinstance(session, Session):
            after_commit.call(session, self._wake)


def _sessions_for(session: Any) -> Any:
    """Return the module for SQLAlchemy if this is one of its sessions or connections; import it only then."""
    if "sqlalchemy" not in sys.modules:
        return None
    from toutiao_push import sessions

    return sessions if sessions.is_session(session) else None


def _is_select(value: object) -> bool:
    if "sqlalchemy" not in sys.modules:
        return False
    from sqlalchemy import Select

    return isinstance(value, Select)


async def _run_sync(session: Any, function: Callable[[Any], Any]) -> Any:
    if hasattr(session, "registry"):  # an async_scoped_session
        session = session()
    if not hasattr(session, "run_sync"):
        raise TypeError(f"a {type(session).__name__} is no AsyncSession or AsyncConnection; use notify for others")
    return await session.run_sync(function)
