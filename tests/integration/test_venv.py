"""`make venv` creates or recreates `.venv`, or says why it can't. pip has nothing to install here."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system import ROOT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the files that `make venv` needs, with empty requirements."""
    (tmp_path / "dev").mkdir()
    shutil.copy(ROOT / "dev/venv", tmp_path / "dev/venv")
    shutil.copy(ROOT / "Makefile", tmp_path / "Makefile")
    for name in ("requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).touch()
    return tmp_path


def make(project: Path, *options: str, **env: str) -> "subprocess.CompletedProcess[str]":
    command = ["make", "-s", *options, "venv"]
    return subprocess.run(
        command, cwd=project, env={**os.environ, **env}, capture_output=True, text=True, timeout=100, check=False
    )


def script(path: Path, text: str) -> str:
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def is_made(project: Path) -> bool:
    done = subprocess.run([project / ".venv/bin/python", "-c", "import pip"], timeout=60, check=False)
    return done.returncode == 0 and (project / ".venv/ready.stamp").exists()


def test_venv_is_made_once(project: Path) -> None:
    assert make(project).returncode == 0
    assert is_made(project)

    assert make(project).stdout == ""


@pytest.mark.parametrize("state", ["half made", "too old", "gone"])
def test_unusable_venv_is_recreated(project: Path, state: str) -> None:
    script(project / ".venv/bin/python", "exit 1" if state == "too old" else f'exec {sys.executable} "$@"')
    (project / ".venv/old").touch()
    if state != "half made":
        (project / ".venv/ready.stamp").touch()
    if state == "gone":
        (project / ".venv/bin/python").unlink()
        (project / ".venv/bin/python").symlink_to("/nowhere/python3")

    assert make(project).returncode == 0

    assert is_made(project)
    assert not (project / ".venv/old").exists()


def test_target_of_a_linked_venv_is_not_removed(project: Path, tmp_path: Path) -> None:
    behind = tmp_path / "shared"
    behind.mkdir()
    (behind / "kept").touch()
    (project / ".venv").symlink_to(behind)

    assert make(project).returncode == 0

    assert is_made(project)
    assert (behind / "kept").exists()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[ "$1" = --version ] && echo Python 3.9.2; exit 1', "is Python 3.9.2; 3.11 or newer is needed"),
        ('[ "$1" = -m ] && { echo No module named venv; exit 1; }; exit 0', "apt-get install python3-venv"),
    ],
)
def test_unsuitable_python_is_reported_with_a_remedy(project: Path, text: str, reason: str) -> None:
    done = make(project, f"PYTHON={script(project / 'bin/python', text)}")

    assert done.returncode != 0
    assert reason in done.stderr
    assert not (project / ".venv").exists()


def test_missing_python_is_named(project: Path) -> None:
    assert "PYTHON=/nowhere/python is not there" in make(project, "PYTHON=/nowhere/python").stderr


def test_failed_download_leaves_the_venv_unfinished(project: Path) -> None:
    (project / "requirements-dev.txt").write_text("/nowhere/package\n")

    done = make(project)

    assert done.returncode != 0
    assert "is there a network?" in done.stderr
    assert not (project / ".venv/ready.stamp").exists()
