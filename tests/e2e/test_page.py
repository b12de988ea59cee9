"""The page, in a real browser."""

import os
import shutil
import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.services import missing
from tests.system import ROOT, System

_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        missing("Chromium")
    if not (ROOT / "app/static/vendor/socket.io.esm.min.js").exists():
        missing("socket.io-client (make page)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS.split())
        yield browser
        browser.close()


def sign_up(browser: Browser, system: System, **options: object) -> tuple[Page, str]:
    page = browser.new_context(**options).new_page()  # type: ignore[arg-type]
    page.goto(system.api.url)
    name = f"user {uuid.uuid4().hex[:8]}"
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill("a good password")
    page.get_by_role("button", name="Sign up").click()
    expect(page.locator("#state")).to_have_text("Live")
    return page, name


class TestPage:
    def test_a_follow_in_one_window_shows_in_the_other(self, browser: Browser, pages: System) -> None:
        bob, bobs_name = sign_up(browser, pages)
        ann, anns_name = sign_up(browser, pages, viewport={"width": 390, "height": 760})
        ann.get_by_role("searchbox").fill(bobs_name)
        ann.get_by_role("button", name="Search").click()

        ann.get_by_role("button", name=f"Follow {bobs_name}").click()

        expect(bob.locator(".toast")).to_contain_text(f"{anns_name} follows you")
        expect(bob.locator("#badge")).to_have_text("1")
        bob.reload()
        expect(bob.locator("#inbox")).to_contain_text(anns_name)
        bob.get_by_role("button", name="Mark all read").click()
        expect(bob.locator("#badge")).to_be_hidden()
