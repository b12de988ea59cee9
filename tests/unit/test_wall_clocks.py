"""Durations are told by the monotonic clock. Who asks for the time of day has a reason, which stands here."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
ALLOWED = {
    "app/broker.py": "Kombu compares with this process's clock; the difference to Redis' is taken out",
    "app/history.py": "a history vouches for a day: an hour more or less sends a client to its inbox, or does not",
    "app/ids.py": "ids begin with the time; SQLite has one machine, and an id is more than any before it",
    "app/services/accounts.py": "when somebody signed up",
    "app/services/dead_letters.py": "when something was given up",
    "app/services/followings.py": "when somebody followed, in the order of which they are listed",
    "app/services/inbox.py": "when something was made, and read",
    "app/services/outbox.py": "when something was dispatched; how old it is, for a metric",
    "app/tokens.py": "RFC 7519 tells by the time of day when a token was issued and ends",
    "dev/runner.py": "the library shows it before a line",
    "im/chat.py": "when something was said",
    "im/listeners.py": "a name that no earlier queue has",
    "tasks/requests.py": "Celery's events tell when a task began",
}
WALL_CLOCKS = {("time", "time"), ("time", "time_ns"), ("datetime", "now"), ("datetime", "utcnow"), ("date", "today")}


def asks_for_the_time_of_day(path: Path) -> bool:
    calls = (node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    attributes = (call for call in calls if isinstance(call, ast.Attribute))
    return any((ast.unparse(call.value).rpartition(".")[2], call.attr) in WALL_CLOCKS for call in attributes)


@pytest.mark.parametrize("room", ["app", "tasks", "im", "dev"])
def test_nobody_asks_for_the_time_of_day_without_a_reason(room: str) -> None:
    asking = {str(path.relative_to(ROOT)) for path in (ROOT / room).rglob("*.py") if asks_for_the_time_of_day(path)}

    assert asking == {name for name in ALLOWED if name.startswith(f"{room}/")}
