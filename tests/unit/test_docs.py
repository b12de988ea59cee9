"""The pages name what there is, and nothing that is not there."""

import re

import pytest

import app.events
from core import events
from core.counters import NAMES
from core.event_documents import BEGIN, END, list_of
from core.settings import Settings
from tests.system import ROOT

OPERATIONS = (ROOT / "docs/operations.md").read_text()
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text()
METRIC = re.compile(r'"(toutiao_\w+)"')
# A path from the project's folder, in backticks. One that ends with a slash is a folder.
NAMED_PATH = re.compile(r"`([\w.-]+(?:/[\w.-]+)*(?:\.(?:py|js|yml|conf)|/))`")


def first_cells(pattern: str) -> set[str]:
    return set(re.findall(rf"^\| `({pattern})", OPERATIONS, re.MULTILINE))


def modules(*folders: str) -> set[str]:
    paths = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return {path.relative_to(ROOT).as_posix() for path in paths if path.name != "__init__.py"}


def exists(named: str) -> bool:
    path = ROOT / named
    return path.is_dir() if named.endswith("/") else path.is_file()


class TestOperations:
    def test_it_names_every_setting_and_no_other(self) -> None:
        read_elsewhere = {"TOUTIAO_SETTINGS"}
        only_in_tests = {"FAILPOINT"}
        settings = {name.upper() for name in Settings.model_fields} - only_in_tests | read_elsewhere
        assert first_cells("[A-Z_]+") == settings

    def test_it_names_every_metric_and_no_other(self) -> None:
        sources = [ROOT / module for module in modules("core", "app", "im", "tasks")]
        others = {"toutiao_push"}  # a channel of PostgreSQL
        metrics = {name for path in sources for name in METRIC.findall(path.read_text())} - others
        assert first_cells(r"toutiao_\w+") == metrics | set(NAMES)


class TestArchitecture:
    def test_it_names_every_module(self) -> None:
        assert modules("core", "app", "tasks", "im", "dev") - set(NAMED_PATH.findall(ARCHITECTURE)) == set()


class TestEvents:
    def test_the_list_of_events_is_current(self) -> None:
        own = [event for event in events.declared() if event.__module__ == app.events.__name__]
        listed = (ROOT / "docs/events.md").read_text().partition(BEGIN)[2].partition(END)[0]
        assert listed.strip() == list_of(own)


@pytest.mark.parametrize("page", ["AGENTS.md", "docs/architecture.md", "docs/glossary.md"])
def test_a_page_names_nothing_that_is_gone(page: str) -> None:
    named = NAMED_PATH.findall((ROOT / page).read_text())
    assert [path for path in named if not exists(path)] == []


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("tests/unit/im/delivery/test_chat.py", "import pytest"),
        ("tests/unit/im/delivery/test_chat.py", "from tests.unit.im.fakes import FakeSio"),
        ("im/metrics.py", "from prometheus_client import REGISTRY, Counter, Gauge"),
        ("im/delivery/chat.py", "from core import events"),
        ("im/delivery/chat.py", '                return {"status": "ok"}'),
    ],
)
def test_the_first_change_of_contributing_still_fits(file: str, line: str) -> None:
    assert f"`{file}`" in (ROOT / "CONTRIBUTING.md").read_text()
    assert (ROOT / file).read_text().splitlines().count(line) == 1
