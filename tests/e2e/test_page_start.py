"""What the page begins before its scripts have come: the request for a token, and the websocket."""

from playwright.sync_api import Browser, Page, Request, Route, WebSocket, expect

from tests.e2e.pages import Person
from tests.system import System

_SCRIPT = "**/vendor/first.js"
_TOKEN = "/v1_0/authorizations"


class _Watched:
    """The websockets and the requests for tokens of a page, from now on."""

    def __init__(self, page: Page) -> None:
        self.sockets: list[WebSocket] = []
        self.tokens: list[Request] = []
        page.on("websocket", self._note)
        page.on("request", lambda request: _TOKEN in request.url and self.tokens.append(request))

    def _note(self, socket: WebSocket) -> None:
        self.sockets.append(socket)


def _reload_without_script(bob: Person) -> Route:
    """Load the page anew; return its script, which is held until the test continues it."""
    held = bob.hold(_SCRIPT)
    with bob.page.expect_request(_SCRIPT):
        bob.page.reload(wait_until="commit")
    while not held:
        bob.page.wait_for_timeout(10)
    return held[0]


def test_token_and_socket_are_on_their_way_before_the_scripts(browser: Browser, pages: System) -> None:
    bob = Person(browser, pages)
    watched = _Watched(bob.page)
    with bob.page.expect_response(f"**{_TOKEN}"):
        script = _reload_without_script(bob)
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
        script = _reload_without_script(bob)
    bob.page.wait_for_function("() => window.early.socket.readyState === WebSocket.OPEN")
    bob.page.evaluate("() => window.early.socket.close()")
    bob.page.wait_for_function("() => window.early.socket.readyState === WebSocket.CLOSED")

    script.continue_()

    expect(bob.page.locator("#state")).to_have_attribute("data-state", "live")
    assert len(watched.sockets) == 2


def test_request_for_a_token_that_failed_before_the_scripts_came_is_repeated(browser: Browser, pages: System) -> None:
    bob = Person(browser, pages)
    bob.page.route(f"**{_TOKEN}", lambda route: route.abort(), times=1)

    with bob.page.expect_request_finished(lambda request: _TOKEN in request.url):
        bob.page.reload()

    expect(bob.page.locator("#state")).to_have_attribute("data-state", "live")


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
