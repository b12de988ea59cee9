"""README is true: what it says to type works as it is written."""

import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.services import wait_until
from tests.system import ROOT, System


def block(begin: str) -> str:
    """Return the code block that begins with this text."""
    text = (ROOT / "README.md").read_text()
    blocks = [textwrap.dedent(body) for body in re.findall(r"^ *```\w+\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)]
    [found] = [body for body in blocks if body.startswith(begin)]
    return found


def test_the_commands_follow_somebody_and_the_listener_hears_of_it(small: System, tmp_path: Path) -> None:
    listener, heard = tmp_path / "listen.py", tmp_path / "heard"
    listener.write_text(block("import sys").replace("http://127.0.0.1:8001", small.im_urls[0]))
    commands = block("api=").replace("http://127.0.0.1:5000", small.api.url)

    done = subprocess.run(
        ["bash", "-euc", f'{commands}\necho; echo "$dog"'], capture_output=True, text=True, timeout=60, check=True
    )

    *_, inbox, token = done.stdout.splitlines()
    assert '"event":"following notify"' in inbox
    with heard.open("w") as output:
        command = [sys.executable, "-u", str(listener), token]
        with subprocess.Popen(command, cwd=ROOT, env=small.env, stdout=output) as process:
            wait_until(lambda: "sync" in heard.read_text(), seconds=15, what="sync")
            process.kill()
    assert "following notify" in heard.read_text()


def test_another_service_emits(small: System) -> None:
    bob = small.user()
    client = small.client(bob)
    client.wait_for("sync")

    done = small.run(sys.executable, "-c", block("import os"), str(bob.id))

    assert done.returncode == 0, done.stderr
    assert client.wait_for("anything") == [{"a": 1}]
    client.close()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project with the example of README in it: the event, its endpoint and the socket handler."""
    root = tmp_path / "project"
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(".*", "node_modules", "__pycache__"))
    (root / "app/services/waves.py").write_text(block('"""Who waves'))
    (root / "app/api/waves.py").write_text(block('"""Waving'))
    (root / "im/uptime.py").write_text(block('"""The `uptime`'))
    (root / "tests/e2e/test_waves.py").write_text(block('"""Whoever is waved'))
    edit(root / "app/events.py", r"^FOLLOWING_NOTIFY = .*?^NOTIFICATIONS = .*?\n", block("FOLLOWING_NOTIFY"))
    edit(root / "app/static/events.js", r"^const TEXTS = .*?^\};\n", block("const TEXTS"))
    edit(root / "app/factory.py", r"    security_headers,\n", "    security_headers,\n    waves,\n")
    edit(root / "app/factory.py", r"notifications\.bp\)", "notifications.bp, waves.bp)")
    edit(root / "im/server.py", r"^from im import encoding, protocol\n", "from im import encoding, protocol, uptime\n")
    edit(root / "im/server.py", r'^    sio\.on\("\*"', textwrap.indent(block("sio.on("), "    ") + '    sio.on("*"')
    return root


def edit(path: Path, pattern: str, replacement: str) -> None:
    text, count = re.subn(pattern, lambda _: replacement, path.read_text(), flags=re.DOTALL | re.MULTILINE)
    assert count == 1, f"{pattern} in {path}"
    path.write_text(text)


def test_the_example_of_an_event_an_endpoint_and_a_handler_works(copy: Path) -> None:
    (copy / "tests/e2e/test_uptime.py").write_text(
        "from tests.system import System\n\n\n"
        "def test_uptime(small: System) -> None:\n"
        "    client = small.client(None)\n"
        '    assert list(client.sio.call("uptime", timeout=5)) == ["seconds"]\n'
        "    client.close()\n"
    )

    pytest_ = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-k", "small or uptime or page"]
    tests = ["tests/e2e/test_waves.py", "tests/e2e/test_uptime.py", "tests/unit/test_events.py"]
    done = subprocess.run([*pytest_, *tests], cwd=copy, capture_output=True, text=True, timeout=110, check=False)

    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout
