"""What the page begins before its scripts have come: the request for a token, and the websocket."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, Request, Route, WebSocket, expect

from tests.e2e.pages import Person
from tests.system import System

_FIRST = "**/vendor/first.js"
_REST = "**/vendor/page.js"
_TOKEN = "/v1_0/authorizations"


class _Watched:
    """The websockets and the requests for tokens of a page, from now on."""

    def __init__(self, page: Page) -> None:
        self.sockets: list[WebSocket] = []
        self.tokens: list[Request] = []
        self.frames: list[str] = []
        page.on("websocket", self._note)
        page.on("request", lambda request: _TOKEN in request.url and self.tokens.append(request))

    def _note(self, socket: WebSocket) -> None:
        self.sockets.append(socket)
        socket.on("framereceived", lambda frame: self.frames.append(str(frame)))


def _reload_without(bob: Person, script: str) -> Route:
    """Load the page anew; return one of its scripts, which is held until the test continues it."""
    held = bob.hold(script)
    with bob.page.expect_request(script):
        bob.page.reload(wait_until="commit")
    while not held:
        bob.page.wait_for_timeout(10)
    return held[0]


def test_token_and_socket_are_on_their_way_before_the_scripts(browser: Browser, pages: System) -> None:
    bob = Person(browser, pages)
    watched = _Watched(bob.page)
    with bob.page.expect_response(f"**{_TOKEN}"):
        script = _reload_without(bob, _FIRST)
    bob.page.wait_for_function("() => window.early.messages.length")  # Engine.IO's greeting

    script.continue_()

    expect(bob.page.locator("#state")).to_have_attribute("data-state", "live")
    [fan] = bob.is_followed_by(1)
    expect(bob.row(fan)).to_be_visible()
    assert len(watched.sockets) == len(watched.tokens) == 1


def test_socket_that_was_closed_before_the_scripts_came_is_replaced(browser: Browser, pages: System) -> None:
    bob = Person(browser, pages)
    watched = _Watched(bob.page)
    with bob.page.expect_websocket():
        script = _reload_without(bob, _FIRST)
    bob.page.wait_for_function("() => window.early.socket.readyState === WebSocket.OPEN")
    bob.page.evaluate("() => window.early.socket.close()")
    bob.page.wait_for_function("() => window.early.socket.readyState === WebSocket.CLOSED")

    script.continue_()

    expect(bob.page.locator("#state")).to_have_attribute("data-state", "live")
    assert len(watched.sockets) == 2


def _abort(bob: Person) -> None:
    bob.page.route(f"**{_TOKEN}", lambda route: route.abort(), times=1)


def _refuse(bob: Person) -> None:
    """Another user's cookie was refused; this user's is another one by now."""
    bob.page.route(f"**{_TOKEN}", lambda route: route.fulfill(status=401, json={"message": "the token ended"}), times=1)


@pytest.mark.parametrize("fail", [_abort, _refuse])
def test_request_for_a_token_that_failed_before_the_scripts_came_is_repeated(
    browser: Browser, pages: System, fail: Callable[[Person], None]
) -> None:
    bob = Person(browser, pages)
    fail(bob)

    with bob.page.expect_request_finished(lambda request: _TOKEN in request.url):
        bob.page.reload()

    expect(bob.page.locator("#state")).to_have_attribute("data-state", "live")
    expect(bob.page.locator("#error")).to_be_hidden()


def test_second_tab_closes_its_early_socket(browser: Browser, pages: System) -> None:
    bob = Person(browser, pages)
    tab = bob.page.context.new_page()
    watched = _Watched(tab)

    tab.goto(pages.api.url)

    expect(tab.locator("#state")).to_have_attribute("data-state", "live")
    [socket] = watched.sockets
    while not socket.is_closed():
        tab.wait_for_timeout(10)


def test_visitor_who_is_not_logged_in_asks_for_nothing(browser: Browser, pages: System) -> None:
    page = browser.new_context().new_page()
    watched = _Watched(page)

    page.goto(pages.api.url, wait_until="networkidle")

    assert not watched.sockets
    assert not watched.tokens


def test_what_came_before_the_rest_of_the_page_is_shown(browser: Browser, pages: System) -> None:
    bob = Person(browser, pages)
    watched = _Watched(bob.page)
    rest = _reload_without(bob, _REST)
    expect(bob.page.locator("#state")).to_have_attribute("data-state", "live")
    fan = pages.user("fan")
    assert bob.api.call("POST", "/v1_0/user/followings", {"target": bob.id}, token=fan.token)[0] == 201
    while fan.name not in "".join(watched.frames):
        bob.page.wait_for_timeout(10)

    rest.continue_()

    expect(bob.row(fan.name)).to_be_visible()
    expect(bob.page).to_have_title(re.compile(r"^\(1\)"))


def test_logging_out_in_another_tab_before_the_rest_of_the_page_came_ends_its_connection(
    browser: Browser, pages: System
) -> None:
    bob = Person(browser, pages)
    watched = _Watched(bob.page)
    rest = _reload_without(bob, _REST)
    expect(bob.page.locator("#state")).to_have_attribute("data-state", "live")
    tab = bob.page.context.new_page()
    tab.goto(pages.api.url)

    tab.get_by_role("button", name="Log out").click()
    expect(tab.locator("#welcome")).to_be_visible()
    rest.continue_()

    bob.page.wait_for_function("() => window.hasStarted")
    expect(bob.page.locator("#welcome")).to_be_visible()
    expect(bob.page.locator("#error")).to_be_hidden()
    while not all(socket.is_closed() for socket in watched.sockets):
        bob.page.wait_for_timeout(10)


def test_script_of_others_that_fails_loads_nothing_anew(browser: Browser, pages: System) -> None:
    bob = Person(browser, pages)

    bob.page.evaluate("""() => new Promise((failed) => {
        const script = document.createElement("script");
        document.head.append(Object.assign(script, { src: "https://blocked.example/", onerror: failed }));
    })""")

    bob.page.wait_for_timeout(1500)  # longer than the first pause
    expect(bob.page.locator("#load-failed")).to_be_hidden()
    assert bob.page.evaluate("() => hasStarted && history.state === null")
