"""The inbox of the page: updates keep the rows, the scroll position and the focus, and move no click target."""

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.pages import Person
from tests.system import System

SCROLL = "() => scrollY"


@pytest.fixture
def bob(browser: Browser, pages: System) -> Person:
    return Person(browser, pages)


def load_60(bob: Person) -> list[str]:
    names = bob.is_followed_by(60)
    bob.page.reload()
    rows = bob.page.locator("#inbox-card article")
    expect(rows).to_have_count(20)
    for shown in (40, 60):
        rows.last.scroll_into_view_if_needed()
        expect(rows).to_have_count(shown)
    return names


class TestReadNotifications:
    def test_user_without_a_photo_is_shown_with_an_initial(self, bob: Person) -> None:
        [name] = bob.is_followed_by(1, prefix="Zoe")

        expect(bob.row(name).locator("span.avatar")).to_have_text("Z")

    def test_marking_one_as_read_changes_only_that_row(self, bob: Person) -> None:
        names = load_60(bob)
        bob.row(names[45]).scroll_into_view_if_needed()
        scrolled, place = bob.page.evaluate(SCROLL), bob.place_of(names[45])
        bob.page.evaluate(
            "() => document.querySelectorAll('#inbox-card article').forEach(row => (row.isTheSame = true))"
        )

        bob.row(names[45]).get_by_role("button", name="Mark read").press("Enter")

        expect(bob.row(names[45])).to_have_class("read")
        expect(bob.row(names[45])).to_be_focused()
        assert (bob.page.evaluate(SCROLL), bob.place_of(names[45])) == (scrolled, place)
        expect(bob.page.locator("#inbox-card article.read")).to_have_count(1)
        assert bob.page.evaluate(
            "() => [...document.querySelectorAll('#inbox-card article')].every(row => row.isTheSame)"
        )

    def test_marking_all_as_read_keeps_the_focus(self, bob: Person) -> None:
        bob.is_followed_by(2)
        button = bob.page.get_by_role("button", name="Mark all read")

        button.press("Enter")

        expect(button).to_be_disabled()
        expect(button).to_be_focused()
        expect(bob.page.locator("#inbox-card article.unread")).to_have_count(0)

    def test_notification_read_on_another_device_is_marked_and_rows_stay(self, bob: Person) -> None:
        names = load_60(bob)
        bob.row(names[50]).scroll_into_view_if_needed()
        bob.row(names[50]).get_by_role("button", name="Mark read").focus()
        place = bob.place_of(names[50])
        inbox = bob.read_inbox(limit=60)

        bob.mark_read_elsewhere([row["id"] for row in inbox["results"][40:55]])

        expect(bob.page.locator("#inbox-card article.read")).to_have_count(15)
        expect(bob.page.locator("#inbox-card article")).to_have_count(60)
        expect(bob.row(names[50])).to_be_focused()
        assert bob.place_of(names[50]) == place

    def test_notification_read_elsewhere_while_another_arrives_is_marked(self, bob: Person) -> None:
        [first] = bob.is_followed_by(1)
        inbox = bob.read_inbox()

        bob.mark_read_elsewhere([inbox["results"][0]["id"]])
        bob.is_followed_by(1)

        expect(bob.row(first)).to_have_class("read")

    def test_reading_elsewhere_loads_no_older_rows(self, bob: Person) -> None:
        bob.is_followed_by(45)
        bob.page.reload()
        expect(bob.page.locator("#inbox-card article")).to_have_count(20)
        bob.page.locator("#inbox-card article").nth(3).hover()
        bob.is_followed_by(3)
        inbox = bob.read_inbox()

        bob.mark_read_elsewhere([inbox["results"][10]["id"]])

        expect(bob.page.locator("#inbox-card article.read")).to_have_count(1)
        expect(bob.page.locator("#inbox-card article")).to_have_count(20)
        expect(bob.page.get_by_role("button", name="3 new")).to_be_visible()


class TestNewNotifications:
    def test_new_notification_moves_no_row_under_the_pointer(self, bob: Person) -> None:
        names = bob.is_followed_by(3)
        bob.row(names[0]).get_by_role("button", name="Mark read").hover()
        place = bob.place_of(names[0])

        new = bob.is_followed_by(3)

        expect(bob.page.get_by_role("button", name="3 new")).to_be_visible()
        assert bob.place_of(names[0]) == place
        bob.page.mouse.down()
        bob.page.mouse.up()
        expect(bob.row(names[0])).to_have_class("read")
        expect(bob.page.locator("#inbox-card article")).to_have_count(3)

        bob.page.get_by_role("button", name="3 new").click()

        expect(bob.page.locator("#inbox-card article")).to_have_count(6)
        expect(bob.page.locator("#inbox-card article").first).to_contain_text(new[0])
        expect(bob.page.locator("#inbox-card article.read")).to_have_count(1)
        expect(bob.row(new[0])).to_be_focused()

    @pytest.mark.parametrize("width", [360, 768, 900, 1280])
    def test_button_for_new_notifications_covers_and_moves_nothing(
        self, browser: Browser, pages: System, width: int
    ) -> None:
        bob = Person(browser, pages, viewport={"width": width, "height": 1200})
        names = bob.is_followed_by(2)
        bob.page.mouse.move(0, 0)
        bob.row(names[0]).get_by_role("button", name="Mark read").focus()
        place = bob.place_of(names[0])

        bob.is_followed_by(3)

        expect(bob.page.locator("#inbox-card .pill")).to_be_visible()
        assert bob.place_of(names[0]) == place
        badge = bob.page.locator("#inbox-card .badge").bounding_box()
        button = bob.page.locator("#inbox-card .pill").bounding_box()
        assert badge is not None
        assert button is not None
        is_beside, is_below = badge["x"] + badge["width"] <= button["x"], badge["y"] + badge["height"] <= button["y"]
        assert is_beside or is_below

    def test_new_notification_waits_while_the_list_has_the_focus(self, bob: Person) -> None:
        names = bob.is_followed_by(2)
        bob.row(names[1]).get_by_role("button", name="Mark read").focus()

        bob.is_followed_by(1)

        expect(bob.page.get_by_role("button", name="1 new")).to_be_visible()
        expect(bob.row(names[1]).get_by_role("button", name="Mark read")).to_be_focused()
        bob.page.locator("#q").focus()
        expect(bob.page.locator("#inbox-card article")).to_have_count(3)
        expect(bob.page.locator("#inbox-card .pill")).to_be_hidden()

    def test_new_notification_waits_while_the_list_is_scrolled(self, bob: Person) -> None:
        names = bob.is_followed_by(20)
        bob.page.mouse.wheel(0, 600)
        bob.page.wait_for_function("() => scrollY > 400")
        place = bob.place_of(names[12])

        bob.is_followed_by(2)

        expect(bob.page.get_by_role("button", name="2 new")).to_be_in_viewport()
        assert bob.place_of(names[12]) == place
        bob.page.mouse.wheel(0, -2000)
        expect(bob.page.locator("#inbox-card article")).to_have_count(22)

    def test_new_notification_moves_no_person_under_the_pointer(self, browser: Browser, pages: System) -> None:
        bob = Person(browser, pages, viewport={"width": 600, "height": 900})
        button = bob.page.locator("#people button").first
        button.hover()
        box = button.bounding_box()

        bob.is_followed_by(1)

        expect(bob.page.get_by_role("button", name="1 new")).to_be_attached()
        assert button.bounding_box() == box
        expect(bob.page.locator("#inbox-card .empty")).to_be_hidden()
        bob.page.mouse.move(0, 0)
        expect(bob.page.locator("#inbox-card article")).to_have_count(1)

    def test_new_notification_appears_at_once_when_the_list_is_unused(self, bob: Person) -> None:
        names = bob.is_followed_by(2)

        expect(bob.page.locator("#inbox-card article").first).to_contain_text(names[0])
        expect(bob.page.locator("#inbox-card .pill")).to_be_hidden()

    def test_mark_all_shows_and_marks_every_notification(self, bob: Person) -> None:
        names = bob.is_followed_by(1)
        bob.row(names[0]).hover()
        bob.is_followed_by(2)
        expect(bob.page.get_by_role("button", name="2 new")).to_be_visible()

        bob.page.get_by_role("button", name="Mark all read").click()

        expect(bob.page.locator("#inbox-card article.read")).to_have_count(3)
        expect(bob.page.locator("#inbox-card .badge")).to_be_hidden()

    def test_last_older_page_moves_the_focus_to_the_first_loaded_row(self, bob: Person) -> None:
        names = bob.is_followed_by(21)
        bob.page.reload()
        expect(bob.page.locator("#inbox-card article")).to_have_count(20)

        bob.page.get_by_role("button", name="Show older").press("Enter")

        expect(bob.row(names[20])).to_be_focused()
