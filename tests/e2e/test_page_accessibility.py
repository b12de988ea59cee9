"""axe finds no accessibility problem of the page, on phones and desktops, in light and dark mode."""

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.accessibility import fits, violations
from tests.e2e.pages import Person, look_away, open_settings
from tests.system import System


@pytest.fixture(params=[360, 1280])
def width(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(params=["light", "dark"])
def options(request: pytest.FixtureRequest, width: int) -> dict[str, Any]:
    return _options(width, request.param)


def _options(width: int, scheme: str) -> dict[str, Any]:
    return {"viewport": {"width": width, "height": 800}, "color_scheme": scheme, "reduced_motion": "reduce"}


def test_log_in_page_is_accessible(browser: Browser, pages: System, options: dict[str, Any]) -> None:
    page = browser.new_context(**options).new_page()
    page.goto(pages.api.url)
    assert violations(page) == []

    page.get_by_label("Name").fill("nobody at all")
    page.get_by_label("Password").fill("not this one")
    page.get_by_role("button", name="Log in").click()

    expect(page.get_by_role("alert").filter(has_text="wrong")).to_be_visible()
    assert violations(page) == []
    assert fits(page)


def test_page_after_log_in_is_accessible(browser: Browser, pages: System, options: dict[str, Any]) -> None:
    pages.user()  # whom bob may follow
    bob = Person(browser, pages, **options)
    expect(bob.page.locator("#people li").first).to_be_visible()
    assert violations(bob.page) == []

    look_away(bob.page)
    [*_, first] = bob.is_followed_by(3)
    expect(bob.page.locator(".toast").first).to_be_visible()
    with bob.page.expect_response("**/notifications/state"):
        bob.row(first).get_by_role("button", name="Mark read").click()
    expect(bob.row(first)).to_have_class("read")
    bob.is_followed_by(1)
    expect(bob.page.locator("#inbox-card .pill")).to_be_visible()
    bob.page.route("**/v1_0/**", lambda route: route.abort())
    bob.page.get_by_role("button", name="Mark all read").click()
    expect(bob.page.locator("#error")).to_be_visible()

    assert violations(bob.page) == []
    assert fits(bob.page)
    bob.page.locator("#me").click()
    assert violations(bob.page) == []


def test_api_description_is_accessible(browser: Browser, pages: System, options: dict[str, Any]) -> None:
    page = browser.new_context(**options).new_page()
    page.goto(f"{pages.api.url}/docs")

    assert violations(page) == []


@pytest.fixture(params=["360-light-en", "360-dark-zh", "1280-light-zh", "1280-dark-en"])
def look(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Each pair of width, colour scheme and language."""
    width, scheme, language = request.param.split("-")
    return {**_options(int(width), scheme), "locale": language}


def test_every_view_of_the_inbox_is_accessible(browser: Browser, pages: System, look: dict[str, Any]) -> None:
    bob = Person(browser, pages, **look)
    assert violations(bob.page) == []
    names = bob.is_followed_by(3)
    bob.row(names[0]).focus()
    bob.page.keyboard.press("e")
    expect(bob.page.locator("#inbox-card .undo")).to_be_visible()
    assert violations(bob.page) == []
    for tab in (1, 2):
        bob.page.locator("#inbox-card").get_by_role("tab").nth(tab).click()
        expect(bob.page.locator("#inbox-card article").first).to_be_visible()
        assert violations(bob.page) == []
    bob.page.keyboard.press("Escape")
    bob.row(names[0]).focus()
    bob.page.keyboard.press("?")
    expect(bob.page.locator("#inbox-card .help")).to_be_visible()
    assert violations(bob.page) == []
    bob.page.keyboard.press("Escape")
    bob.page.locator("push-bell .bell").click()
    expect(bob.page.locator("push-bell .panel article").first).to_be_visible()
    assert violations(bob.page) == []
    assert fits(bob.page)


def test_settings_are_accessible(browser: Browser, pages: System, look: dict[str, Any]) -> None:
    bob = Person(browser, pages, **look)
    token = bob.log_in_elsewhere()
    for _ in range(2):
        bob.api.call("PUT", f"/v1_0/user/preferences/muted/{pages.user().id}", token=token)
    open_settings(bob.page)
    bob.page.locator("#quiet-hours [type=checkbox]").check()
    bob.page.locator("#quiet-hours [type=time]").first.fill("07:00")
    bob.page.locator("#quiet-hours [type=time]").first.blur()
    expect(bob.page.locator("#quiet-hours .wrong")).to_be_visible()
    expect(bob.page.locator("#devices li")).to_have_count(1)

    assert violations(bob.page) == []
    assert fits(bob.page)


def test_chosen_tab_and_people_are_seen_with_forced_colors(browser: Browser, pages: System) -> None:
    bob = Person(browser, pages, forced_colors="active")
    bob.is_followed_by(1)
    bob.page.locator("push-bell .bell").click()
    panel = bob.page.locator("push-bell .panel")

    edges = [tab.evaluate("e => getComputedStyle(e).borderBottomColor") for tab in panel.get_by_role("tab").all()]

    assert edges[0] != edges[1]
    assert edges[1] == edges[2]
    expect(panel.locator("article .avatar")).to_have_css("border-top-width", "1px")
