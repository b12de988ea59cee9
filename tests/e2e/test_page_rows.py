"""The rows of the inbox: what each shows, and what a click on it does."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.e2e.pages import Person
from tests.system import System

SHIFTS = """() => {
  window.shifts = [];
  const note = (list) => window.shifts.push(...list.getEntries().map(({ value, sources }) =>
    [value, ...sources.map(({ node }) => node?.outerHTML?.slice(0, 200))]));
  new PerformanceObserver(note).observe({ type: "layout-shift", buffered: false });
}"""


@pytest.fixture
def bob(browser: Browser, pages: System) -> Person:
    return Person(browser, pages, reduced_motion="reduce")


def like_an_article_of(bob: Person, system: System, title: str) -> int:
    status, article = bob.api.call("POST", "/v1_0/articles", {"title": title}, token=bob.log_in_elsewhere())
    assert status == 201
    fan = system.user("fan")
    assert bob.api.call("POST", f"/v1_0/articles/{article['id']}/likings", token=fan.token)[0] == 201
    return int(article["id"])


def test_click_anywhere_on_a_row_follows_its_link_and_marks_it_as_read(bob: Person, pages: System) -> None:
    article = like_an_article_of(bob, pages, "Rain")
    row = bob.page.locator("#inbox-card article")
    expect(row).to_contain_text("likes Rain")
    box = row.bounding_box()
    assert box is not None
    assert 64 <= box["height"] <= 72

    bob.page.mouse.click(box["x"] + 4, box["y"] + 4)

    expect(row).to_have_class("read")
    assert bob.page.url.endswith(f"#article-{article}")
    expect(bob.page.locator("#inbox-card .badge")).to_be_hidden()


def test_long_text_is_cut_after_two_lines(bob: Person, pages: System) -> None:
    like_an_article_of(bob, pages, "\N{FAMILY}" + "Wordsworth" * 19)

    row = bob.page.locator("#inbox-card article")
    expect(row).to_contain_text("Wordsworth")
    box = row.bounding_box()
    assert box is not None
    assert box["height"] <= 72
    assert bob.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_row_says_when_it_was(bob: Person) -> None:
    [name] = bob.is_followed_by(1)

    time = bob.row(name).locator("time")
    expect(time).to_have_text("now")
    assert re.search(r"\d{4} at \d", time.get_attribute("title") or "")
    expect(bob.page.get_by_role("heading", name="today")).to_be_visible()
    expect(bob.page.get_by_role("feed", name="today").get_by_role("article")).to_have_count(1)
    expect(bob.row(name)).to_have_accessible_name(f"{name} follows you now, now, Unread")


def test_row_works_by_keyboard(bob: Person) -> None:
    [name] = bob.is_followed_by(1)
    bob.row(name).focus()

    bob.page.keyboard.press("Enter")

    expect(bob.row(name)).to_have_class("read")
    expect(bob.row(name)).to_be_focused()


def test_older_rows_come_while_the_reader_scrolls(bob: Person) -> None:
    names = bob.is_followed_by(45)
    bob.page.reload()
    rows = bob.page.locator("#inbox-card article")
    expect(rows).to_have_count(20)

    for shown in (40, 45):
        bob.page.mouse.wheel(0, 1300)
        expect(rows).to_have_count(shown)

    expect(rows.last).to_contain_text(names[-1])
    expect(bob.page.get_by_role("button", name="Show older")).to_be_hidden()


def test_older_rows_that_can_not_be_read_are_asked_for_by_button(bob: Person) -> None:
    bob.is_followed_by(25)
    bob.page.reload()
    expect(bob.page.locator("#inbox-card article")).to_have_count(20)
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.abort()

    bob.page.route("**/user/notifications?*before=*", refuse)
    bob.page.mouse.wheel(0, 3000)
    expect(bob.page.locator("#error")).to_be_visible()
    assert len(asked) == 1
    bob.page.unroute("**/user/notifications?*before=*")

    bob.page.get_by_role("button", name="Show older").click()

    expect(bob.page.locator("#inbox-card article")).to_have_count(25)


def test_grey_rows_stand_in_while_the_inbox_is_read(bob: Person) -> None:
    bob.is_followed_by(1)
    held = bob.hold("**/user/notifications?*")

    with bob.page.expect_request("**/user/notifications?*"):
        bob.page.reload()

    expect(bob.page.locator("#inbox-card .skeletons")).to_be_visible()
    expect(bob.page.locator("#inbox-card .empty")).to_be_hidden()
    held[0].continue_()
    expect(bob.page.locator("#inbox-card article")).to_have_count(1)
    expect(bob.page.locator("#inbox-card .skeletons")).to_be_hidden()


def test_push_shifts_nothing_under_a_reader(bob: Person) -> None:
    names = bob.is_followed_by(12)
    bob.page.wait_for_load_state("networkidle")
    bob.row(names[3]).hover()
    expect(bob.row(names[3]).get_by_role("button", name="Follow back")).to_be_visible()
    bob.page.evaluate(SHIFTS)

    bob.is_followed_by(5)
    expect(bob.page.get_by_role("button", name="5 new")).to_be_visible()
    bob.page.evaluate("() => new Promise(requestAnimationFrame)")

    shifts: list[Any] = bob.page.evaluate("() => window.shifts")
    assert shifts == []


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("fans", [0, 12])
def test_push_at_rest_shifts_nothing(browser: Browser, pages: System, fans: int, width: int) -> None:
    """The new row comes at the top, and the others slide down."""
    bob = Person(browser, pages, viewport={"width": width, "height": 800})
    if fans:
        bob.is_followed_by(fans)
        bob.page.reload()  # what came in a burst waits above the list
    bob.page.wait_for_load_state("networkidle")
    bob.page.mouse.move(0, 0)
    bob.page.evaluate(SHIFTS)

    [name] = bob.is_followed_by(1)
    expect(bob.row(name)).to_be_visible()
    bob.page.wait_for_timeout(500)  # longer than rows slide

    shifts: list[Any] = bob.page.evaluate("() => window.shifts")
    assert shifts == []


def test_reading_elsewhere_moves_no_row(bob: Person) -> None:
    names = bob.is_followed_by(12)
    bob.row(names[3]).hover()
    places = [bob.place_of(name) for name in names]

    bob.mark_read_elsewhere([bob.read_inbox()["results"][3]["id"]])

    expect(bob.row(names[3])).to_have_class("read")
    assert [bob.place_of(name) for name in names] == places


def test_print_has_the_rows_with_their_times_and_nothing_to_click(bob: Person) -> None:
    on_screen = [bob.page.locator(place).first for place in ("#inbox-card .tabs", ".settings", "header", "#others")]
    [name] = bob.is_followed_by(1)
    bob.page.keyboard.press("j")
    expect(bob.row(name)).to_be_focused()
    expect(bob.row(name).locator("time")).to_be_hidden()  # its buttons are there
    for part in (actions := bob.row(name).locator(".actions"), *on_screen):
        expect(part).to_be_visible()

    bob.page.emulate_media(media="print")

    expect(bob.row(name).locator("time")).to_be_visible()
    for part in (actions, *on_screen):
        expect(part).to_be_hidden()
