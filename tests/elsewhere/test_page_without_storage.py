"""The page in a browser that blocks site data: access to a storage throws, as in Chrome and Firefox."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from dev.ports import find_free
from tests.services import Service
from tests.system import System, on_redis

BLOCK = """
for (const name of ["localStorage", "sessionStorage"])
  Object.defineProperty(window, name, { get() { throw new DOMException("blocked", "SecurityError"); } });
"""


@pytest.fixture(scope="module")
def system(folder: Path, valkeys: Callable[[], Service]) -> Iterator[System]:
    port = find_free()
    urls = on_redis(valkeys().url)
    with System(folder / "without-storage", IM_PORT=str(port), im_ports=[port], **urls) as system:
        yield system


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.add_init_script(BLOCK)
    yield page
    page.close()


def test_page_works_without_storage_until_it_is_reloaded(system: System, page: Page) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(system.api.url)
    name = f"user {uuid.uuid4().hex[:8]}"
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill("a good password")
    page.get_by_role("button", name="Sign up").click()
    expect(page.locator("#state")).to_have_text("Live")
    ann = system.user("ann")
    _, found = system.api.get(f"/v1_0/users?q={name.replace(' ', '%20')}", ann)

    system.api.post("/v1_0/user/followings", {"target": found["results"][0]["id"]}, ann)

    expect(page.get_by_role("article")).to_contain_text(f"{ann.name} follows you")
    expect(page.locator("#inbox-card .badge")).to_have_text("1")
    page.reload()
    expect(page.get_by_role("button", name="Sign up")).to_be_visible()
    assert errors == []
