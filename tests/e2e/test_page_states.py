"""Seen, read and archived on the page: tabs, actions, keys, and the way back."""

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.clients import PASSWORD
from tests.e2e.pages import Person
from tests.services import wait_until
from tests.system import System


@pytest.fixture
def bob(browser: Browser, pages: System) -> Person:
    return Person(browser, pages)


def rows(bob: Person) -> Locator:
    return bob.page.locator("#inbox-card article")


def choose(bob: Person, tab: str) -> None:
    bob.page.get_by_role("tab", name=tab).click()


def counts(bob: Person) -> dict[str, int]:
    status, found = bob.api.call("GET", "/v1_0/user/notifications/counts", token=bob.log_in_elsewhere())
    assert status == 200
    return dict(found)


def act(bob: Person, name: str, action: str) -> None:
    bob.row(name).hover()
    bob.row(name).get_by_role("button", name=f"{action}:").click()


def test_archived_row_leaves_at_once_and_can_be_taken_back(bob: Person) -> None:
    names = bob.is_followed_by(3)

    act(bob, names[1], "Archive")

    expect(rows(bob)).to_have_count(2)
    expect(bob.page.locator("#inbox-card .count")).to_have_text("2 unread")
    choose(bob, "Archived")
    expect(bob.row(names[1])).to_be_visible()
    bob.page.get_by_role("button", name="Undo").click()
    expect(rows(bob)).to_have_count(0)
    choose(bob, "All")
    expect(rows(bob)).to_have_count(3)
    wait_until(lambda: counts(bob)["archived"] == 0, seconds=5, what="the row is back")


def test_tabs_show_what_they_say_and_how_much(bob: Person) -> None:
    names = bob.is_followed_by(4)
    act(bob, names[0], "Archive")
    act(bob, names[1], "Mark read")
    bob.page.reload()

    for tab, shown in (("Unread", 2), ("Archived", 1), ("All", 3)):
        expect(bob.page.get_by_role("tab", name=tab)).to_contain_text(str(shown))
        choose(bob, tab)
        expect(rows(bob)).to_have_count(shown)
        expect(bob.page.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")


def test_what_is_read_stays_in_the_unread_tab_until_it_is_opened_again(bob: Person) -> None:
    names = bob.is_followed_by(2)
    choose(bob, "Unread")
    expect(rows(bob)).to_have_count(2)

    act(bob, names[0], "Mark read")

    expect(bob.row(names[0])).to_have_class("read")
    expect(rows(bob)).to_have_count(2)
    choose(bob, "All")
    choose(bob, "Unread")
    expect(rows(bob)).to_have_count(1)


def test_archive_that_fails_is_taken_back(bob: Person) -> None:
    [name] = bob.is_followed_by(1)
    bob.page.route("**/notifications/state", lambda route: route.abort())

    act(bob, name, "Archive")

    expect(bob.page.locator("#error")).to_be_visible()
    expect(bob.row(name)).to_be_visible()
    expect(bob.page.locator("#inbox-card .badge")).to_have_text("1")


def test_marking_all_as_read_can_be_taken_back(bob: Person) -> None:
    bob.is_followed_by(3)
    bob.page.get_by_role("button", name="Mark all read").click()
    expect(bob.page.locator("#inbox-card article.read")).to_have_count(3)

    bob.page.get_by_role("button", name="Undo").click()

    expect(bob.page.locator("#inbox-card article.unread")).to_have_count(3)
    expect(bob.page.locator("#inbox-card .badge")).to_have_text("3")


def test_keys_move_archive_and_mark_and_lose_no_focus(bob: Person) -> None:
    names = bob.is_followed_by(3)
    bob.page.locator("#inbox-title").focus()
    press = bob.page.keyboard.press

    press("j")
    press("j")
    expect(bob.row(names[1])).to_be_focused()
    press("u")
    expect(bob.row(names[1])).to_have_class("read")
    press("u")
    expect(bob.row(names[1])).to_have_class("unread")
    press("e")
    expect(rows(bob)).to_have_count(2)
    expect(bob.row(names[2])).to_be_focused()
    press("k")
    expect(bob.row(names[0])).to_be_focused()
    press("?")
    expect(bob.page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    press("Escape")
    expect(bob.page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()
    expect(bob.row(names[0])).to_be_focused()


def test_keys_in_a_field_are_text(bob: Person) -> None:
    names = bob.is_followed_by(2)

    bob.page.get_by_role("searchbox").press_sequentially("jeu?")

    expect(bob.page.get_by_role("searchbox")).to_have_value("jeu?")
    expect(rows(bob)).to_have_count(len(names))


def test_what_is_shown_counts_as_seen(bob: Person) -> None:
    bob.is_followed_by(2)

    wait_until(lambda: counts(bob)["unseen"] == 0, seconds=10, what="both are seen")

    assert counts(bob)["unread"] == 2
    expect(bob.page.locator("push-bell .bell .badge")).to_be_hidden()


def test_devices_agree_on_what_is_archived_read_and_unread(browser: Browser, pages: System, bob: Person) -> None:
    names = bob.is_followed_by(3)
    phone = browser.new_context(viewport={"width": 390, "height": 800}).new_page()
    phone.goto(bob.page.url)
    phone.locator("#log-in [name=user_name]").fill(bob.name)
    phone.locator("#log-in [name=password]").fill(PASSWORD)
    phone.locator("#log-in [value=log-in]").click()
    phone.mouse.move(0, 0)
    expect(phone.locator("#inbox-card article")).to_have_count(3)

    act(bob, names[0], "Archive")
    expect(phone.locator("#inbox-card article")).to_have_count(2)
    act(bob, names[1], "Mark read")
    expect(phone.locator("#inbox-card article").first).to_have_class("read")
    act(bob, names[1], "Mark unread")
    expect(phone.locator("#inbox-card article").first).to_have_class("unread")
    bob.page.get_by_role("button", name="Undo").click()

    expect(phone.locator("#inbox-card article")).to_have_count(3)
    expect(phone.locator("#inbox-card .count")).to_have_text("3 unread")
