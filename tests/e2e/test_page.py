"""The page, in a real browser."""

import base64
import hashlib
import re

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.e2e.pages import RIGHT_TO_LEFT, Person, look_away
from tests.system import System

CLIENT = "**/socket.io.esm.min.js*"
SCRIPT = "text/javascript"
MOST_REQUESTS = 8  # to load the page: styles, script, icon, and the document itself


class TestPage:
    def test_follow_in_one_window_appears_in_the_other(self, browser: Browser, pages: System) -> None:
        bob = Person(browser, pages)
        look_away(bob.page)
        ann = Person(browser, pages, viewport={"width": 390, "height": 760})
        ann.page.get_by_role("searchbox").fill(bob.name)
        ann.page.get_by_role("button", name="Search").click()

        ann.page.get_by_role("button", name=f"Follow {bob.name}").click()

        expect(bob.page.locator(".toast")).to_contain_text(f"{ann.name} follows you")
        expect(bob.page.locator("#inbox-card .badge")).to_have_text("1")
        expect(bob.page.locator("#inbox-card")).to_contain_text(ann.name)
        bob.page.reload()
        expect(bob.page.locator("#inbox-card")).to_contain_text(ann.name)
        bob.page.get_by_role("button", name="Mark all read").click()
        expect(bob.page.locator("#inbox-card .badge")).to_be_hidden()

    def test_right_to_left_name_does_not_reverse_other_text(self, browser: Browser, pages: System) -> None:
        bob = Person(browser, pages)
        look_away(bob.page)
        [name] = bob.is_followed_by(1, prefix="evil" + RIGHT_TO_LEFT)

        shown = name.replace(RIGHT_TO_LEFT, "")
        expect(bob.page.locator("#inbox-card article bdi").first).to_have_text(shown)
        expect(bob.page.locator(".toast bdi").first).to_have_text(shown)
        expect(bob.page.locator("#people strong bdi").first).to_be_visible()
        expect(bob.page.locator("#me bdi")).to_have_text(bob.name)
        name_ends = "e => e.querySelector('strong').getBoundingClientRect().right"
        sentence_begins = "e => e.querySelector('strong').nextElementSibling.getBoundingClientRect().left"
        assert bob.row(name).evaluate(name_ends) <= bob.row(name).evaluate(sentence_begins)


class TestPeople:
    def test_page_of_people_costs_one_request(self, browser: Browser, pages: System) -> None:
        bob = Person(browser, pages)
        asked: list[str] = []
        bob.page.on("request", lambda request: asked.append(request.url))
        bob.is_followed_by(8)
        asked.clear()

        bob.page.get_by_role("searchbox").fill("fan")
        expect(bob.page.locator("#people li").first).to_contain_text("fan")

        assert len([url for url in asked if "/users?q=" in url]) == 1

    def test_follow_button_keeps_the_row_and_the_focus(self, browser: Browser, pages: System) -> None:
        bob = Person(browser, pages)
        button = bob.page.locator("#people button").first
        button.evaluate("e => e.isTheSame = true")
        button.focus()

        bob.page.keyboard.press("Enter")

        expect(button).to_have_text(re.compile("^Unfollow"))
        expect(button).to_be_focused()
        assert button.evaluate("e => e.isTheSame")

    def test_late_answer_to_an_earlier_search_is_ignored(self, browser: Browser, pages: System) -> None:
        bob, eve = Person(browser, pages), Person(browser, pages)
        held = bob.hold("**/users?q=user&*")
        bob.page.get_by_role("searchbox").fill("user")
        bob.page.get_by_role("button", name="Search").click()
        bob.page.get_by_role("searchbox").fill(eve.name)
        bob.page.get_by_role("button", name="Search").click()
        expect(bob.page.locator("#people li")).to_have_count(1)
        assert held

        with bob.page.expect_response("**/users?q=user&*"):
            held[0].continue_()
        bob.page.evaluate("() => new Promise(requestAnimationFrame)")

        expect(bob.page.locator("#people li")).to_have_count(1)
        expect(bob.page.locator("#people")).to_contain_text(eve.name)

    def test_last_page_keeps_the_focus(self, browser: Browser, pages: System) -> None:
        bob = Person(browser, pages)
        bob.is_followed_by(11, prefix=f"many-{bob.id}")
        bob.page.get_by_role("searchbox").fill(f"many-{bob.id}")
        expect(bob.page.locator("#people")).to_contain_text(f"many-{bob.id}")
        following = bob.page.get_by_role("button", name="Next")

        following.focus()
        bob.page.keyboard.press("Enter")

        expect(bob.page.locator("#people-page")).to_have_text("Page 2 of 2")
        expect(following).to_be_disabled()
        expect(following).to_be_focused()


class TestLoading:
    def test_page_loads_little_at_first_and_costs_one_request_later(self, browser: Browser, pages: System) -> None:
        page = browser.new_context().new_page()
        received = "() => performance.getEntriesByType('resource').filter(e => e.transferSize > 0).map(e => e.name)"

        page.goto(pages.api.url, wait_until="networkidle")
        assert 2 < len(page.evaluate(received)) < MOST_REQUESTS
        page.goto("about:blank")
        page.goto(pages.api.url, wait_until="networkidle")

        assert page.evaluate(received) == []

    def test_live_updates_begin_when_their_script_loads_late(self, browser: Browser, pages: System) -> None:
        """Where nothing has bundled the page, it loads its modules, and Socket.IO's client by itself."""
        page = browser.new_context().new_page()
        page.route("**/vendor/first.js", lambda route: route.fulfill(body='import "../start.js"', content_type=SCRIPT))
        page.route("**/vendor/page.js", lambda route: route.fulfill(body='import "../page.js"', content_type=SCRIPT))
        tries: list[str] = []

        def fail_twice(route: Route) -> None:
            tries.append(route.request.url)
            route.abort() if len(tries) <= 2 else route.continue_()

        page.route(CLIENT, fail_twice)
        page.goto(pages.api.url)
        page.get_by_label("Name").fill(f"patient {id(page)}")
        page.get_by_label("Password").fill("a good password")
        page.get_by_role("button", name="Sign up").click()

        expect(page.locator("#no-live")).to_be_visible()
        expect(page.locator("#no-live")).to_contain_text("Live updates are not available right now")
        assert "npm" not in page.content()
        expect(page.locator("#state")).to_have_text("Live", timeout=30_000)
        expect(page.locator("#no-live")).to_be_hidden()
        assert len(tries) == 3

    @pytest.mark.parametrize("name", ["first", "page"])
    def test_page_is_loaded_anew_when_a_script_fails(self, browser: Browser, pages: System, name: str) -> None:
        page = browser.new_context().new_page()
        loads: list[Route] = []

        def fail_twice(route: Route) -> None:
            loads.append(route)
            route.abort() if len(loads) <= 2 else route.continue_()

        page.route(f"**/vendor/{name}.js", fail_twice)
        page.goto(pages.api.url)

        expect(page.locator("#load-failed")).to_contain_text("check your connection")
        expect(page.locator("#load-failed")).to_be_hidden(timeout=30_000)
        page.wait_for_function("() => history.state === null")  # begun anew after the next failure
        assert len(loads) == 3

    def test_page_shows_an_unreachable_server_until_it_returns(self, browser: Browser, pages: System) -> None:
        bob = Person(browser, pages)
        place = bob.page.locator("#inbox-title").bounding_box()
        bob.page.route("**/v1_0/**", lambda route: route.abort())
        bob.page.get_by_role("button", name="Refresh").click()
        expect(bob.page.locator("#error")).to_contain_text("can't be reached")
        assert bob.page.locator("#inbox-title").bounding_box() == place

        bob.page.unroute("**/v1_0/**")

        expect(bob.page.locator("#error")).to_be_hidden(timeout=30_000)

    def test_answer_for_a_previous_user_is_not_shown_to_the_next(self, browser: Browser, pages: System) -> None:
        bob = Person(browser, pages)
        [secret] = bob.is_followed_by(1, prefix="secret")
        held = bob.hold("**/user/notifications?*")
        bob.page.get_by_role("button", name="Refresh").click()
        bob.page.get_by_role("button", name="Log out").click()
        assert held
        bob.name = f"{bob.name} too"
        bob.sign_up()

        with bob.page.expect_response("**/user/notifications?*"):
            held[0].continue_()
        bob.page.evaluate("() => new Promise(requestAnimationFrame)")

        expect(bob.page.locator("#inbox-card")).not_to_contain_text(secret)
        expect(bob.page.locator("#me")).to_contain_text(bob.name)


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_page_has_no_inline_code_or_style_but_what_its_policy_names(browser: Browser, pages: System, path: str) -> None:
    page = browser.new_context().new_page()
    answer = page.goto(pages.api.url + path)
    assert answer is not None

    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert page.locator("style, [style], [onclick]").count() == 0
    for script in page.locator("script:not([src])").all():
        digest = hashlib.sha256(script.evaluate("script => script.textContent").encode()).digest()
        assert f"'sha256-{base64.b64encode(digest).decode()}'" in policy
