"""Compare what was committed with what the clients have seen."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.failure import group_updates
from tests.failure.load import Load
from tests.failure.simulated_client import SimulatedClient

LONGEST_ANSWER_SECONDS = 1.0


@dataclass
class Outcome:
    """The result of a case; `problems` is empty when every promise was kept."""

    shape: str
    case: str
    faults: str
    committed: int = 0
    missing: int = 0
    foreign: int = 0
    doubled: int = 0
    disorders: int = 0
    repeats: int = 0
    from_inbox: int = 0
    refused: int = 0
    slowest_seconds: float = 0.0
    settled_seconds: float = 0.0
    crashes: list[int] = field(default_factory=list)  # statuses that no follow should have, whatever is unavailable
    problems: list[str] = field(default_factory=list)
    reached: list[str] = field(default_factory=list)  # rare states

    def __str__(self) -> str:
        figures = (
            f"committed={self.committed} missing={self.missing} foreign={self.foreign} doubled={self.doubled} "
            f"repeats={self.repeats} from_inbox={self.from_inbox} refused={self.refused} "
            f"slowest={self.slowest_seconds:.2f}s settled={self.settled_seconds:.1f}s"
        )
        mark = "FAILED" if self.problems else "ok"
        return "\n    ".join([f"{mark:6} {self.shape:19} {self.case:32} {figures}", *self.problems])


def reconcile(load: Load, outcome: Outcome, *, repaired_at: float) -> None:
    """Fill in the outcome of a load that has ended."""
    rows = load.rows()
    committed = load.committed_at
    outcome.committed = len(committed)
    missing = list(load.unseen(rows))
    outcome.missing = len(missing)
    for client, row_id in missing[:3]:
        outcome.problems.append(f"user {client.user and client.user.id} has not seen {row_id}")
    ids = Counter((actor_id, recipient_id) for _, recipient_id, actor_id in rows)
    outcome.doubled = sum(count - 1 for count in ids.values())
    lost = [pair for pair in committed if pair not in ids]
    foreign = [found for client in (*load.clients, load.anonymous) for found in _foreign(client, rows)]
    outcome.foreign = len(foreign)
    disorders = [disorder for client in load.clients for disorder in client.memory.disorders]
    outcome.disorders = len(disorders)
    outcome.repeats = sum(client.memory.repeats for client in load.clients)
    outcome.from_inbox = sum(len(client.memory.from_inbox) for client in load.clients)
    outcome.refused = sum(answer.status != 201 for answer in load.answers)
    outcome.crashes = sorted({answer.status for answer in load.answers} - {0, 201, 503})
    outcome.slowest_seconds = max(answer.seconds for answer in load.answers)
    outcome.settled_seconds = _settled_seconds(load, rows, repaired_at)
    _note(outcome, "follows were answered 201 and are not in the inbox", lost)
    _note(outcome, "notifications have a second id", [pair for pair, count in ids.items() if count > 1])
    _note(outcome, "ids were seen by a client of another user", foreign)
    _note(outcome, "offsets ran backwards", disorders)
    _note(outcome, "updates of groups were told under two names", group_updates.repeated(load))
    _note(outcome, "users were not told of all in a group", list(group_updates.untold(load, rows)))


def _note(outcome: Outcome, problem: str, found: Sequence[object]) -> None:
    if found:
        outcome.problems.append(f"{len(found)} {problem}: {found[:3]}")


def _foreign(client: SimulatedClient, rows: list[tuple[int, int, int]]) -> list[int]:
    own = {row_id for row_id, recipient_id, _ in rows if client.user and recipient_id == client.user.id}
    return [row_id for row_id in client.memory.seen_at if row_id not in own]


def _settled_seconds(load: Load, rows: list[tuple[int, int, int]], repaired_at: float) -> float:
    """Return the longest time from the repair, or from a commit after it, until a client saw it."""
    longest = 0.0
    for client in load.clients:
        for row_id, recipient_id, actor_id in rows:
            committed_at = load.committed_at.get((actor_id, recipient_id))
            if client.user and recipient_id == client.user.id and committed_at and row_id in client.memory.seen_at:
                longest = max(longest, client.memory.seen_at[row_id] - max(repaired_at, committed_at))
    return longest
