"""The shop of README works as it is written, up to the bell in a browser."""

import os
import re
import subprocess
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from dev.background import Process
from dev.ports import find_free
from tests.clients import status
from tests.hosts.host import install_packages
from tests.services import Service, wait_until
from tests.system import ROOT, System, on_redis

PORT = find_free()


def blocks() -> list[str]:
    """Return the code blocks of the section, with a port that is free here."""
    [section] = re.findall(
        r"## Add it to your app in ten minutes\n(.*?)\n## ", (ROOT / "README.md").read_text(), re.DOTALL
    )
    found = re.findall(r"^ *```\w+\n(.*?)^ *```$", section, re.DOTALL | re.MULTILINE)
    return [
        textwrap.dedent(block).replace(":7000", f":{PORT}").replace("--port 7000", f"--port {PORT}") for block in found
    ]


@pytest.fixture
def shop(module_folder: Path, wheel: Path, valkeys: Callable[[], Service]) -> Iterator[str]:
    """Do the steps of the section up to the last one; yield that one, a command."""
    events, run, install, source, serve, order = (block.replace("/tmp/shop", str(module_folder)) for block in blocks())
    (module_folder / "events.toml").write_text(events)
    (module_folder / "shop.py").write_text(source)
    given = dict(part.split("=", 1) for part in run.split() if "=" in part)
    with System(module_folder / "data", **{**given, **on_redis(valkeys().url)}) as system:
        env = {**system.env, "IM_PORT": str(system.im_ports[0])}
        venv, _pip, _environment, export = install.splitlines()
        subprocess.run(["bash", "-euc", f"{venv} --without-pip\n{export}"], cwd=ROOT, env=env, timeout=100, check=True)
        install_packages(str(module_folder / "venv/bin/python"), str(wheel), "flask-sqlalchemy")
        process = Process(["bash", "-euc", f"exec {serve}"], env, module_folder / "shop.log")
        try:
            wait_until(lambda: status(f"http://127.0.0.1:{PORT}/login/x") == 200, seconds=40, what="the shop answers")
            yield order
        finally:
            print(process.end_of_log())
            process.kill()


def test_bell_counts_and_lists_what_the_shop_has_committed(shop: str, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{PORT}/login/ann")
    subprocess.run(["bash", "-euc", shop], timeout=30, check=True, env={"PATH": os.environ["PATH"]})

    bell = page.locator("push-bell")
    expect(bell.get_by_role("button").first).to_contain_text("1")
    bell.get_by_role("button").first.click()
    expect(bell.get_by_text("On its way: a book")).to_be_visible()
