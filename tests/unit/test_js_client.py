"""Runs the tests of the JavaScript package, and checks its types."""

import os
import shutil
import subprocess
from collections.abc import Sequence

import pytest

from tests.services import missing
from tests.system import ROOT

PACKAGE = ROOT / "clients/js"
TOOLS = ROOT / "node_modules"
TESTS = sorted(PACKAGE.glob("test/*.test.js"))
NEED_PACKAGES = {"react.test.js": "react-test-renderer", "size.test.js": "esbuild"}


def run(*command: str) -> None:
    result = subprocess.run(command, cwd=PACKAGE, capture_output=True, text=True, timeout=100, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture(scope="module")
def node() -> str:
    node = shutil.which("node")
    if node is None:
        missing("node")
    return node


@pytest.fixture(scope="module")
def tools(node: str) -> None:
    if not (TOOLS / "typescript").exists():
        missing("the tools of clients/js (make page)")


def test_javascript_tests_pass(node: str) -> None:
    tests = [str(test) for test in TESTS if test.name not in NEED_PACKAGES]
    run(node, "--test", *tests)


@pytest.mark.usefixtures("tools")
def test_javascript_tests_that_need_packages_pass(node: str) -> None:
    run(node, "--test", *[str(PACKAGE / "test" / name) for name in NEED_PACKAGES])


@pytest.mark.usefixtures("tools")
def test_types_fit_a_host_that_uses_them() -> None:
    run(str(TOOLS / ".bin/tsc"), "--project", "test/types")


@pytest.mark.usefixtures("tools")
def test_package_holds_what_its_exports_name() -> None:
    npm = shutil.which("npm")
    if npm is None:
        missing("npm")
    command: Sequence[str] = [npm, "pack", "--dry-run", "--ignore-scripts", "--json"]
    done = subprocess.run(
        command,
        cwd=PACKAGE,
        env={**os.environ, "npm_config_offline": "true"},
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert b"src/index.d.ts" in done.stdout
    assert b"test/" not in done.stdout
