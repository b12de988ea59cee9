"""WebKit, the engine of Safari: WebKitGTK's own small browser on a screen that nobody sees."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service

_BROWSER = "webkit2gtk-4.*/MiniBrowser"


def find_browser() -> Path | None:
    """Return the browser's path, or None where WebKitGTK, its driver or Xvfb is not installed."""
    if not (shutil.which("WebKitWebDriver") and shutil.which("Xvfb")):
        return None
    return next(iter([*Path("/usr/lib").glob(f"*/{_BROWSER}"), *Path("/usr/libexec").glob(_BROWSER)]), None)


@contextmanager
def screen(log: Path) -> Iterator[str]:
    """Start an X server with a free display, and yield that display's name."""
    read_end, write_end = os.pipe()
    command = ["Xvfb", "-displayfd", str(write_end), "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]
    with log.open("wb") as output:
        server = subprocess.Popen(command, pass_fds=[write_end], stdout=output, stderr=output)
    os.close(write_end)
    try:
        with os.fdopen(read_end) as answer:
            yield f":{answer.readline().strip()}"
    finally:
        server.terminate()
        server.wait(10)


@contextmanager
def webkit(browser: Path, display: str) -> Iterator[webdriver.WebKitGTK]:
    """Open a window without cookies or storage of earlier ones."""
    options = Options()
    options.binary_location = str(browser)
    options.add_argument("--automation")
    driver = webdriver.WebKitGTK(options=options, service=Service(env={**os.environ, "DISPLAY": display}))
    try:
        driver.set_page_load_timeout(60)
        yield driver
    finally:
        driver.quit()
