"""The package can be installed by itself, on each Python that it names, and needs nothing else."""

import ast
import importlib
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.system import ROOT

PACKAGE = ROOT / "clients/python"
README = (PACKAGE / "README.md").read_text()
SOURCES = sorted((PACKAGE / "src").rglob("*.py"))
FRAMEWORKS = {"sqlalchemy", "flask", "markupsafe", "jwt", "kombu"}
PYTHONS = [f"3.{minor}" for minor in range(10, 15)]
PROGRAM = """
import sqlite3, sys
from toutiao_push import Push, mint_token
push = Push({"version": 1, "events": {"hi": {"former_names": [], "schema": {"type": "object"}}}})
database = sqlite3.connect(":memory:")
database.execute("CREATE TABLE notifications (id INTEGER PRIMARY KEY, recipient_id, actor_id, event, data, created_at)")
assert push.notify(database.cursor(), "hi", to=7, data={"n": 1})
assert mint_token(7, "a secret").count(".") == 2
assert not {"sqlalchemy", "flask", "jwt", "kombu"} & set(sys.modules)
"""


def find(version: str) -> str | None:
    """Return the program of another version of Python, if there is one on this machine."""
    places = [Path.home() / f".pyenv/versions/{version}.{patch}/bin/python" for patch in range(30)]
    places += [Path(folder) / f"python{version}" for folder in os.environ["PATH"].split(":")]
    for place in places:
        if place.is_file() and subprocess.run([place, "-c", ""], timeout=30, check=False).returncode == 0:
            return str(place)
    return None


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    # In the folder of the package, which has its own configuration; without a network.
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=PACKAGE, check=True, capture_output=True, timeout=60)
    [built] = folder.glob("*.whl")
    return built


def test_the_wheel_has_the_modules_the_types_and_the_licence(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"toutiao_push/{path.name}" for path in SOURCES} | {"toutiao_push/py.typed"} <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert wheel.name.endswith("-py3-none-any.whl")


@pytest.mark.parametrize("version", PYTHONS)
def test_the_wheel_alone_works(wheel: Path, tmp_path: Path, version: str) -> None:
    python = find(version)
    if python is None:
        # Skipped where CI is set as well, unlike other things that are missing: few machines have all versions.
        pytest.skip(f"Python {version} is not installed")
    # As pip installs a pure wheel.
    zipfile.ZipFile(wheel).extractall(tmp_path)
    done = subprocess.run(
        [python, "-I", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{PROGRAM}"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def imported(path: Path) -> set[str]:
    """Return the packages that a module imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(), feature_version=(3, 10))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_a_module_needs_only_the_library_of_python_310(path: Path) -> None:
    assert imported(path) - sys.stdlib_module_names - FRAMEWORKS - {"toutiao_push"} == set()


def test_nothing_of_the_server_imports_the_package() -> None:
    ours = [path for folder in ("core", "app", "tasks", "im", "dev") for path in (ROOT / folder).rglob("*.py")]
    assert [path for path in ours if "toutiao_push" in imported(path)] == []


class TestReadme:
    def test_its_examples_are_python(self) -> None:
        examples = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
        assert len(examples) > 4
        for example in examples:
            ast.parse(example)

    def test_it_names_each_setting_of_flask_and_no_other(self) -> None:
        source = (PACKAGE / "src/toutiao_push/flask.py").read_text() + (
            PACKAGE / "src/toutiao_push/flask_inbox.py"
        ).read_text()
        used = set(re.findall(r'(?:_configured\("|\{_PREFIX\}|TOUTIAO_PUSH_)([A-Z_]+)"', source))
        table = README.partition("| `TOUTIAO_PUSH_...` |")[2].partition("\n\n")[0]
        cells = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
        assert {name for cell in cells for name in re.findall(r"`([A-Z_]+)`", cell)} == used

    def test_what_it_imports_is_there(self) -> None:
        for module, names in re.findall(r"from (toutiao_push\S*) import (.+)", README):
            for name in names.split(", "):
                assert hasattr(importlib.import_module(module), name)
