"""What is imported is named, with its version: a package of a package may change, or go, with any release of it."""

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.system import ROOT

# The last is what a generator makes in a test.
OURS = {"app", "tasks", "im", "dev", "bench", "tests", "celeryconfig", "toutiao_client"}


@pytest.mark.parametrize(
    ("places", "file"),
    [
        (("app", "tasks", "im", "migrations", "celeryconfig.py", "flowerconfig.py"), "requirements.txt"),
        (("dev", "bench", "tests"), "requirements-dev.txt"),
    ],
)
def test_each_package_that_is_imported_is_pinned(places: tuple[str, ...], file: str) -> None:
    names = {name for place in places for path in sources(ROOT / place) for name in imported(path)}
    distributions = packages_distributions()

    missing = {
        name
        for name in names - OURS - sys.stdlib_module_names
        if not {normal(distribution) for distribution in distributions.get(name, [])} & pinned(ROOT / file)
    }

    assert missing == set()


def sources(place: Path) -> list[Path]:
    return [place] if place.is_file() else list(place.rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def pinned(path: Path) -> set[str]:
    lines = path.read_text().splitlines()
    included = [pinned(path.parent / line.removeprefix("-r ")) for line in lines if line.startswith("-r ")]
    here = {normal(re.split(r"[\[=]", line)[0]) for line in lines if "==" in line}
    return here.union(*included)


def normal(name: str) -> str:
    return name.lower().replace("_", "-")
