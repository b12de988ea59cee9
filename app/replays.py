"""What clients missed, and their unread counts, read for many of them in one round trip."""

from collections.abc import Sequence
from typing import Any

from redis import Redis

from app.epochs import Epochs
from app.history import Asked, Gap, History
from app.unread import Remembered, UnreadCache


class Replays:
    """Reads; RedisError where Redis is away. A gap is None where the data is unverified (see app.epochs)."""

    def __init__(self, redis: Redis, history: History, unread: UnreadCache) -> None:
        self._epochs = Epochs(redis)
        self._history = history
        self._unread = unread

    def read_many(self, asked: Sequence[Asked]) -> list[tuple[Gap | None, Remembered]]:
        """Return for each client what followed its offset, and what is known of its user's unread notifications."""
        user_ids = [user_id for user_id, _ in asked]

        def ask(pipeline: Any) -> None:
            self._history.ask(pipeline, asked)
            self._unread.ask(pipeline, user_ids)

        (*pages, counts), at = self._epochs.read_with(ask)
        gaps = self._history.answer(asked, pages, at)
        return list(zip(gaps, self._unread.answer(user_ids, counts, at), strict=True))
