"""Toasts of the page: a click on one reaches nothing else, and a hovered one stays."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.pages import Person, look_away
from tests.system import System

CLICKS = """() => {
  window.clicked = [];
  const note = ({ target }) => window.clicked.push(target.closest(".toast") ? "toast" : target.id);
  document.addEventListener("click", note);
}"""
COVER = """() => {
  const button = document.createElement("button");
  Object.assign(button.style, { position: "fixed", inset: 0, borderRadius: 0 });
  button.id = "below";
  document.querySelector("main").append(button);
}"""


@pytest.fixture
def bob(browser: Browser, pages: System) -> Person:
    bob = Person(browser, pages)
    look_away(bob.page)
    bob.page.evaluate(COVER)
    bob.page.evaluate(CLICKS)
    return bob


def clicked(bob: Person) -> list[str]:
    result: list[str] = bob.page.evaluate("() => window.clicked")
    return result


@pytest.mark.parametrize("place", ["middle", "left", "top"])
def test_click_on_a_toast_does_not_reach_the_page_below(bob: Person, place: str) -> None:
    [name] = bob.is_followed_by(1)
    toast = bob.page.locator(".toast")
    expect(toast).to_contain_text(name)
    box = toast.bounding_box()
    assert box is not None
    middle = box["width"] / 2, box["height"] / 2
    x, y = {"middle": middle, "left": (2, middle[1]), "top": (middle[0], 2)}[place]

    bob.page.mouse.click(box["x"] + x, box["y"] + y)

    assert clicked(bob) == ["toast"]


def test_click_on_a_toast_marks_as_read_and_leads_where_the_row_leads(browser: Browser, pages: System) -> None:
    bob = Person(browser, pages)
    status, article = bob.api.call("POST", "/v1_0/articles", {"title": "Rain"}, token=bob.log_in_elsewhere())
    assert status == 201
    look_away(bob.page)
    fan = pages.user("fan")
    assert bob.api.call("POST", f"/v1_0/articles/{article['id']}/likings", token=fan.token)[0] == 201

    bob.page.locator(".toast").get_by_role("link", name="likes Rain").click()

    expect(bob.page.locator(".toast")).to_have_count(0)
    expect(bob.page.locator("#inbox-card article")).to_have_class("read")
    assert bob.page.url.endswith(f"#article-{article['id']}")


def test_reader_of_the_list_gets_no_toast(browser: Browser, pages: System) -> None:
    bob = Person(browser, pages)

    [name] = bob.is_followed_by(1)

    expect(bob.row(name)).to_be_visible()
    expect(bob.page.locator(".toast")).to_have_count(0)
    expect(bob.page.locator("#icon")).to_have_attribute("href", re.compile("icon-unread"))
    expect(bob.page).to_have_title("(1) Toutiao")


def test_click_on_a_vanishing_toast_does_not_reach_the_page_below(bob: Person) -> None:
    bob.is_followed_by(1)
    bob.page.locator(".toast p").hover()

    bob.page.mouse.down()
    bob.page.keyboard.press("Escape")
    expect(bob.page.locator(".toast")).to_have_count(0)
    bob.page.mouse.up()

    assert "below" not in clicked(bob)


def test_hovered_toast_stays_and_the_others_wait(browser: Browser, pages: System) -> None:
    bob = Person(browser, pages)
    look_away(bob.page)
    bob.page.clock.install()
    [first] = bob.is_followed_by(1)
    bob.page.locator(".toast p").hover()
    box = bob.page.locator(".toast").bounding_box()
    bob.page.clock.run_for(60_000)

    bob.is_followed_by(5)

    expect(bob.page.locator(".toast")).to_have_count(1)
    expect(bob.page.locator(".toast")).to_contain_text(first)
    assert bob.page.locator(".toast").bounding_box() == box
    bob.page.mouse.move(5, 5)
    expect(bob.page.locator(".toast")).to_have_count(4)
    bob.page.clock.run_for(10_000)
    expect(bob.page.locator(".toast")).to_have_count(0)


def test_escape_and_button_dismiss_a_toast_and_restore_the_focus(browser: Browser, pages: System) -> None:
    bob = Person(browser, pages)
    look_away(bob.page)
    bob.is_followed_by(2)
    bob.page.locator("#q").focus()

    bob.page.keyboard.press("Escape")
    expect(bob.page.locator(".toast")).to_have_count(1)
    bob.page.locator(".toast").get_by_role("button", name="Dismiss").focus()
    bob.page.keyboard.press("Enter")

    expect(bob.page.locator(".toast")).to_have_count(0)
    expect(bob.page.locator("#q")).to_be_focused()
