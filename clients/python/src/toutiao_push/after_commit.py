"""Calls a function after the commit of an SQLAlchemy session, and not after a rollback."""

import logging
from collections.abc import Callable

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

log = logging.getLogger(__name__)

_KEY = "toutiao_push.wakes"


def call(session: Session, wake: Callable[[], None]) -> None:
    """Call `wake` once after the current transaction, if it is committed. A released savepoint is no commit."""
    waiting = session.info.get(_KEY)
    if waiting is None:
        waiting = session.info[_KEY] = set()
        event.listen(session, "after_commit", _run)
        event.listen(session, "after_transaction_end", _forget)
    waiting.add(wake)


def _run(session: Session) -> None:
    if not session.in_nested_transaction():
        for wake in session.info[_KEY]:
            try:
                wake()
            except Exception:  # what is committed is committed, and the workers' timers find it
                log.exception("the workers could not be woken")


def _forget(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info[_KEY].clear()
