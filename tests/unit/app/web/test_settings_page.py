"""Runs the tests of what the settings page decides without a page."""

import shutil
import subprocess
from pathlib import Path

from tests.services import missing


def test_choices_of_the_settings_page() -> None:
    node = shutil.which("node")
    if node is None:
        missing("node")
    command = [node, "--test", str(Path(__file__).with_name("settings.test.js"))]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert result.returncode == 0, result.stdout + result.stderr
