"""Run the tests of the browser's push client, which are JavaScript, with the others."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

TESTS = Path(__file__).with_name("push_client.test.mjs")


def test_push_client() -> None:
    node = shutil.which("node")
    if node is None:
        reason = "node is not installed, and the browser's client is not tested without it"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)

    result = subprocess.run([node, "--test", str(TESTS)], capture_output=True, text=True, timeout=60, check=False)

    assert result.returncode == 0, result.stdout + result.stderr
