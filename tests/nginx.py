"""nginx with the production configuration, and local addresses in place of container names."""

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from dev.ports import find_free
from tests.clients import status
from tests.services import missing, wait_until
from tests.system import ROOT, Process


class Nginx:
    """`ports` are those of api, im1 and im2; `left_out` are lines that are removed from the configuration."""

    def __init__(self, folder: Path, ports: Mapping[str, str | int], *, left_out: Sequence[str] = ()) -> None:
        binary = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        if binary is None:
            missing("nginx")
        folder.mkdir()
        port = find_free()
        self.url = f"http://127.0.0.1:{port}"
        text = (ROOT / "deploy/nginx.conf").read_text()
        for line in left_out:
            assert line in text
            text = text.replace(line, "")
        for name, at in ports.items():
            text = re.sub(rf"{name}:\d+", f"127.0.0.1:{at}", text)
        text = text.replace("listen 80;", f"listen 127.0.0.1:{port};").replace("/tmp/nginx", f"{folder}/nginx")
        config = folder / "nginx.conf"
        config.write_text(text + "\ndaemon off;\n")
        self.process = Process([str(binary), "-c", str(config), "-p", str(folder)], dict(os.environ), folder / "log")

    def __enter__(self) -> Self:
        try:
            wait_until(lambda: status(self.url + "/metrics") == 404, seconds=10, what="nginx answers")
        except TimeoutError:
            self.process.kill()
            print(self.log)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()

    @property
    def log(self) -> str:
        """The access log so far; nginx writes a line after it has sent the answer."""
        return self.process.log.read_text()
