"""Read what clients missed, and their unread counts, for many clients in one round trip."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis import Redis

from core.epochs import Epochs
from core.history import EMPTY, Asked, Gap, History
from core.keys import Keys
from core.unread import UNKNOWN, Remembered, UnreadCache


@dataclass(frozen=True, slots=True)
class Missed:
    """What a client missed, and its user's unread count. `gap` is None where it can't be read or trusted."""

    gap: Gap | None
    unread: Remembered

    def is_complete(self, last_offset: str | None) -> bool:
        """Say whether the gap holds all that came after an offset.

        An empty history may be a lost one. In that case Redis has lost the unread count as well.
        """
        if self.gap is None or not self.gap.is_covered:
            return False
        is_lost = last_offset == EMPTY and self.gap.newest == EMPTY and not self.unread.is_any
        return not is_lost


NOTHING_KNOWN = Missed(None, UNKNOWN)


class Replays:
    """Reads replays. RedisError where Redis is unavailable; a gap is None for unverified data (see core.epochs)."""

    def __init__(self, redis: Redis, history: History, unread: UnreadCache, keys: Keys = Keys()) -> None:
        self._epochs = Epochs(redis, keys)
        self._history = history
        self._unread = unread

    def read_many(self, asked: Sequence[Asked]) -> list[Missed]:
        """Return for each client what followed its offset, and what is known about its user's unread notifications."""
        user_ids = [user_id for user_id, _ in asked]

        def ask(pipeline: Any) -> None:
            self._history.ask(pipeline, asked)
            self._unread.ask(pipeline, user_ids)

        (*pages, counts), at = self._epochs.read_with(ask)
        gaps = self._history.answer(asked, pages, at)
        remembered = self._unread.answer(user_ids, counts, at)
        return [Missed(gap, unread) for gap, unread in zip(gaps, remembered, strict=True)]
