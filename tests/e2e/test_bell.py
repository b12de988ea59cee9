"""`<push-bell>` on a plain page of another origin: one script, no build tool."""

import json
import re
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.clients import User
from tests.services import missing, wait_until
from tests.system import ROOT, System

if not (ROOT / "clients/js/dist/push-bell.js").exists():
    pytestmark = pytest.mark.usefixtures("no_bell")

PAGE = """<!doctype html><title>Host</title><button>Elsewhere</button>
<script src="{api}/static/push-bell.js" defer></script>
<push-bell src="{api}/v1_0" socket-url="{im}" token-url="/push-token"></push-bell>"""


@pytest.fixture
def no_bell() -> None:
    missing("push-bell.js (make page)")


@dataclass
class Host:
    """An app of another origin whose page has a bell, and its user."""

    system: System
    page: Page
    user: User
    ann: User

    @property
    def bell(self) -> Locator:
        return self.page.get_by_role("button", name="Notifications,")

    @property
    def panel(self) -> Locator:
        return self.page.get_by_role("dialog", name="Notifications")

    def open_tab(self) -> Page:
        tab = self.page.context.new_page()
        tab.goto(self.page.url)
        return tab


@pytest.fixture
def host(browser: Browser, pages: System) -> Iterator[Host]:
    bob, ann = pages.user(), pages.user("ann")
    context = browser.new_context()
    origin = pages.api.url.replace("127.0.0.1", "localhost")
    html = PAGE.format(api=pages.api.url, im=pages.im_urls[0])
    context.route(f"{origin}/host", lambda route: route.fulfill(content_type="text/html", body=html))
    token = json.dumps({"token": bob.token})
    context.route(f"{origin}/push-token", lambda route: route.fulfill(content_type="application/json", body=token))
    page = context.new_page()
    page.goto(f"{origin}/host")
    yield Host(pages, page, bob, ann)
    context.close()


def test_bell_counts_lists_and_marks_as_read_by_keyboard(host: Host) -> None:
    expect(host.bell).to_have_accessible_name("Notifications, 0 unread")
    assert host.system.api.follow(host.ann, host.user) == 201
    expect(host.bell).to_have_accessible_name("Notifications, 1 unread")

    host.bell.focus()
    host.page.keyboard.press("Enter")
    expect(host.panel.get_by_role("article")).to_have_count(1)
    expect(host.panel.get_by_role("article")).to_contain_text(host.ann.name)
    host.page.keyboard.press("Tab")
    expect(host.panel.get_by_role("button", name="Mark all read")).to_be_focused()
    host.page.keyboard.press("Enter")
    expect(host.bell).to_have_accessible_name("Notifications, 0 unread")
    expect(host.panel.get_by_role("article")).to_have_count(1)
    host.page.keyboard.press("Escape")

    expect(host.panel).to_be_hidden()
    expect(host.bell).to_be_focused()
    host.page.keyboard.press("Enter")
    host.page.keyboard.press("Shift+Tab")
    host.page.keyboard.press("Shift+Tab")
    expect(host.page.get_by_role("button", name="Elsewhere")).to_be_focused()
    expect(host.panel).to_be_hidden()
    assert host.system.api.get("/v1_0/user/notifications", host.user)[1]["unread_count"] == 0


def test_a_mark_that_fails_is_taken_back(host: Host) -> None:
    assert host.system.api.follow(host.ann, host.user) == 201
    expect(host.bell).to_have_accessible_name("Notifications, 1 unread")
    host.bell.click()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    host.page.route(re.compile(r"/notifications/(read|state)$"), hold)
    host.panel.get_by_role("button", name="Mark read").click()
    expect(host.bell).to_have_accessible_name("Notifications, 0 unread")
    # A call of the browser lets the handler above run.
    wait_until(lambda: host.page.evaluate("() => true") and held, seconds=10, what="the request")

    held[0].abort()

    expect(host.bell).to_have_accessible_name("Notifications, 1 unread")


def test_bells_of_two_tabs_share_a_socket(host: Host) -> None:
    expect(host.bell).to_be_visible()
    tab = host.open_tab()
    bell = tab.get_by_role("button", name="Notifications,")
    expect(bell).to_be_visible()
    assert host.system.api.follow(host.ann, host.user) == 201

    expect(bell).to_have_accessible_name("Notifications, 1 unread")
    expect(host.bell).to_have_accessible_name("Notifications, 1 unread")
    assert len(host.system.api.get("/v1_0/user/sessions", host.user)[1]["results"]) == 1


def test_names_are_shown_as_text(host: Host) -> None:
    evil = host.system.user("<img src=x onerror=alert(1)>\u202e")
    assert host.system.api.follow(evil, host.user) == 201
    expect(host.bell).to_have_accessible_name("Notifications, 1 unread")

    host.bell.click()

    expect(host.panel.get_by_role("article")).to_contain_text("<img src=x onerror=alert(1)>")
    assert host.panel.locator("img").count() == 0
    assert "\u202e" not in host.panel.inner_text()


def test_script_has_an_address_that_stays(pages: System) -> None:
    with urllib.request.urlopen(f"{pages.api.url}/static/push-bell.js", timeout=5) as answer:
        assert answer.headers["Content-Type"].startswith("text/javascript")
        assert answer.headers["Cache-Control"] == "no-cache"
        assert b"MIT licence" in answer.read()


@pytest.mark.parametrize("side", ["left", "right"])
def test_panel_opens_inside_the_window(host: Host, side: str) -> None:
    host.page.set_viewport_size({"width": 700, "height": 600})
    host.page.evaluate("side => (document.body.style.textAlign = side)", side)
    host.bell.click()

    edges = "panel => [panel.getBoundingClientRect().left >= 0, panel.getBoundingClientRect().right <= innerWidth]"
    assert host.panel.evaluate(edges) == [True, True]
