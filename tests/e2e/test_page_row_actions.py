"""What readers do from a row of the list: follow back, mute a person and take it back, also from the bell."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.clients import User
from tests.e2e.pages import Person, open_settings
from tests.services import wait_until
from tests.system import System


@pytest.fixture
def bob(browser: Browser, pages: System) -> Person:
    return Person(browser, pages)


def ask(bob: Person, path: str) -> Any:
    return bob.api.call("GET", f"/v1_0{path}", token=bob.log_in_elsewhere())[1]


def follows(pages: System, bob: Person) -> User:
    """Have a new user follow, and wait for the row."""
    fan = pages.user()
    assert bob.api.call("POST", "/v1_0/user/followings", {"target": bob.id}, token=fan.token)[0] == 201
    expect(bob.row(fan.name)).to_be_visible()
    return fan


def actions(row: Locator) -> Locator:
    return row.locator(".actions button")


def choose_mute(bob: Person, row: Locator) -> None:
    row.hover()
    row.get_by_role("button", name="More:").click()
    expect(bob.page.get_by_role("menuitem", name="Mute")).to_be_focused()
    bob.page.keyboard.press("Enter")


def muted(bob: Person) -> list[int]:
    found: list[int] = ask(bob, "/user/preferences")["muted"]
    return found


def is_muted(bob: Person, people: list[int]) -> None:
    wait_until(lambda: muted(bob) == people or bob.page.wait_for_timeout(50), seconds=10, what="it is saved")


def test_reader_follows_back_from_the_row(pages: System, bob: Person) -> None:
    asked: list[str] = []
    bob.page.on("request", lambda request: asked.append(request.url))
    fan = follows(pages, bob)
    bob.row(fan.name).hover()
    expect(actions(bob.row(fan.name))).to_have_count(4)

    bob.row(fan.name).get_by_role("button", name="Follow back:").click()

    expect(bob.row(fan.name).get_by_role("button", name="Follow back:")).to_have_count(0)
    expect(bob.row(fan.name).get_by_role("button", name="Mute:")).to_be_visible()  # there is room for it now
    wait_until(lambda: ask(bob, f"/users/{fan.id}")["is_following"], seconds=10, what="bob follows")
    assert not [url for url in asked if url.endswith(f"/users/{fan.id}")]


def test_one_call_says_of_all_rows_who_is_followed(pages: System, bob: Person) -> None:
    people = []
    for _ in range(4):  # each is a row of its own: what is read is in no group with what comes later
        people.append(follows(pages, bob))
        bob.mark_read_elsewhere([bob.read_inbox()["results"][0]["id"]])
    bob.api.call("POST", "/v1_0/user/followings", {"target": people[0].id}, token=bob.log_in_elsewhere())
    asked: list[str] = []
    bob.page.on("request", lambda request: asked.append(request.url))
    bob.page.on("framenavigated", lambda _: asked.clear())  # the page before it may still ask for its newest row

    bob.page.reload()

    expect(bob.page.locator("#inbox-card article [aria-label^='Follow back']")).to_have_count(3)
    expect(bob.row(people[0].name).locator("[aria-label^='Follow back']")).to_have_count(0)
    assert len([url for url in asked if "ids=" in url]) == 1


def test_following_that_fails_is_taken_back(pages: System, bob: Person) -> None:
    fan = follows(pages, bob)
    bob.page.route("**/user/followings", lambda route: route.abort())
    bob.row(fan.name).hover()

    bob.row(fan.name).get_by_role("button", name="Follow back:").click()

    expect(bob.page.locator("#error")).to_be_visible()
    expect(bob.row(fan.name).get_by_role("button", name="Follow back:")).to_have_count(1)


def test_who_is_followed_in_the_list_of_people_needs_no_following_back(pages: System, bob: Person) -> None:
    fan = follows(pages, bob)
    bob.page.get_by_role("searchbox").fill(fan.name)
    bob.page.get_by_role("button", name=f"Follow {fan.name}").click()

    expect(bob.row(fan.name).locator("[aria-label^='Follow back']")).to_have_count(0)


def test_person_is_muted_from_the_row_and_it_can_be_taken_back(pages: System, bob: Person) -> None:
    fan = follows(pages, bob)

    choose_mute(bob, bob.row(fan.name))

    expect(bob.page.locator("#inbox-card .undo")).to_contain_text(f"{fan.name} is muted")
    is_muted(bob, [fan.id])
    bob.page.get_by_role("button", name="Undo").click()
    is_muted(bob, [])
    choose_mute(bob, bob.row(fan.name))
    is_muted(bob, [fan.id])
    open_settings(bob.page)
    expect(bob.page.locator("#muted li")).to_contain_text([fan.name])


def test_muting_that_fails_says_so(pages: System, bob: Person) -> None:
    fan = follows(pages, bob)
    bob.page.route("**/preferences/muted/**", lambda route: route.abort())

    choose_mute(bob, bob.row(fan.name))

    expect(bob.page.locator("#error")).to_be_visible()
    expect(bob.page.locator("#inbox-card .undo")).to_be_hidden()


def test_menu_works_by_keyboard_and_gives_the_focus_back(pages: System, bob: Person) -> None:
    fan = follows(pages, bob)
    expect(actions(bob.row(fan.name))).to_have_count(4)
    more = bob.row(fan.name).get_by_role("button", name="More:")
    more.focus()
    bob.page.keyboard.press("Enter")
    expect(more).to_have_attribute("aria-expanded", "true")
    expect(bob.page.get_by_role("menuitem", name="Mute")).to_be_focused()

    bob.page.keyboard.press("ArrowDown")
    bob.page.keyboard.press("e")  # is not for the list
    bob.page.keyboard.press("Escape")

    expect(more).to_be_focused()
    expect(more).to_have_attribute("aria-expanded", "false")
    expect(bob.page.get_by_role("menu")).to_be_hidden()
    more.click()
    expect(bob.page.get_by_role("menu")).to_be_visible()
    more.click()
    expect(bob.page.get_by_role("menu")).to_be_hidden()
    expect(bob.row(fan.name)).to_be_visible()


def test_bell_has_the_same_actions_and_stays_open(pages: System, bob: Person) -> None:
    fan = follows(pages, bob)
    bob.page.locator("push-bell .bell").click()
    row = bob.page.locator("push-bell article").filter(has_text=fan.name)
    row.hover()
    row.get_by_role("button", name="More:").click()
    bob.page.keyboard.press("Escape")
    expect(bob.page.locator("push-bell .panel")).to_be_visible()

    choose_mute(bob, row)

    is_muted(bob, [fan.id])
    expect(bob.page.locator("push-bell .undo")).to_contain_text("is muted")
