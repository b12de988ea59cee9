"""The open sockets of a user."""

from core.sessions import Session, Sessions


class UnknownSession(Exception):
    """The user has no open socket with this id."""


def find(sessions: Sessions, user_id: str, session_id: str) -> Session:
    """Return one open socket of a user; raise UnknownSession or RedisError."""
    for session in sessions.of(user_id):
        if session.id == session_id:
            return session
    raise UnknownSession
