"""What is revoked, in the memory of one process."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from core.tokens import LONGEST_SECONDS

# The clock that says when a token ends may be behind the one that says when it was revoked.
KEPT_SECONDS = LONGEST_SECONDS + 24 * 3600
_FORGET_EVERY_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Revocation:
    """With `issued_until` all tokens of the user that were issued until then, except those of `spared_family`.

    Without it the tokens of `family`. Times are in Unix seconds.
    """

    user_id: str
    created_at: int
    issued_until: int | None = None
    family: str | None = None
    spared_family: str | None = None

    def covers(self, user_id: str, issued_at: float, family: str) -> bool:
        """Say whether a token with these claims is revoked by this."""
        if user_id != self.user_id:
            return False
        if self.issued_until is None:
            return family == self.family
        # The clock of a token has whole seconds: one that was issued later in the same second is revoked as well.
        return issued_at < self.issued_until + 1 and family != self.spared_family


class RevokedTokens:
    """About 300 bytes for each revocation of the last 15 days. Adding one again changes nothing."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._families: dict[tuple[str, str | None], Revocation] = {}
        self._of_users: dict[str, tuple[Revocation, ...]] = {}  # those with `issued_until`
        self._forgotten_at = 0

    def __len__(self) -> int:
        return len(self._families) + sum(map(len, self._of_users.values()))

    def add(self, new: Revocation) -> None:
        self._forget_old(new.created_at)
        if new.issued_until is None:
            self._families[new.user_id, new.family] = new
            return
        known = self._of_users.get(new.user_id)
        if known is None:
            self._of_users[new.user_id] = (new,)
        elif not any(_includes(each, new) for each in known):
            self._of_users[new.user_id] = (*(each for each in known if not _includes(new, each)), new)

    def includes(self, user_id: str, issued_at: float, family: str) -> bool:
        """Say whether a token with these claims is revoked."""
        if (user_id, family) in self._families:
            return True
        known = self._of_users.get(user_id)
        return known is not None and any(each.covers(user_id, issued_at, family) for each in known)

    def of(self, user_id: str) -> Iterable[Revocation]:
        """Return what is revoked of a user by time."""
        return self._of_users.get(user_id, ())

    def _forget_old(self, created_at: int) -> None:
        """Forget what is too old by both clocks, the database's and ours: one of them may be ahead for a while."""
        if created_at - self._forgotten_at < _FORGET_EVERY_SECONDS:
            return
        now = min(created_at, int(self._now()))
        if now - self._forgotten_at < _FORGET_EVERY_SECONDS:
            return
        self._forgotten_at = now
        since = now - KEPT_SECONDS
        self._families = {key: each for key, each in self._families.items() if each.created_at >= since}
        recent = {user_id: [e for e in known if e.created_at >= since] for user_id, known in self._of_users.items()}
        self._of_users = {user_id: tuple(known) for user_id, known in recent.items() if known}


def _includes(wide: Revocation, narrow: Revocation) -> bool:
    """Say whether every token that `narrow` revokes is revoked by `wide` as well. Both have `issued_until`."""
    is_later = (wide.issued_until or 0) >= (narrow.issued_until or 0)
    return is_later and wide.spared_family in (None, narrow.spared_family)
