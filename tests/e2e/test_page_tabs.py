"""All tabs of a browser share one socket, and each shows everything once."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.pages import Person, look_away, look_back
from tests.system import System

TOASTS = ".toast"


@pytest.fixture
def bob(browser: Browser, pages: System) -> Person:
    return Person(browser, pages)


def open_tab(person: Person) -> Page:
    tab = person.page.context.new_page()
    tab.goto(person.page.url)
    expect(tab.locator("#state")).to_have_text("Live")
    return tab


def sockets_of(person: Person) -> list[Any]:
    status, sockets = person.api.call("GET", "/v1_0/user/sessions", token=person.log_in_elsewhere())
    assert status == 200
    return list(sockets["results"])


def test_two_tabs_have_one_socket_and_both_show_a_notification_once(bob: Person) -> None:
    tab = open_tab(bob)
    for page in (bob.page, tab):
        look_away(page)

    [name] = bob.is_followed_by(1)

    for page in (bob.page, tab):
        expect(page.locator(TOASTS).filter(has_text=name)).to_have_count(1)
        expect(page.locator("#inbox-card article").filter(has_text=name)).to_have_count(1)
        expect(page.locator("#inbox-card .badge")).to_have_text("1")
    assert len(sockets_of(bob)) == 1


def test_when_the_tab_with_the_socket_closes_another_gets_the_next_notification(bob: Person) -> None:
    tab = open_tab(bob)
    for page in (bob.page, tab):
        look_away(page)
    [first] = bob.is_followed_by(1)
    expect(tab.locator(TOASTS).filter(has_text=first)).to_have_count(1)
    bob.page.close()
    bob.page = tab

    [second] = bob.is_followed_by(1)

    expect(tab.locator(TOASTS).filter(has_text=second)).to_have_count(1)
    assert tab.locator(TOASTS).filter(has_text=first).count() <= 1  # its time may be over
    expect(tab.locator("#state")).to_have_text("Live")
    look_back(tab)
    for name in (first, second):
        expect(tab.locator("#inbox-card article").filter(has_text=name)).to_have_count(1)
    assert len(sockets_of(bob)) == 1


def test_tab_without_the_socket_shows_that_the_connection_is_lost(bob: Person) -> None:
    tab = open_tab(bob)
    bob.page.context.set_offline(True)

    expect(tab.locator("#state")).not_to_have_text("Live", timeout=60_000)
    bob.page.context.set_offline(False)

    expect(tab.locator("#state")).to_have_text("Live", timeout=60_000)
