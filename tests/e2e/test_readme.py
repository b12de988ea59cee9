"""The commands and the example of README work as they are written."""

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


def test_commands_follow_a_user_and_the_listener_is_notified(small: System, tmp_path: Path) -> None:
    listener, received = tmp_path / "listen.py", tmp_path / "heard"
    listener.write_text(block("import sys").replace("http://127.0.0.1:8001", small.im_urls[0]))
    commands = block("api=").replace("http://127.0.0.1:5000", small.api.url)

    done = subprocess.run(
        ["bash", "-euc", f'{commands}\necho; echo "$dog"'], capture_output=True, text=True, timeout=60, check=True
    )

    *_, inbox, token = done.stdout.splitlines()
    assert '"event":"following notify"' in inbox
    with received.open("w") as output:
        command = [sys.executable, "-u", str(listener), token]
        with subprocess.Popen(command, cwd=ROOT, env=small.env, stdout=output) as process:
            wait_until(lambda: "sync" in received.read_text(), seconds=15, what="sync")
            process.kill()
    assert "following notify" in received.read_text()


def test_example_of_another_service_emits(small: System) -> None:
    bob = small.user()
    client = small.client(bob)
    client.wait_for("sync")

    done = small.run(sys.executable, "-c", block("import os\nimport sys"), str(bob.id))

    assert done.returncode == 0, done.stderr
    assert client.wait_for("anything") == [{"a": 1}]
    client.close()


@pytest.fixture
def copy(tmp_path: Path, small: System) -> Path:
    """The project with the example of README in it: the event, its endpoint and the socket handler."""
    root = tmp_path / "project"
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(".*", "node_modules", "__pycache__"))
    (root / "app/services/waves.py").write_text(block('"""Who waves'))
    (root / "app/api/waves.py").write_text(block('"""Waving'))
    (root / "im/delivery/uptime.py").write_text(block('"""The `uptime`'))
    (root / "tests/e2e/test_waves.py").write_text(block('"""Whoever is waved'))
    command = block(".venv/bin/flask").replace(".venv/bin/flask", f"{sys.executable} -m flask")
    subprocess.run(["bash", "-euc", command], cwd=root, env=small.env, timeout=60, check=True)
    assert (root / "app/events.py").read_text().endswith("\n\n\n" + block("class WaveNotify"))
    edit(root / "app/factory.py", r"    token_commands,\n", "    token_commands,\n    waves,\n")
    edit(root / "app/factory.py", r"        moderation,\n    \)", "        moderation,\n        waves,\n    )")
    edit(root / "im/server.py", r"^from im\.delivery\.chat ", "from im.delivery import uptime\nfrom im.delivery.chat ")
    with (root / "docs/architecture.md").open("a") as page:
        page.write(block("| `app/services/waves.py`") + block("| `im/delivery/uptime.py`"))
    edit(root / "im/server.py", r'^    sio\.on\("\*"', textwrap.indent(block("sio.on("), "    ") + '    sio.on("*"')
    return root


def edit(path: Path, pattern: str, replacement: str) -> None:
    text, count = re.subn(pattern, lambda _: replacement, path.read_text(), flags=re.DOTALL | re.MULTILINE)
    assert count == 1, f"{pattern} in {path}"
    path.write_text(text)


def test_example_of_event_endpoint_and_handler_works(copy: Path) -> None:
    (copy / "tests/e2e/test_uptime.py").write_text(
        "from tests.system import System\n\n\n"
        "def test_uptime(small: System) -> None:\n"
        "    client = small.client(None)\n"
        '    assert list(client.sio.call("uptime", timeout=5)) == ["seconds"]\n'
        "    client.close()\n"
    )

    chosen = "small or uptime or text_of_wave or list_of_events or names_every_module"
    pytest_ = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-k", chosen]
    tests = [
        "tests/e2e/test_waves.py",
        "tests/e2e/test_uptime.py",
        "tests/unit/app/test_wave_notify.py",
        "tests/unit/test_docs.py",
    ]
    done = subprocess.run([*pytest_, *tests], cwd=copy, capture_output=True, text=True, timeout=110, check=False)

    assert done.returncode == 0, done.stdout
    assert "6 passed" in done.stdout
