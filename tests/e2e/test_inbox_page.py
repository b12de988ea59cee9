"""The commands of docs/inbox.md work as they are written."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from core import service_keys
from core.vapid import create_key
from tests.services import Service
from tests.system import ROOT, System, on_redis

# A worker puts a notification into its group. Who types the commands is slower than that.
_UNTIL_GATHERED = """
until curl -s "$api/user/notifications?group=following" -H "Authorization: Bearer $dog" | grep -q '"results":\\[{'
do sleep 0.1
done
"""


def blocks(page: str) -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```$", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE)


def test_each_command_is_answered(tmp_path: Path, valkeys: Callable[[], Service]) -> None:
    key, line = service_keys.create("tests")
    web_push = {"VAPID_PRIVATE_KEY": create_key(), "VAPID_SUBJECT": "mailto:ops@news.example"}
    [sign_up] = [block for block in blocks("README.md") if block.startswith("api=")]
    commands = "\n".join([sign_up, _UNTIL_GATHERED, *blocks("docs/inbox.md")])

    with System(tmp_path / "system", SERVICE_KEYS=line, **web_push, **on_redis(valkeys().url)) as system:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands.replace("http://127.0.0.1:5000", system.api.url)],
            env=system.env | {"SERVICE_KEY": key},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "cat 关注了你" in done.stdout
    assert '"all":1,"unread":1,"unseen":1,"archived":0,"requests":0' in done.stdout
    assert done.stdout.endswith("\n")
