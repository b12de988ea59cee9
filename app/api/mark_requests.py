"""Which marks the workers still have to tell the sockets of. It is bounded, and what is too much is told as `more`."""

from collections.abc import Iterator, Sequence

from core.inbox_states import MOST_IDS

_MOST_USERS = 10_000
_MOST_OF_ALL = 200_000  # ids of all users together

Columns = tuple[str, ...]


class MarkRequests:
    """Gathers marks by user. Marks of the same columns become one."""

    def __init__(self) -> None:
        self._users: dict[str, dict[Columns, tuple[set[int], bool]]] = {}
        self._ids = 0

    def __bool__(self) -> bool:
        return bool(self._users)

    def add(self, user_id: str, columns: Columns, ids: Sequence[int]) -> bool:
        """Add marks, of which the newest are told; return False where there are too many users."""
        if user_id not in self._users and len(self._users) >= _MOST_USERS:
            return False
        marked = self._users.setdefault(user_id, {})
        before, is_cut = marked.get(columns, (set(), False))
        both = before | set(ids)
        room = max(0, _MOST_OF_ALL - self._ids + len(before))
        kept = set(sorted(both, reverse=True)[: min(MOST_IDS, room)])
        marked[columns] = kept, is_cut or len(kept) < len(both)
        self._ids += len(kept) - len(before)
        return True

    def take_all(self) -> Iterator[dict[str, object]]:
        """Take out the arguments of one task for each user, the ids newest first."""
        users, self._users, self._ids = self._users, {}, 0
        for user_id, marked in users.items():
            marks = [[list(columns), sorted(ids, reverse=True), is_cut] for columns, (ids, is_cut) in marked.items()]
            yield {"user_id": user_id, "marks": marks}
