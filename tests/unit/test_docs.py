"""The operator's page names every setting and every metric, and none that is not there."""

import re

from app.config import Settings
from app.counters import NAMES
from tests.system import ROOT

PAGE = (ROOT / "docs/operations.md").read_text()
METRIC = re.compile(r'"(toutiao_\w+)"')


def first_cells(pattern: str) -> set[str]:
    return set(re.findall(rf"^\| `({pattern})", PAGE, re.MULTILINE))


def test_settings() -> None:
    read_elsewhere = {"TOUTIAO_SETTINGS"}
    only_in_tests = {"CRASH_POINT"}
    assert first_cells("[A-Z_]+") == {name.upper() for name in Settings.model_fields} - only_in_tests | read_elsewhere


def test_metrics() -> None:
    sources = [path for room in ("app", "im", "tasks") for path in (ROOT / room).rglob("*.py")]
    named = {name for path in sources for name in METRIC.findall(path.read_text())}
    assert first_cells(r"toutiao_\w+") == named | set(NAMES)
