"""Chromium, driven by Playwright."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from dev.background import ROOT
from tests.services import PATIENCE, missing

# A page that a test makes up has no address. Chromium would not let it call this machine.
_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-features=LocalNetworkAccessChecks"
)
_WHOLE = "chromium", "chromium-browser"

expect.set_options(timeout=5000 * PATIENCE)


@contextmanager
def started_playwright() -> Iterator[Playwright]:
    """Start Playwright. Until it ends, an asyncio loop runs in this thread."""
    if not (ROOT / "app/web/static/vendor/socket.io.esm.min.js").exists():
        missing("socket.io-client (make page)")
    with sync_playwright() as playwright:
        yield playwright


@contextmanager
def chromium(playwright: Playwright, *, whole: bool = False) -> Iterator[Browser]:
    """Start Chromium. Where the part without windows is installed alone, that is used: it needs a third less CPU.

    The whole has what its windows need too: notifications of the desktop, and Web Push.
    """
    names = _WHOLE if whole else ("chromium-headless-shell", *_WHOLE)
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        missing("Chromium")
    browser = playwright.chromium.launch(executable_path=path, args=_FLAGS.split())
    yield browser
    browser.close()


@contextmanager
def closing_contexts(browser: Browser) -> Iterator[Browser]:
    """Close what is opened in a browser meanwhile: an open page goes on to follow its IM server."""
    before = browser.contexts
    yield browser
    for context in browser.contexts:
        if context not in before:
            context.close()
