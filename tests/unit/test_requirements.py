"""Each imported package is pinned by us, and each package that is installed is pinned by the hashes of its files."""

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.system import ROOT

# The last one is generated in a test.
OURS = {"core", "app", "tasks", "im", "dev", "bench", "tests", "celeryconfig", "toutiao_push", "toutiao_client"}

HOSTS = ROOT / "tests/hosts/apps"  # apps of other people, each with a venv of its own


@pytest.mark.parametrize(
    ("places", "file"),
    [
        (("core", "app", "tasks", "im", "migrations", "celeryconfig.py", "flowerconfig.py"), "requirements.in"),
        (("dev", "bench", "tests"), "requirements-dev.in"),
    ],
)
def test_each_imported_package_is_pinned(places: tuple[str, ...], file: str) -> None:
    files = [path for place in places for path in sources(ROOT / place) if HOSTS not in path.parents]
    names = {name for path in files for name in imported(path)}
    distributions = packages_distributions()

    missing = {
        name
        for name in names - OURS - sys.stdlib_module_names
        if not {normal(distribution) for distribution in distributions.get(name, [])} & names_in(ROOT / file)
    }

    assert missing == set()


LOCKS = ("requirements.txt", "requirements-dev.txt")


@pytest.mark.parametrize("file", LOCKS)
def test_lock_holds_what_is_asked_for(file: str) -> None:
    asked = versions(ROOT / file.replace(".txt", ".in"))

    assert asked - set(locked(ROOT / file)) == set(), "say: make lock"


@pytest.mark.parametrize("file", LOCKS)
def test_each_locked_package_has_hashes(file: str) -> None:
    assert [package for package, hashes in locked(ROOT / file).items() if not hashes] == []


def test_both_locks_hold_the_same_files() -> None:
    production, development = (locked(ROOT / file) for file in LOCKS)

    assert production.items() <= development.items()


def versions(path: Path) -> set[str]:
    """Return the packages that a file asks for, as name==version."""
    lines = path.read_text().splitlines()
    included = [versions(path.parent / line.removeprefix("-r ")) for line in lines if line.startswith("-r ")]
    asked = (line.partition(" ;")[0] for line in lines)  # without the machines that it is for
    here = {normal(re.sub(r"\[.*?]", "", line)) for line in asked if "==" in line}
    return here.union(*included)


def names_in(path: Path) -> set[str]:
    return {package.partition("==")[0] for package in versions(path)}


def locked(path: Path) -> dict[str, str]:
    """Return the hashes of each package, which is name==version."""
    blocks = re.findall(r"^(\S+==\S+)(.*(?:\n .*)*)", path.read_text(), re.MULTILINE)
    return {normal(package): "".join(re.findall(r"sha256:\w{64}", rest)) for package, rest in blocks}


def sources(place: Path) -> list[Path]:
    return [place] if place.is_file() else list(place.rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def normal(name: str) -> str:
    return name.lower().replace("_", "-")
