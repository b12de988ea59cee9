"""The inbox on a phone: a bar at the bottom, swipes over rows, and targets that a finger hits."""

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.phone import FAR, TOUCH, Phone
from tests.system import System

SMALLEST = 44  # px, of a target
SMALL_TARGETS = """(smallest) => [...document.querySelectorAll("button, select, input, [role=tab]")]
  .filter((e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
  .filter((e) => !e.matches(".open") && e.getBoundingClientRect().height < smallest - 0.5)
  .map((e) => `${e.outerHTML.slice(0, 120)} ${e.getBoundingClientRect().height}`)"""


@pytest.fixture
def bob(browser: Browser, pages: System) -> Phone:
    return Phone(browser, pages, **TOUCH, locale="en")


class TestSwipe:
    def test_in_the_direction_of_reading_it_marks_read_and_unread(self, bob: Phone) -> None:
        [name] = bob.is_followed_by(1)

        bob.swipe(name, (FAR, 2))
        expect(bob.row(name)).to_have_class("read")
        assert "#" not in bob.page.url
        bob.swipe(name, (FAR, 2))

        expect(bob.row(name)).to_have_class("unread")

    def test_against_it_archives_and_can_be_taken_back(self, bob: Phone) -> None:
        names = bob.is_followed_by(2)

        with bob.page.expect_response("**/notifications/state"):
            bob.swipe(names[0], (-FAR, 2))
        expect(bob.row(names[0])).to_have_count(0)
        bob.page.get_by_role("button", name="Undo").tap()

        expect(bob.row(names[0])).to_be_visible()

    def test_hint_says_what_a_lift_would_do_and_a_way_back_does_nothing(self, bob: Phone) -> None:
        [name] = bob.is_followed_by(1)

        bob.swipe(name, (FAR, 0), lifts=False)
        expect(bob.row(name).locator(".hint.far")).to_have_text("Mark read")
        bob.move_finger(20, 0)
        expect(bob.row(name).locator(".hint:not(.far)")).to_be_attached()
        bob.lift()

        expect(bob.row(name).locator(".hint")).to_have_count(0)
        expect(bob.row(name)).to_have_class("unread")

    def test_vertical_moves_scroll(self, bob: Phone) -> None:
        names = bob.is_followed_by(15)

        bob.swipe(names[3], (10, -200), (60, -300))

        bob.page.wait_for_function("() => scrollY > 100")
        expect(bob.page.locator("#inbox-card article.unread")).to_have_count(15)

    def test_directions_are_mirrored_where_text_runs_to_the_left(self, bob: Phone) -> None:
        names = bob.is_followed_by(2)
        bob.page.evaluate("() => (document.documentElement.dir = 'rtl')")

        bob.swipe(names[1], (-FAR, 2))
        expect(bob.row(names[1])).to_have_class("read")
        bob.swipe(names[1], (FAR, 2))

        expect(bob.row(names[1])).to_have_count(0)
        assert bob.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_bar_of_the_page_and_of_the_bell_is_at_the_bottom(bob: Phone) -> None:
    bob.is_followed_by(2)
    tabs = "e => innerHeight - e.getBoundingClientRect().bottom"
    bob.page.locator("push-bell .bell").tap()
    panel = bob.page.locator("push-bell .panel")
    expect(panel.locator("article")).to_have_count(2)

    box = panel.bounding_box()
    assert box == {"x": 0, "y": 0, "width": 360, "height": 740}
    assert panel.locator(".tabs").evaluate(tabs) == 0
    panel.get_by_role("tab", name="Archived").tap()
    expect(panel.locator("article")).to_have_count(0)
    assert panel.locator(".tabs").evaluate(tabs) == 0


def test_every_target_is_large_enough_for_a_finger(bob: Phone) -> None:
    bob.is_followed_by(2)

    assert bob.page.evaluate(SMALL_TARGETS, SMALLEST) == []


def test_tap_reaches_the_row_and_one_button_has_all_that_can_be_done(bob: Phone) -> None:
    with bob.page.expect_response("**/users?ids=*"):  # whom Bob follows: only then "Follow back" is offered
        [name] = bob.is_followed_by(1)
    expect(bob.row(name)).to_be_visible()
    box = bob.row(name).bounding_box()
    assert box is not None

    bob.page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    expect(bob.row(name)).to_have_class("read")
    bob.row(name).locator(".actions").get_by_role("button").tap()
    expect(bob.page.get_by_role("menuitem")).to_have_text(["Follow back", "Mark unread", "Archive", "Mute"])
