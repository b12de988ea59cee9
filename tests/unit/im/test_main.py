"""The IM server as a script: Python puts the folder of a script first where it looks for modules."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.system import ROOT


def test_module_in_im_may_be_named_like_one_that_eventlet_imports(tmp_path: Path) -> None:
    for room in ("core", "im"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("queue", "socket", "select"):
        (tmp_path / "im" / f"{name}.py").write_text("raise ImportError('this is not the standard library')\n")

    done = subprocess.run(
        [sys.executable, "im/main.py"], cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False
    )

    assert (done.returncode, done.stdout) == (1, "Usage: python main.py [port]\n"), done.stderr
