"""The page without a network: it opens, shows the last list, and keeps nothing after a log-out."""

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.pages import Person
from tests.system import System

KEPT = "() => localStorage.getItem('last-list')"
IS_READY = "() => navigator.serviceWorker.ready.then(() => true)"


@pytest.fixture
def bob(browser: Browser, pages: System) -> Person:
    return Person(browser, pages)


def test_page_opens_without_a_network_and_shows_the_last_list(bob: Person) -> None:
    [name] = bob.is_followed_by(1)
    bob.page.wait_for_function(f"() => ({KEPT})()?.includes({name!r})")
    assert bob.page.evaluate(IS_READY)
    bob.page.context.set_offline(True)

    bob.page.reload()

    expect(bob.row(name)).to_be_visible()
    expect(bob.page.locator("#state")).not_to_have_text("Live")
    bob.page.context.set_offline(False)
    expect(bob.page.locator("#state")).to_have_text("Live", timeout=60_000)
    expect(bob.row(name)).to_have_count(1)


def test_nothing_is_kept_after_a_log_out(bob: Person) -> None:
    [name] = bob.is_followed_by(1)
    bob.page.wait_for_function(f"() => ({KEPT})()?.includes({name!r})")

    bob.page.get_by_role("button", name="Log out").click()

    expect(bob.page.locator("#welcome")).to_be_visible()
    assert bob.page.evaluate(KEPT) is None
