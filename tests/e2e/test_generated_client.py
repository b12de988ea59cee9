"""A client that is generated from the OpenAPI document is typed, and works."""

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tests.clients import PASSWORD
from tests.system import BIN, ROOT, System

PROGRAM = ROOT / "tests/e2e/generated_client_program.py"


@pytest.fixture(scope="module")
def generated(small: System, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package `toutiao_client`."""
    folder = tmp_path_factory.mktemp("generated")
    status, document = small.api.get("/openapi.json")
    assert status == 200
    (folder / "openapi.json").write_text(json.dumps(document))
    (folder / "config.json").write_text('{"post_hooks": []}')
    options = ["--path", "openapi.json", "--config", "config.json", "--meta", "none", "--fail-on-warning"]
    command = [str(BIN / "openapi-python-client"), "generate", *options, "--output-path", "toutiao_client"]
    run(command, folder, {})
    (folder / "toutiao_client/py.typed").touch()
    return folder


def run(command: list[str], folder: Path, env: dict[str, str]) -> str:
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **env}, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_generated_client_follows_and_reads_the_inbox(small: System, generated: Path) -> None:
    name = f"generated-{uuid.uuid4().hex[:12]}"
    command = [sys.executable, "-W", "ignore", str(PROGRAM), small.api.url, name, PASSWORD]

    said = run(command, generated, {"PYTHONPATH": str(generated)})

    assert said.strip() == "you can't follow yourself | following notify | False | True | 1"


def test_program_with_the_generated_client_type_checks(generated: Path) -> None:
    options = ["--strict", "--follow-imports=silent", "--config-file=", "--cache-dir=mypy"]

    run([sys.executable, "-m", "mypy", *options, str(PROGRAM)], generated, {"MYPYPATH": str(generated)})
