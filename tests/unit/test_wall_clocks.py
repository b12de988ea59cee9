"""Durations use the monotonic clock. Each use of the wall clock is listed here with its reason."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
ALLOWED = {
    "core/broker.py": "Kombu compares with this process's clock; the difference to Redis' is taken out",
    "core/history.py": "a history vouches for a day: an hour more or less sends a client to its inbox, or does not",
    "core/ids.py": "ids begin with the time; SQLite has one machine, and an id is more than any before it",
    "app/api/limits.py": "the library says at which time of day a window ends",
    "app/services/accounts.py": "when somebody signed up",
    "app/services/login_pauses.py": "the library says at which time of day a pause ends",
    "app/services/memory_counts.py": "as in app/api/limits.py and app/services/login_pauses.py, which ask it",
    "app/services/authorizations.py": "when a token was issued, as in core/tokens.py",
    "app/services/articles.py": "when something was published",
    "app/services/comments.py": "when something was said",
    "app/services/relations.py": "how old an account is: an hour more or less makes no stranger of a friend",
    "app/services/likings.py": "when somebody liked something",
    "core/expiry.py": "how old something is that was made by another machine; in whole hours or days",
    "core/dead_letters.py": "when something was given up",
    "app/services/followings.py": "when somebody followed, in the order of which they are listed",
    "core/inbox.py": "when something was made",
    "core/inbox_marks.py": "when something was seen, read or archived",
    "core/outbox.py": "when something was dispatched; how old it is, for a metric",
    "core/redis_clock.py": "Redis' clock is asked; this one only stands in while Redis has never answered",
    "core/revocations.py": "a token that is signed now, by the same clock, is later than what is revoked",
    "core/revoked_tokens.py": "whether a token that ended is forgotten; only a clock that is too late keeps more",
    "core/foreign_tokens.py": "as in core/tokens.py",
    "core/tokens.py": "RFC 7519 tells by the time of day when a token was issued and ends",
    "core/vapid.py": "RFC 8292 tells by the time of day when a token ends; half of the longest time is left for faults",
    "dev/runner.py": "the library shows it before a line",
    "im/delivery/chat.py": "when something was said",
    "im/delivery/expiry.py": "a token ends at a time of day; it is asked again whenever something is due",
    "im/delivery/login.py": "when a socket was opened",
    "im/subscription/managers.py": "a name that no earlier queue has",
    "tasks/preferences.py": "quiet hours are times of day",
    "tasks/quiet_request.py": "Celery's events tell when a task began",
}
WALL_CLOCKS = {("time", "time"), ("time", "time_ns"), ("datetime", "now"), ("datetime", "utcnow"), ("date", "today")}


def asks_for_the_time_of_day(path: Path) -> bool:
    """Say whether a module calls such a function, or hands one on."""
    names = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute))
    return any((ast.unparse(name.value).rpartition(".")[2], name.attr) in WALL_CLOCKS for name in names)


@pytest.mark.parametrize("room", ["core", "app", "tasks", "im", "dev"])
def test_every_use_of_the_wall_clock_is_listed_with_a_reason(room: str) -> None:
    asking = {str(path.relative_to(ROOT)) for path in (ROOT / room).rglob("*.py") if asks_for_the_time_of_day(path)}

    assert asking == {name for name in ALLOWED if name.startswith(f"{room}/")}
